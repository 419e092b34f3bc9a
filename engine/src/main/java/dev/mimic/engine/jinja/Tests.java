package dev.mimic.engine.jinja;

import java.util.Map;

/** The tests behind {@code is}. */
final class Tests {
    /** A test of a value. */
    @FunctionalInterface
    private interface Test {
        boolean holds(Object value, Arguments arguments, Budget budget);
    }

    private static final Map<String, Test> ALL = Map.ofEntries(
            plain("defined", value -> !(value instanceof Undefined)),
            plain("undefined", value -> value instanceof Undefined),
            plain("none", value -> value == null),
            plain("boolean", value -> value instanceof Boolean),
            plain("true", value -> value instanceof Boolean b && b),
            plain("false", value -> value instanceof Boolean b && !b),
            plain("integer", value -> Numbers.isInteger(value) && !(value instanceof Boolean)),
            plain("float", value -> value instanceof Double),
            plain("number", Numbers::isNumber),
            plain("string", Operators::isText),
            plain("mapping", value -> value instanceof Map),
            plain("sequence", Items::isSequence),
            plain("callable", value -> value instanceof Callable || value instanceof Undefined),
            plain("escaped", value -> value instanceof Markup),
            plain("filter", value -> value instanceof String name && Filters.exists(name)),
            plain("test", value -> value instanceof String name && exists(name)),
            Map.entry("iterable", (value, arguments, budget) -> {
                arguments.bind("iterable");
                return Items.iterable(value, budget) || value instanceof Loop;
            }),
            Map.entry("lower", (value, arguments, budget) -> {
                arguments.bind("lower");
                return TextCase.isLower(PythonText.str(value, budget));
            }),
            Map.entry("upper", (value, arguments, budget) -> {
                arguments.bind("upper");
                return TextCase.isUpper(PythonText.str(value, budget));
            }),
            Map.entry("odd", (value, arguments, budget) -> {
                arguments.bind("odd");
                return Comparisons.equal(Operators.binary("%", value, 2L, budget), 1L, budget);
            }),
            Map.entry("even", (value, arguments, budget) -> {
                arguments.bind("even");
                return Comparisons.equal(Operators.binary("%", value, 2L, budget), 0L, budget);
            }),
            Map.entry(
                    "divisibleby",
                    (value, arguments, budget) -> Comparisons.equal(
                            Operators.binary(
                                    "%",
                                    value, arguments.bind("divisibleby", "num").get(0), budget),
                            0L,
                            budget)),
            Map.entry(
                    "sameas",
                    (value, arguments, budget) ->
                            same(value, arguments.bind("sameas", "other").get(0))),
            compared("in", "in"),
            compared("==", "=="),
            compared("eq", "=="),
            compared("equalto", "=="),
            compared("!=", "!="),
            compared("ne", "!="),
            compared("<", "<"),
            compared("lt", "<"),
            compared("lessthan", "<"),
            compared("<=", "<="),
            compared("le", "<="),
            compared(">", ">"),
            compared("gt", ">"),
            compared("greaterthan", ">"),
            compared(">=", ">="),
            compared("ge", ">="));

    private Tests() {}

    private static Map.Entry<String, Test> plain(String name, java.util.function.Predicate<Object> test) {
        return Map.entry(name, (value, arguments, budget) -> {
            arguments.bind(name);
            return test.test(value);
        });
    }

    private static Map.Entry<String, Test> compared(String name, String operator) {
        return Map.entry(
                name,
                (value, arguments, budget) -> Evaluator.holds(
                        operator, value, arguments.bind(name, "other").get(0), budget));
    }

    /** Python's {@code is}, as far as it can be told: small values are the same if they are equal. */
    private static boolean same(Object a, Object b) {
        boolean small = a instanceof Boolean || a instanceof Long || a instanceof String;
        return a == b || (small && a.equals(b));
    }

    /** The names of all tests. */
    static java.util.Set<String> names() {
        return ALL.keySet();
    }

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static boolean apply(String name, Object value, Arguments arguments, Budget budget) {
        Test test = ALL.get(name);
        if (test == null) {
            throw new TemplateException("No test named " + PythonText.quote(name) + ".");
        }
        return test.holds(value, arguments, budget);
    }
}
