package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Truth, equality, order and membership as Python defines them. */
final class Comparisons {
    private Comparisons() {}

    static boolean truth(Object value) {
        return switch (value) {
            case null -> false;
            case Boolean b -> b;
            case Long l -> l != 0;
            case Double d -> d != 0;
            case String text -> !text.isEmpty();
            case Markup markup -> !markup.text().isEmpty();
            case List<?> list -> !list.isEmpty();
            case Tuple tuple -> !tuple.items().isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case DictView view -> !view.dict().isEmpty();
            case Range range -> range.length() > 0;
            case Undefined _ -> false;
            default -> true;
        };
    }

    static boolean equal(Object a, Object b, Budget budget) {
        if (a == b && !(a instanceof Double)) {
            return true;
        }
        budget.step();
        if (a == null || b == null) {
            return false;
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.equal(Numbers.plain(a), Numbers.plain(b));
        }
        return switch (a) {
            case String text -> b instanceof Markup m ? text.equals(m.text()) : text.equals(b);
            case Markup markup -> equal(markup.text(), b, budget);
            case List<?> list -> b instanceof List<?> other && sameItems(list, other, budget);
            case Tuple tuple -> b instanceof Tuple other && sameItems(tuple.items(), other.items(), budget);
            case Map<?, ?> map -> b instanceof Map<?, ?> other && sameEntries(map, other, budget);
            case Range range -> b instanceof Range other && range.numbers().equals(other.numbers());
            case Undefined _ -> b instanceof Undefined;
            case BoundMethod method -> method.equals(b);
            default -> false;
        };
    }

    private static boolean sameItems(List<?> a, List<?> b, Budget budget) {
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        boolean same = true;
        for (int i = 0; same && i < a.size(); i++) {
            same = a.get(i) == b.get(i) || equal(a.get(i), b.get(i), budget);
        }
        budget.leave();
        return same;
    }

    private static boolean sameEntries(Map<?, ?> a, Map<?, ?> b, Budget budget) {
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        boolean same = true;
        for (Map.Entry<?, ?> entry : a.entrySet()) {
            Object other = Items.inDict(b, entry.getKey(), budget);
            if (other == Items.ABSENT || !equal(entry.getValue(), other, budget)) {
                same = false;
                break;
            }
        }
        budget.leave();
        return same;
    }

    /**
     * Compares by order.
     *
     * @param operator for the message, such as {@code <}
     * @throws TemplateException if the types have no order
     */
    static int compare(String operator, Object a, Object b, Budget budget) {
        budget.step();
        Object x = a instanceof Markup m ? m.text() : a;
        Object y = b instanceof Markup m ? m.text() : b;
        if (Numbers.isNumber(x) && Numbers.isNumber(y)) {
            return Numbers.compare(Numbers.plain(x), Numbers.plain(y));
        }
        if (x instanceof String s && y instanceof String t) {
            return CodePoints.compare(s, t);
        }
        if (x instanceof List<?> s && y instanceof List<?> t) {
            return compareItems(operator, s, t, budget);
        }
        if (x instanceof Tuple s && y instanceof Tuple t) {
            return compareItems(operator, s.items(), t.items(), budget);
        }
        refuseUndefined(x);
        refuseUndefined(y);
        throw new TemplateException(PythonText.quote(operator) + " not supported between instances of "
                + PythonText.quote(PythonText.typeName(x)) + " and " + PythonText.quote(PythonText.typeName(y)));
    }

    private static int compareItems(String operator, List<?> a, List<?> b, Budget budget) {
        budget.enter();
        int result = Integer.compare(a.size(), b.size());
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!equal(a.get(i), b.get(i), budget)) {
                result = compare(operator, a.get(i), b.get(i), budget);
                break;
            }
        }
        budget.leave();
        return result;
    }

    static void refuseUndefined(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
    }

    /** Whether an order comparison involves a NaN, which makes each of them false. */
    static boolean unordered(Object a, Object b) {
        return (a instanceof Double x && x.isNaN()) || (b instanceof Double y && y.isNaN());
    }

    /** Python's {@code item in container}. */
    static boolean contains(Object container, Object item, Budget budget) {
        return switch (container) {
            case String text -> {
                if (!(item instanceof String) && !(item instanceof Markup)) {
                    throw new TemplateException(
                            "'in <string>' requires string as left operand, not " + PythonText.typeName(item));
                }
                yield TextSearch.contains(text, PythonText.str(item, budget), budget);
            }
            case Markup markup -> contains(markup.text(), item, budget);
            case Map<?, ?> map -> Items.inDict(map, item, budget) != Items.ABSENT;
            case null, default -> {
                Iterator<Object> items = Items.iterate(container, budget);
                boolean found = false;
                while (!found && items.hasNext()) {
                    Object next = items.next();
                    found = next == item || equal(next, item, budget);
                }
                yield found;
            }
        };
    }

    /** A stable merge sort that, unlike {@link List#sort}, bears an order that contradicts itself (NaN). */
    static <T> List<T> sorted(List<T> items, Comparator<T> order) {
        if (items.size() < 2) {
            return new ArrayList<>(items);
        }
        int half = items.size() / 2;
        List<T> left = sorted(items.subList(0, half), order);
        List<T> right = sorted(items.subList(half, items.size()), order);
        List<T> merged = new ArrayList<>(items.size());
        int l = 0;
        int r = 0;
        while (l < left.size() && r < right.size()) {
            merged.add(order.compare(right.get(r), left.get(l)) < 0 ? right.get(r++) : left.get(l++));
        }
        merged.addAll(left.subList(l, left.size()));
        merged.addAll(right.subList(r, right.size()));
        return merged;
    }
}
