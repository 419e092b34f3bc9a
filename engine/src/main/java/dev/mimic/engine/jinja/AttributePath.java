package dev.mimic.engine.jinja;

import java.util.ArrayList;
import java.util.List;

/** The {@code attribute} argument of filters: a name or index, or several with dots between them; None is the item itself. */
final class AttributePath {
    private final List<Object> parts = new ArrayList<>();
    private final Object otherwise;
    private final Budget budget;

    AttributePath(Object attribute, Budget budget) {
        this(attribute, null, budget);
    }

    /**
     * A path.
     *
     * @param otherwise what stands for undefined, null for nothing
     */
    AttributePath(Object attribute, Object otherwise, Budget budget) {
        this.otherwise = otherwise;
        this.budget = budget;
        if (attribute instanceof String text) {
            for (Object part : StringMethods.split(text, ".", -1, false, budget)) {
                String name = (String) part;
                boolean index =
                        !name.isEmpty() && name.length() < 10 && name.chars().allMatch(c -> c >= '0' && c <= '9');
                parts.add(index ? (Object) Long.parseLong(name) : name);
            }
        } else if (attribute != null) {
            parts.add(attribute);
        }
    }

    /** Paths with commas between them. */
    static List<AttributePath> several(Object attribute, Budget budget) {
        List<AttributePath> paths = new ArrayList<>();
        if (attribute instanceof String text) {
            for (Object part : StringMethods.split(text, ",", -1, false, budget)) {
                paths.add(new AttributePath(part, budget));
            }
        } else {
            paths.add(new AttributePath(attribute, budget));
        }
        return paths;
    }

    /** Follows the path from an item. */
    Object of(Object item) {
        Object value = item;
        for (Object part : parts) {
            budget.step();
            value = Items.get(value, part, budget);
            if (otherwise != null && value instanceof Undefined) {
                value = otherwise;
            }
        }
        return value;
    }
}
