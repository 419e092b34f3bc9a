package dev.mimic.engine.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Attributes of values: methods of Python's types as far as jinja2's immutable sandbox lets them be seen. */
final class Attributes {
    private static final Set<String> DICT = Set.of("copy", "get", "items", "keys", "values", "fromkeys");
    private static final Set<String> LIST = Set.of("copy", "count", "index");
    private static final Set<String> TUPLE = Set.of("count", "index");
    private static final Set<String> RANGE = Set.of("count", "index", "start", "stop", "step");
    private static final Set<String> INTEGER =
            Set.of("bit_length", "bit_count", "real", "imag", "numerator", "denominator", "conjugate");
    private static final Set<String> FLOAT = Set.of("is_integer", "real", "imag", "conjugate");
    private static final Set<String> CHANGES_DICT = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> CHANGES_LIST =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

    private Attributes() {}

    /** {@code value.name} as jinja2 has it: an attribute, else an item of that key, else undefined. */
    static Object get(Object value, String name, Budget budget) {
        Comparisons.refuseUndefined(value);
        Object attribute = own(value, name);
        if (attribute != Items.ABSENT) {
            return attribute;
        }
        Object item = Items.find(value, name, budget);
        return item == Items.ABSENT ? Undefined.attribute(value, name) : item;
    }

    /** An attribute alone; {@link Items#ABSENT} if the type lacks it, undefined if the sandbox withholds it. */
    static Object own(Object value, String name) {
        if (name.startsWith("__") && name.endsWith("__")) {
            return Undefined.unsafe(value, name);
        }
        return switch (value) {
            case String _, Markup _ -> StringMethods.NAMES.contains(name) ? new BoundMethod(value, name) : Items.ABSENT;
            case Map<?, ?> _ -> method(value, name, DICT, CHANGES_DICT);
            case List<?> _ -> method(value, name, LIST, CHANGES_LIST);
            case Tuple tuple ->
                tuple.names().contains(name)
                        ? tuple.items().get(tuple.names().indexOf(name))
                        : method(value, name, TUPLE, Set.of());
            case Range range ->
                switch (name) {
                    case "start" -> range.start();
                    case "stop" -> range.stop();
                    case "step" -> range.step();
                    default -> method(value, name, RANGE, Set.of());
                };
            case Boolean _, Long _, BigInteger _ -> integer(value, name);
            case Double d ->
                switch (name) {
                    case "real" -> d;
                    case "imag" -> 0.0;
                    default -> method(value, name, FLOAT, Set.of());
                };
            case Namespace namespace -> namespace.attributes().getOrDefault(name, Items.ABSENT);
            case Loop loop -> loop.attribute(name);
            case Cycler cycler -> cycler.attribute(name);
            case Macro macro -> macro.attribute(name);
            case null, default -> Items.ABSENT;
        };
    }

    private static Object integer(Object value, String name) {
        return switch (name) {
            case "real", "numerator" -> Numbers.plain(value);
            case "imag" -> 0L;
            case "denominator" -> 1L;
            default -> method(value, name, INTEGER, Set.of());
        };
    }

    private static Object method(Object value, String name, Set<String> methods, Set<String> changing) {
        if (changing.contains(name)) {
            return Undefined.unsafe(value, name);
        }
        return methods.contains(name) ? new BoundMethod(value, name) : Items.ABSENT;
    }
}
