package dev.mimic.engine.jinja;

import java.util.AbstractList;
import java.util.List;

/**
 * A Python range.
 *
 * @param start the first number
 * @param stop the first number beyond the last
 * @param step not 0
 */
record Range(long start, long stop, long step) {
    /** The sandbox of jinja2 refuses longer ones. */
    static final int MAX_LENGTH = 100_000;

    long length() {
        if (step > 0) {
            return start < stop ? Math.ceilDiv(stop - start, step) : 0;
        }
        return start > stop ? Math.ceilDiv(start - stop, -step) : 0;
    }

    /** Its numbers; length at most {@link #MAX_LENGTH}. */
    List<Object> numbers() {
        int length = (int) length();
        return new AbstractList<>() {
            @Override
            public Object get(int index) {
                return start + index * step;
            }

            @Override
            public int size() {
                return length;
            }
        };
    }
}
