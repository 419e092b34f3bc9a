package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;

/** The variable {@code loop} of a for loop, and its iteration. */
final class Loop implements Callable {
    /** Runs the body of a recursive loop over other items. */
    @FunctionalInterface
    interface Recursion {
        String run(Object items, int depth);
    }

    private final Budget budget;
    private final int depth;
    private final Recursion recursion;
    private Iterator<Object> items;
    private long length;
    private long index0 = -1;
    private Object before = Items.ABSENT;
    private Object current = Items.ABSENT;
    private Object after = Items.ABSENT;
    private List<Object> lastChanged;

    /**
     * A loop before its first item.
     *
     * @param length of the items, empty if not known before they are read
     * @param depth 1 for the outermost of a recursive loop
     * @param recursion null if the loop is not recursive
     */
    Loop(Iterator<Object> items, OptionalLong length, int depth, Recursion recursion, Budget budget) {
        this.items = items;
        this.length = length.orElse(-1);
        this.depth = depth;
        this.recursion = recursion;
        this.budget = budget;
    }

    boolean hasNext() {
        return after != Items.ABSENT || items.hasNext();
    }

    Object next() {
        Object item = after != Items.ABSENT ? after : items.next();
        after = Items.ABSENT;
        index0++;
        before = current;
        current = item;
        return item;
    }

    private Object peek() {
        if (after == Items.ABSENT && items.hasNext()) {
            after = items.next();
        }
        return after;
    }

    /** How many items there are; reads the rest of them where it is not known. */
    long length() {
        if (length < 0) {
            List<Object> rest = new ArrayList<>();
            while (items.hasNext()) {
                budget.items(1);
                rest.add(items.next());
            }
            items = rest.iterator();
            length = rest.size() + index0 + 1 + (after == Items.ABSENT ? 0 : 1);
        }
        return length;
    }

    /** An attribute of {@code loop}. */
    Object attribute(String name) {
        return switch (name) {
            case "index" -> index0 + 1;
            case "index0" -> index0;
            case "revindex" -> length() - index0;
            case "revindex0" -> length() - index0 - 1;
            case "first" -> index0 == 0;
            case "last" -> peek() == Items.ABSENT;
            case "length" -> length();
            case "depth" -> (long) depth;
            case "depth0" -> depth - 1L;
            case "previtem" -> index0 == 0 ? new Undefined("there is no previous item") : before;
            case "nextitem" -> peek() == Items.ABSENT ? new Undefined("there is no next item") : after;
            case "cycle" -> (Callable) (arguments, _) -> cycle(arguments);
            case "changed" -> (Callable) (arguments, _) -> changed(arguments);
            default -> Items.ABSENT;
        };
    }

    private Object cycle(Arguments arguments) {
        List<Object> choices = arguments.positional();
        if (choices.isEmpty()) {
            throw new TemplateException("no items for cycling given");
        }
        return choices.get((int) (index0 % choices.size()));
    }

    private boolean changed(Arguments arguments) {
        List<Object> values = arguments.positional();
        boolean changed = lastChanged == null || !Comparisons.equal(lastChanged, values, budget);
        lastChanged = values;
        return changed;
    }

    @Override
    public Object call(Arguments arguments, Evaluator evaluator) {
        if (recursion == null) {
            throw new TemplateException("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recursion.run(arguments.bind("loop", "iterable").get(0), depth + 1);
    }

    @Override
    public String describe() {
        return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
    }
}
