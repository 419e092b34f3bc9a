package dev.mimic.engine.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The arguments of a call.
 *
 * @param positional in order
 * @param named by name, in order
 */
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    /** Stands for an optional argument that was not given. */
    static final Object MISSING = new Object();

    static Arguments of(Object... positional) {
        return new Arguments(java.util.Arrays.asList(positional), Map.of());
    }

    /** The arguments after the first positional one. */
    Arguments rest(int from) {
        return new Arguments(positional.subList(from, positional.size()), named);
    }

    /**
     * Orders the arguments by parameter.
     *
     * @param function its name, for messages
     * @param parameters their names; an optional one ends in {@code ?}
     * @return [parameters]; {@link #MISSING} for optional ones that are not given
     */
    Bound bind(String function, String... parameters) {
        if (positional.size() > parameters.length) {
            throw new TemplateException(function + "() takes at most " + parameters.length + " arguments ("
                    + positional.size() + " given)");
        }
        Map<String, Object> left = new LinkedHashMap<>(named);
        Object[] values = new Object[parameters.length];
        for (int i = 0; i < parameters.length; i++) {
            boolean optional = parameters[i].endsWith("?");
            String name = optional ? parameters[i].substring(0, parameters[i].length() - 1) : parameters[i];
            if (i < positional.size()) {
                values[i] = positional.get(i);
                if (left.containsKey(name)) {
                    throw new TemplateException(
                            function + "() got multiple values for argument " + PythonText.quote(name));
                }
            } else if (left.containsKey(name)) {
                values[i] = left.remove(name);
            } else if (optional) {
                values[i] = MISSING;
            } else {
                throw new TemplateException(function + "() missing required argument " + PythonText.quote(name));
            }
        }
        if (!left.isEmpty()) {
            throw new TemplateException(function + "() got an unexpected keyword argument "
                    + PythonText.quote(left.keySet().iterator().next()));
        }
        return new Bound(function, values);
    }

    /**
     * Arguments in the order of their parameters.
     *
     * @param function its name, for messages
     */
    record Bound(String function, Object[] values) {
        Object get(int index) {
            return values[index];
        }

        boolean given(int index) {
            return values[index] != MISSING;
        }

        Object get(int index, Object otherwise) {
            return given(index) ? values[index] : otherwise;
        }

        /** Whether the argument is true; {@code otherwise} if not given. */
        boolean flag(int index, boolean otherwise) {
            return given(index) ? Comparisons.truth(values[index]) : otherwise;
        }

        /** A text argument. */
        String text(int index) {
            return PythonText.expectText(function, values[index]);
        }

        /** A text argument; {@code otherwise} if it is not given or None. */
        String text(int index, String otherwise) {
            return given(index) && values[index] != null ? text(index) : otherwise;
        }

        /** An integer argument, brought into the range of int. */
        int integer(int index) {
            return Numbers.toInt(function, values[index]);
        }

        int integer(int index, int otherwise) {
            return given(index) ? integer(index) : otherwise;
        }
    }
}
