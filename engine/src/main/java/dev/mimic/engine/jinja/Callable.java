package dev.mimic.engine.jinja;

/** A value that can be called: a function, a method of a value, a macro, a loop. */
interface Callable {
    /**
     * Calls it.
     *
     * @throws TemplateException if the arguments do not fit or it fails
     */
    Object call(Arguments arguments, Evaluator evaluator);

    /** Its name in a repr. */
    default String describe() {
        return "<built-in function>";
    }
}
