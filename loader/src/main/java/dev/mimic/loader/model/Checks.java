package dev.mimic.loader.model;

/** Range checks whose messages name the field as config.json spells it. */
final class Checks {
    private Checks() {}

    /** Refuses a value with {@code field: expected …, found …}. */
    static void require(boolean holds, String field, String expected, Object found) {
        if (!holds) {
            throw new IllegalArgumentException(field + ": expected " + expected + ", found " + found);
        }
    }

    /** Refuses an integer outside a range, both ends of which are in it. */
    static void range(String field, long from, long to, long found) {
        require(from <= found && found <= to, field, "an integer from " + from + " to " + to, found);
    }
}
