package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Items of values: by iteration, index, key and slice. */
final class Items {
    /** What {@link #inDict} gives for a key that is not there; null is None. */
    static final Object ABSENT = new Object();

    private Items() {}

    /**
     * Python's {@code iter(value)}.
     *
     * @throws TemplateException if the value has no items
     */
    static Iterator<Object> iterate(Object value, Budget budget) {
        Iterator<?> items = iteratorOf(value, budget);
        if (items == null) {
            throw new TemplateException(PythonText.quote(PythonText.typeName(value)) + " object is not iterable");
        }
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                budget.step();
                return items.next();
            }
        };
    }

    static boolean iterable(Object value, Budget budget) {
        return iteratorOf(value, budget) != null;
    }

    private static Iterator<?> iteratorOf(Object value, Budget budget) {
        return switch (value) {
            case List<?> list -> list.iterator();
            case Tuple tuple -> tuple.items().iterator();
            case Map<?, ?> map -> map.keySet().iterator();
            case DictView view -> view.items(budget).iterator();
            case Range range -> range.numbers().iterator();
            case Generator generator -> generator.items();
            case String text -> characters(text);
            case Markup markup -> characters(markup.text());
            case Undefined _ -> Collections.emptyIterator();
            case null, default -> null;
        };
    }

    private static Iterator<Object> characters(String text) {
        return new Iterator<>() {
            private int at;

            @Override
            public boolean hasNext() {
                return at < text.length();
            }

            @Override
            public Object next() {
                String character = Character.toString(text.codePointAt(at));
                at += character.length();
                return character;
            }
        };
    }

    /** Python's {@code list(value)}. */
    static List<Object> list(Object value, Budget budget) {
        List<Object> list = new ArrayList<>();
        for (Iterator<Object> items = iterate(value, budget); items.hasNext(); ) {
            budget.items(1);
            list.add(items.next());
        }
        return list;
    }

    /** Python's {@code len(value)}; empty if it has none. */
    static OptionalLong length(Object value) {
        return switch (value) {
            case String text -> OptionalLong.of(CodePoints.length(text));
            case Markup markup -> OptionalLong.of(CodePoints.length(markup.text()));
            case List<?> list -> OptionalLong.of(list.size());
            case Tuple tuple -> OptionalLong.of(tuple.items().size());
            case Map<?, ?> map -> OptionalLong.of(map.size());
            case DictView view -> OptionalLong.of(view.dict().size());
            case Range range -> OptionalLong.of(range.length());
            case Undefined _ -> OptionalLong.of(0);
            case Loop loop -> OptionalLong.of(loop.length());
            case null, default -> OptionalLong.empty();
        };
    }

    /** Whether a value has both a length and indexed items. */
    static boolean isSequence(Object value) {
        return length(value).isPresent() && !(value instanceof DictView) && !(value instanceof Loop);
    }

    /** The value of a key, {@link #ABSENT} if it is not there; 1, 1.0 and True are the same key. */
    static Object inDict(Map<?, ?> dict, Object key, Budget budget) {
        Object plain = key instanceof Markup markup ? markup.text() : key;
        checkHashable(plain);
        if (plain instanceof String) {
            return dict.containsKey(plain) ? dict.get(plain) : ABSENT;
        }
        Object same = sameKey(dict, plain, budget);
        return same == ABSENT ? ABSENT : dict.get(same);
    }

    private static Object sameKey(Map<?, ?> dict, Object key, Budget budget) {
        budget.steps(dict.size() / 4);
        for (Object candidate : dict.keySet()) {
            if (Comparisons.equal(candidate, key, budget)) {
                return candidate;
            }
        }
        return ABSENT;
    }

    /** Puts an entry into a dict that is being made; a key that is there stays as it was written first. */
    static void put(Map<Object, Object> dict, Object key, Object value, Budget budget) {
        Object plain = key instanceof Markup markup ? markup.text() : key;
        checkHashable(plain);
        Object same = plain instanceof String ? plain : sameKey(dict, plain, budget);
        dict.put(same == ABSENT ? plain : same, value);
    }

    static void checkHashable(Object key) {
        if (key instanceof List || key instanceof Map) {
            throw new TemplateException("unhashable type: " + PythonText.quote(PythonText.typeName(key)));
        }
        if (key instanceof Tuple tuple) {
            tuple.items().forEach(Items::checkHashable);
        }
    }

    /** {@code value[key]} as jinja2 has it: what is not there is undefined, and a name may be an attribute. */
    static Object get(Object value, Object key, Budget budget) {
        Comparisons.refuseUndefined(value);
        Object item = find(value, key, budget);
        if (item != ABSENT) {
            return item;
        }
        if (key instanceof String name) {
            Object attribute = Attributes.own(value, name);
            if (attribute != ABSENT) {
                return attribute;
            }
        }
        return Undefined.item(value, key, budget);
    }

    /** The item alone; {@link #ABSENT} if Python raises a TypeError or LookupError. */
    static Object find(Object value, Object key, Budget budget) {
        return switch (value) {
            case Map<?, ?> map -> key instanceof List || key instanceof Map ? ABSENT : inDict(map, key, budget);
            case List<?> list -> at(list, key);
            case Tuple tuple -> at(tuple.items(), key);
            case Range range -> at(range.numbers(), key);
            case String text -> character(text, key, budget);
            case Markup markup -> character(markup.text(), key, budget);
            case null, default -> ABSENT;
        };
    }

    private static Object character(String text, Object key, Budget budget) {
        if (!Numbers.isInteger(key)) {
            return ABSENT;
        }
        int length = CodePoints.length(text);
        budget.steps(length / 64);
        int index = index(key, length);
        return index < 0 ? ABSENT : CodePoints.at(text, index);
    }

    private static Object at(List<?> items, Object key) {
        int index = Numbers.isInteger(key) ? index(key, items.size()) : -1;
        return index < 0 ? ABSENT : items.get(index);
    }

    private static int index(Object key, int length) {
        long index = Numbers.toInt("index", key);
        long fromStart = index < 0 ? index + length : index;
        return fromStart < 0 || fromStart >= length ? -1 : (int) fromStart;
    }

    /** {@code value[start:stop:step]}; null bounds are open. */
    static Object slice(Object value, Object start, Object stop, Object step, Budget budget) {
        Comparisons.refuseUndefined(value);
        long by = step == null ? 1 : Numbers.toInt("slice", step);
        if (by == 0) {
            throw new TemplateException("slice step cannot be zero");
        }
        return switch (value) {
            case String text -> sliceText(text, start, stop, by, budget);
            case Markup markup -> sliceText(markup.text(), start, stop, by, budget);
            case List<?> list -> pick(list, bounds(list.size(), start, stop, by), budget);
            case Tuple tuple ->
                new Tuple(pick(tuple.items(), bounds(tuple.items().size(), start, stop, by), budget));
            case Range range -> {
                Range indices = bounds((int) range.length(), start, stop, by);
                yield new Range(
                        range.start() + indices.start() * range.step(),
                        range.start() + indices.stop() * range.step(),
                        range.step() * by);
            }
            case null, default ->
                throw new TemplateException(PythonText.quote(PythonText.typeName(value)) + " object cannot be sliced");
        };
    }

    private static String sliceText(String text, Object start, Object stop, long step, Budget budget) {
        Range indices = bounds(CodePoints.length(text), start, stop, step);
        budget.text(indices.length());
        budget.steps(text.length() / 16);
        if (step == 1) {
            return CodePoints.substring(text, (int) indices.start(), (int) Math.max(indices.start(), indices.stop()));
        }
        int[] points = text.codePoints().toArray();
        StringBuilder result = new StringBuilder();
        for (long i = 0; i < indices.length(); i++) {
            result.appendCodePoint(points[(int) (indices.start() + i * step)]);
        }
        return result.toString();
    }

    private static List<Object> pick(List<?> items, Range indices, Budget budget) {
        long count = indices.length();
        budget.items(count);
        List<Object> result = new ArrayList<>((int) count);
        for (long i = 0; i < count; i++) {
            result.add(items.get((int) (indices.start() + i * indices.step())));
        }
        return result;
    }

    /** Python's {@code slice.indices(length)}. */
    private static Range bounds(int length, Object start, Object stop, long step) {
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? length : length - 1L;
        return new Range(
                bound(start, length, low, high, step > 0 ? low : high),
                bound(stop, length, low, high, step > 0 ? high : low),
                step);
    }

    private static long bound(Object bound, int length, long low, long high, long open) {
        if (bound == null) {
            return open;
        }
        long index = Numbers.toInt("slice", bound);
        return Math.clamp(index < 0 ? index + length : index, low, high);
    }
}
