package dev.mimic.loader.tokenizer;

import java.util.Arrays;

/** Ids, growing. */
final class IdList {
    private int[] ids;
    private int size;

    IdList(int capacity) {
        ids = new int[Math.max(capacity, 4)];
    }

    int size() {
        return size;
    }

    void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
        }
        ids[size++] = id;
    }

    void addAll(IdList other) {
        add(other.ids, other.size);
    }

    /** Adds the first {@code length} ids of an array. */
    void add(int[] more, int length) {
        if (size + length > ids.length) {
            ids = Arrays.copyOf(ids, Math.max(2 * ids.length, size + length));
        }
        System.arraycopy(more, 0, ids, size, length);
        size += length;
    }

    /** The ids from an index on. */
    int[] from(int index) {
        return Arrays.copyOfRange(ids, index, size);
    }

    int[] toArray() {
        return Arrays.copyOf(ids, size);
    }
}
