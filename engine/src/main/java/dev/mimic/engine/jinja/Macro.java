package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A macro, or the body of a call block.
 *
 * @param name its name
 * @param signature its parameters
 * @param body its statements
 * @param scope where it was defined
 * @param interpreter runs its body
 */
record Macro(String name, Statement.Signature signature, List<Statement> body, Scope scope, Interpreter interpreter)
        implements Callable {

    @Override
    public Object call(Arguments arguments, Evaluator evaluator) {
        Scope inner = scope.inner();
        List<String> parameters = signature.parameters();
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        List<Object> positional = arguments.positional();
        List<Object> values = new ArrayList<>();
        boolean callerFound = false;
        for (int i = 0; i < parameters.size(); i++) {
            String parameter = parameters.get(i);
            boolean given = i < positional.size();
            callerFound |= parameter.equals("caller");
            values.add(
                    given
                            ? positional.get(i)
                            : named.containsKey(parameter) ? named.remove(parameter) : Arguments.MISSING);
        }
        if (signature.used().contains("caller") && !callerFound) {
            Object caller = named.remove("caller");
            inner.set("caller", caller != null ? caller : new Undefined("No caller defined"));
        }
        if (signature.used().contains("kwargs") && !parameters.contains("kwargs")) {
            inner.set("kwargs", new LinkedHashMap<Object, Object>(named));
        } else if (!named.isEmpty()) {
            throw new TemplateException(
                    named.containsKey("caller")
                            ? "macro " + PythonText.quote(name)
                                    + " was invoked with two values for the special caller argument."
                                    + " This is most likely a bug."
                            : "macro " + PythonText.quote(name) + " takes no keyword argument "
                                    + PythonText.quote(named.keySet().iterator().next()));
        }
        if (signature.used().contains("varargs") && !parameters.contains("varargs")) {
            inner.set(
                    "varargs",
                    new Tuple(
                            positional.size() > parameters.size()
                                    ? new ArrayList<>(
                                            arguments.rest(parameters.size()).positional())
                                    : List.of()));
        } else if (positional.size() > parameters.size()) {
            throw new TemplateException(
                    "macro " + PythonText.quote(name) + " takes not more than " + parameters.size() + " argument(s)");
        }
        return interpreter.runMacro(this, values, inner);
    }

    /** An attribute that templates may read. */
    Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> name;
            case "arguments" -> new Tuple(List.copyOf(signature.parameters()));
            case "caller" -> signature.used().contains("caller");
            case "catch_kwargs" -> signature.used().contains("kwargs");
            case "catch_varargs" -> signature.used().contains("varargs");
            default -> Items.ABSENT;
        };
    }

    @Override
    public String describe() {
        return "<Macro " + PythonText.quote(name) + ">";
    }
}
