package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Filters that take, order or group the items of a value. */
final class SequenceFilters {
    private SequenceFilters() {}

    static void register(Map<String, Filters.Filter> filters) {
        filters.put("list", (value, arguments, evaluator) -> {
            arguments.bind("list");
            return Items.list(value, evaluator.budget());
        });
        filters.put("first", (value, arguments, evaluator) -> {
            arguments.bind("first");
            Iterator<Object> items = Items.iterate(value, evaluator.budget());
            return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
        });
        filters.put("last", (value, arguments, evaluator) -> {
            arguments.bind("last");
            List<Object> items = Functions.reversed(value, evaluator.budget());
            if (items == null) {
                throw new TemplateException(PythonText.quote(PythonText.typeName(value)) + " object is not reversible");
            }
            return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.getFirst();
        });
        filters.put("reverse", SequenceFilters::reverse);
        filters.put("join", SequenceFilters::join);
        filters.put("sum", SequenceFilters::sum);
        filters.put("items", SequenceFilters::items);
        filters.put("batch", SequenceFilters::batch);
        filters.put("slice", SequenceFilters::slice);
        filters.put("min", (value, arguments, evaluator) -> extreme(value, arguments, evaluator, "min"));
        filters.put("max", (value, arguments, evaluator) -> extreme(value, arguments, evaluator, "max"));
        filters.put("sort", SequenceFilters::sort);
        filters.put("dictsort", SequenceFilters::sortDict);
        filters.put("unique", SequenceFilters::unique);
        filters.put("groupby", SequenceFilters::group);
    }

    private static Object reverse(Object value, Arguments arguments, Evaluator evaluator) {
        arguments.bind("reverse");
        if (Operators.isText(value)) {
            return CodePoints.reverse(PythonText.str(value, evaluator.budget()));
        }
        if (value instanceof Generator) {
            return Items.list(value, evaluator.budget()).reversed();
        }
        List<Object> items = Functions.reversed(value, evaluator.budget());
        if (items == null) {
            throw new TemplateException("argument must be iterable");
        }
        return new Generator(items.iterator());
    }

    private static Object join(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("join", "d?", "attribute?");
        Budget budget = evaluator.budget();
        String separator = PythonText.str(bound.get(0, ""), budget);
        AttributePath path = new AttributePath(bound.get(1, null), budget);
        StringBuilder out = new StringBuilder();
        boolean first = true;
        for (Iterator<Object> items = Items.iterate(value, budget); items.hasNext(); first = false) {
            String text = PythonText.str(path.of(items.next()), budget);
            budget.text(text.length() + (long) separator.length());
            out.append(first ? "" : separator).append(text);
        }
        return out.toString();
    }

    private static Object sum(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("sum", "attribute?", "start?");
        Budget budget = evaluator.budget();
        AttributePath path = new AttributePath(bound.get(0, null), budget);
        Object total = bound.get(1, 0L);
        if (Operators.isText(total)) {
            throw new TemplateException("sum() can't sum strings [use ''.join(seq) instead]");
        }
        for (Iterator<Object> items = Items.iterate(value, budget); items.hasNext(); ) {
            total = Operators.binary("+", total, path.of(items.next()), budget);
        }
        return total;
    }

    private static Object items(Object value, Arguments arguments, Evaluator evaluator) {
        arguments.bind("items");
        if (value instanceof Undefined) {
            return new Generator(List.of().iterator());
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateException("Can only get item pairs from a mapping.");
        }
        evaluator.budget().items(map.size());
        return new Generator(DictView.pairs(map).iterator());
    }

    private static Object batch(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("batch", "linecount", "fill_with?");
        int size = bound.integer(0);
        Object fill = bound.get(1, null);
        Budget budget = evaluator.budget();
        List<Object> batches = new ArrayList<>();
        List<Object> current = new ArrayList<>();
        for (Iterator<Object> items = Items.iterate(value, budget); items.hasNext(); ) {
            if (current.size() == size) {
                batches.add(current);
                current = new ArrayList<>();
            }
            budget.items(2);
            current.add(items.next());
        }
        if (!current.isEmpty()) {
            if (fill != null && current.size() < size) {
                budget.items(size);
                while (current.size() < size) {
                    current.add(fill);
                }
            }
            batches.add(current);
        }
        return new Generator(batches.iterator());
    }

    private static Object slice(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("slice", "slices", "fill_with?");
        int slices = bound.integer(0);
        Object fill = bound.get(1, null);
        List<Object> items = Items.list(value, evaluator.budget());
        if (slices == 0) {
            throw new TemplateException("integer division or modulo by zero");
        }
        int each = Math.floorDiv(items.size(), slices);
        int longer = Math.floorMod(items.size(), slices);
        List<Object> parts = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < slices; i++) {
            int to = from + each + (i < longer ? 1 : 0);
            evaluator.budget().items(to - from + 2L);
            List<Object> part = new ArrayList<>(items.subList(from, to));
            if (fill != null && i >= longer) {
                part.add(fill);
            }
            parts.add(part);
            from = to;
        }
        return new Generator(parts.iterator());
    }

    /** What values are ordered and grouped by: their case is ignored unless it is asked for. */
    private static Object key(Object value, boolean caseSensitive, Budget budget) {
        if (!caseSensitive && Operators.isText(value)) {
            String text = PythonText.str(value, budget);
            budget.text(text.length());
            return TextCase.lower(text);
        }
        return value;
    }

    private static Object extreme(Object value, Arguments arguments, Evaluator evaluator, String which) {
        Arguments.Bound bound = arguments.bind(which, "case_sensitive?", "attribute?");
        Budget budget = evaluator.budget();
        AttributePath path = new AttributePath(bound.get(1, null), budget);
        Object best = Items.ABSENT;
        Object bestKey = null;
        for (Iterator<Object> items = Items.iterate(value, budget); items.hasNext(); ) {
            Object item = items.next();
            Object key = key(path.of(item), bound.flag(0, false), budget);
            boolean better =
                    best == Items.ABSENT || Evaluator.holds(which.equals("min") ? "<" : ">", key, bestKey, budget);
            if (better) {
                best = item;
                bestKey = key;
            }
        }
        return best == Items.ABSENT ? new Undefined("No aggregated item, sequence was empty.") : best;
    }

    /** An item and what it is ordered by. */
    private record Keyed(Object key, Object item) {}

    private static List<Object> ordered(List<Keyed> keyed, boolean reverse, Budget budget) {
        budget.items(keyed.size());
        List<Keyed> from = reverse ? keyed.reversed() : keyed;
        List<Keyed> sorted = Comparisons.sorted(from, (a, b) -> less(a.key(), b.key(), budget));
        List<Object> items = new ArrayList<>(sorted.size());
        // reversing before and after keeps equal items in their order
        (reverse ? sorted.reversed() : sorted).forEach(entry -> items.add(entry.item()));
        return items;
    }

    /** Python's sort asks for nothing but {@code <}. */
    private static int less(Object a, Object b, Budget budget) {
        return Evaluator.holds("<", a, b, budget) ? -1 : 0;
    }

    private static Object sort(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("sort", "reverse?", "case_sensitive?", "attribute?");
        Budget budget = evaluator.budget();
        List<AttributePath> paths = AttributePath.several(bound.get(2, null), budget);
        List<Keyed> keyed = new ArrayList<>();
        for (Object item : Items.list(value, budget)) {
            List<Object> keys = new ArrayList<>();
            for (AttributePath path : paths) {
                budget.items(2);
                keys.add(key(path.of(item), bound.flag(1, false), budget));
            }
            keyed.add(new Keyed(keys, item));
        }
        return ordered(keyed, bound.flag(0, false), budget);
    }

    private static Object sortDict(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("dictsort", "case_sensitive?", "by?", "reverse?");
        Budget budget = evaluator.budget();
        String by = bound.text(1, "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new TemplateException("You can only sort by either \"key\" or \"value\"");
        }
        Comparisons.refuseUndefined(value);
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateException(
                    PythonText.quote(PythonText.typeName(value)) + " object has no attribute 'items'");
        }
        List<Keyed> keyed = new ArrayList<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            Object what = by.equals("key") ? entry.getKey() : entry.getValue();
            keyed.add(new Keyed(
                    key(what, bound.flag(0, false), budget), DictView.pair(entry.getKey(), entry.getValue())));
        }
        return ordered(keyed, bound.flag(2, false), budget);
    }

    private static Object unique(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("unique", "case_sensitive?", "attribute?");
        Budget budget = evaluator.budget();
        AttributePath path = new AttributePath(bound.get(1, null), budget);
        java.util.Set<Object> seen = new java.util.HashSet<>();
        return new Generator(new Filtered(Items.iterate(value, budget), item -> {
            Object key = key(path.of(item), bound.flag(0, false), budget);
            Items.checkHashable(key);
            budget.items(2);
            return seen.add(canonical(key));
        }));
    }

    /** Equal numbers of different types become the same key. */
    private static Object canonical(Object key) {
        Object plain = Numbers.plain(key);
        boolean whole = plain instanceof Double d && Double.isFinite(d) && d == Math.rint(d);
        return whole ? Numbers.truncate((Double) plain) : plain;
    }

    private static Object group(Object value, Arguments arguments, Evaluator evaluator) {
        Arguments.Bound bound = arguments.bind("groupby", "attribute", "default?", "case_sensitive?");
        Budget budget = evaluator.budget();
        AttributePath path = new AttributePath(bound.get(0), bound.get(1, null), budget);
        boolean caseSensitive = bound.flag(2, false);
        List<Keyed> keyed = new ArrayList<>();
        for (Object item : Items.list(value, budget)) {
            Object key = key(path.of(item), caseSensitive, budget);
            keyed.add(new Keyed(key, new Keyed(key, item)));
        }
        List<Object> groups = new ArrayList<>();
        List<Object> current = null;
        Object currentKey = null;
        for (Object entry : ordered(keyed, false, budget)) {
            Keyed next = (Keyed) entry;
            if (current == null || !Comparisons.equal(next.key(), currentKey, budget)) {
                current = new ArrayList<>();
                currentKey = next.key();
                List<Object> group = new ArrayList<>();
                group.add(caseSensitive ? currentKey : path.of(next.item()));
                group.add(current);
                groups.add(new Tuple(group, List.of("grouper", "list")));
            }
            budget.items(2);
            current.add(next.item());
        }
        return groups;
    }
}
