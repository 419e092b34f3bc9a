package dev.mimic.engine.jinja;

import java.util.List;

/**
 * A Python tuple.
 *
 * @param items its values, null for None; not changed
 * @param names names of the first items, as of a named tuple; usually none
 */
record Tuple(List<Object> items, List<String> names) {
    Tuple(List<Object> items) {
        this(items, List.of());
    }
}
