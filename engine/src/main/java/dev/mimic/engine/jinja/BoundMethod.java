package dev.mimic.engine.jinja;

/**
 * A method of a text, list, dict or number, such as {@code 'a'.upper}, not yet called.
 *
 * @param owner the value
 * @param name the method's name, one that the owner's type has
 */
record BoundMethod(Object owner, String name) implements Callable {
    @Override
    public Object call(Arguments arguments, Evaluator evaluator) {
        Budget budget = evaluator.budget();
        return switch (owner) {
            case String text -> StringMethods.call(text, name, arguments, budget);
            case Markup markup -> StringMethods.call(markup.text(), name, arguments, budget);
            default -> CollectionMethods.call(owner, name, arguments, budget);
        };
    }

    @Override
    public String describe() {
        return "<built-in method " + name + " of " + PythonText.typeName(owner) + " object>";
    }
}
