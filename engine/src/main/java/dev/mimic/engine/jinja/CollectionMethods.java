package dev.mimic.engine.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Methods of Python's dict, list, tuple, range, int and float that change nothing. */
final class CollectionMethods {
    private CollectionMethods() {}

    static Object call(Object owner, String name, Arguments arguments, Budget budget) {
        return switch (owner) {
            case Map<?, ?> map -> dict(map, name, arguments, budget);
            case List<?> list -> sequence(list, name, arguments, budget);
            case Tuple tuple -> sequence(tuple.items(), name, arguments, budget);
            case Range range -> sequence(range.numbers(), name, arguments, budget);
            case null, default -> number(owner, name, arguments);
        };
    }

    @SuppressWarnings("unchecked") // a template's dicts hold any keys and are only read here
    private static Object dict(Map<?, ?> map, String name, Arguments arguments, Budget budget) {
        Map<Object, Object> dict = (Map<Object, Object>) map;
        switch (name) {
            case "get" -> {
                Arguments.Bound bound = arguments.bind("get", "key", "default?");
                Object value = Items.inDict(dict, bound.get(0), budget);
                return value == Items.ABSENT ? bound.get(1, null) : value;
            }
            case "fromkeys" -> {
                Arguments.Bound bound = arguments.bind("fromkeys", "keys", "value?");
                Map<Object, Object> made = new LinkedHashMap<>();
                for (Object key : Items.list(bound.get(0), budget)) {
                    Items.put(made, key, bound.get(1, null), budget);
                }
                return made;
            }
            default -> arguments.bind(name);
        }
        return switch (name) {
            case "keys" -> new DictView(DictView.Kind.KEYS, dict);
            case "values" -> new DictView(DictView.Kind.VALUES, dict);
            case "items" -> new DictView(DictView.Kind.ITEMS, dict);
            case "copy" -> {
                budget.items(dict.size());
                yield new LinkedHashMap<>(dict);
            }
            default -> throw new IllegalStateException(name);
        };
    }

    private static Object sequence(List<?> items, String name, Arguments arguments, Budget budget) {
        switch (name) {
            case "copy" -> {
                arguments.bind("copy");
                budget.items(items.size());
                return new ArrayList<>(items);
            }
            case "count" -> {
                Object wanted = arguments.bind("count", "value").get(0);
                return items.stream()
                        .filter(item -> Comparisons.equal(item, wanted, budget))
                        .count();
            }
            case "index" -> {
                Arguments.Bound bound = arguments.bind("index", "value", "start?", "stop?");
                int size = items.size();
                int from = fromStart(bound.integer(1, 0), size);
                int to = fromStart(bound.integer(2, size), size);
                for (int i = from; i < to; i++) {
                    if (Comparisons.equal(items.get(i), bound.get(0), budget)) {
                        return (long) i;
                    }
                }
                throw new TemplateException(PythonText.repr(bound.get(0), budget) + " is not in list");
            }
            default -> throw new IllegalStateException(name);
        }
    }

    private static int fromStart(int index, int size) {
        return Math.clamp(index < 0 ? (long) index + size : index, 0, size);
    }

    private static Object number(Object value, String name, Arguments arguments) {
        arguments.bind(name);
        return switch (name) {
            case "conjugate" -> Numbers.plain(value);
            case "is_integer" -> value instanceof Double d && Double.isFinite(d) && d == Math.rint(d);
            case "bit_length" -> (long) Numbers.big(value).abs().bitLength();
            case "bit_count" -> {
                BigInteger magnitude = Numbers.big(value).abs();
                yield (long) magnitude.bitCount();
            }
            default -> throw new IllegalStateException(name);
        };
    }
}
