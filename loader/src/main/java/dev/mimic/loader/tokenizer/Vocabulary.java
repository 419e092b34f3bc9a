package dev.mimic.loader.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The model's tokens: text to id and id to text. All texts lie in one array of bytes; the hash table is open addressing,
 * each slot a hash and an id. No object per token. Ids may have holes.
 */
final class Vocabulary {
    /** How far the highest id may lie beyond the number of tokens: holes are legal, but not unlimited memory. */
    static final int MAX_HOLES = 1 << 20;

    /** Of this object alone, so that no file can be made whose tokens all fall on one slot. */
    private final int multiplier = new SplittableRandom().nextInt() | 1;

    private byte[] pool;
    private int poolLength;
    private int[] starts;
    private int[] ends;
    private long[] slots;
    private int size;
    private int highestId = -1;

    /**
     * Makes an empty vocabulary.
     *
     * @param expected how many tokens will come, roughly
     */
    Vocabulary(int expected) {
        int capacity = Math.max(expected, 16);
        pool = new byte[8 * capacity];
        starts = new int[capacity];
        ends = new int[capacity];
        slots = new long[2 * Integer.highestOneBit(capacity)];
    }

    /**
     * Adds the token whose text is {@code [from, to)} of UTF-8 bytes.
     *
     * @param id at least 0
     * @return whether neither the text nor the id was there before
     */
    boolean add(byte[] utf8, int from, int to, int id) {
        if (tokenAt(id)) {
            return false;
        }
        if (2 * (size + 1) > slots.length) {
            grow();
        }
        int hash = hash(0, utf8, from, to);
        int slot = freeSlot(hash, utf8, from, to);
        if (slot < 0) {
            return false;
        }
        if (id >= starts.length) {
            int capacity = Math.max(id + 1, starts.length + (starts.length >> 1));
            starts = Arrays.copyOf(starts, capacity);
            ends = Arrays.copyOf(ends, capacity);
        }
        int length = to - from;
        if (poolLength + length > pool.length) {
            pool = Arrays.copyOf(pool, Math.max(poolLength + length, 2 * pool.length));
        }
        System.arraycopy(utf8, from, pool, poolLength, length);
        // starts are one too large so that 0 means: no such token
        starts[id] = poolLength + 1;
        poolLength += length;
        ends[id] = poolLength;
        slots[slot] = entry(hash, id);
        size++;
        highestId = Math.max(highestId, id);
        return true;
    }

    private int freeSlot(int hash, byte[] utf8, int from, int to) {
        int mask = slots.length - 1;
        int slot = slot(hash, mask);
        for (; slots[slot] != 0; slot = slot + 1 & mask) {
            if ((int) (slots[slot] >>> 32) == hash && matches((int) slots[slot] - 1, utf8, from, to, to, to)) {
                return -1;
            }
        }
        return slot;
    }

    /** Gives back the room kept for more tokens. */
    void trim() {
        pool = Arrays.copyOf(pool, poolLength);
        starts = Arrays.copyOf(starts, highestId + 1);
        ends = Arrays.copyOf(ends, highestId + 1);
    }

    /** Number of tokens. */
    int size() {
        return size;
    }

    /** The highest id; -1 if there is no token. */
    int highestId() {
        return highestId;
    }

    /** Whether an id has a token. */
    boolean tokenAt(int id) {
        return id >= 0 && id < starts.length && starts[id] != 0;
    }

    /** The text of an id that has a token. */
    String text(int id) {
        int start = starts[id] - 1;
        return new String(pool, start, ends[id] - start, StandardCharsets.UTF_8);
    }

    /** The id of a text; -1 if there is none. */
    int find(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return find(utf8, 0, utf8.length);
    }

    /** The id of the text in {@code [from, to)} of UTF-8 bytes; -1 if there is none. */
    int find(byte[] utf8, int from, int to) {
        return find(hash(0, utf8, from, to), utf8, from, to, to, to);
    }

    /**
     * The id of a text in two parts, {@code [from, to)} and {@code [from2, to2)}; -1 if there is none.
     *
     * @param hash {@link #hash} of the first part, gone on with the second
     */
    int find(int hash, byte[] utf8, int from, int to, int from2, int to2) {
        int mask = slots.length - 1;
        for (int slot = slot(hash, mask); slots[slot] != 0; slot = slot + 1 & mask) {
            if ((int) (slots[slot] >>> 32) == hash && matches((int) slots[slot] - 1, utf8, from, to, from2, to2)) {
                return (int) slots[slot] - 1;
            }
        }
        return -1;
    }

    /** Whether the text of an id that has a token is that of the parts {@code [from, to)} and {@code [from2, to2)}. */
    boolean matches(int id, byte[] utf8, int from, int to, int from2, int to2) {
        int at = starts[id] - 1;
        if (ends[id] - at != to - from + to2 - from2) {
            return false;
        }
        // plain loops: texts are a few bytes long
        for (int i = from; i < to; i++) {
            if (pool[at++] != utf8[i]) {
                return false;
            }
        }
        for (int i = from2; i < to2; i++) {
            if (pool[at++] != utf8[i]) {
                return false;
            }
        }
        return true;
    }

    /** Goes on with a hash, at first 0, over more bytes. */
    int hash(int hash, byte[] utf8, int from, int to) {
        int result = hash;
        for (int i = from; i < to; i++) {
            result = (result + utf8[i]) * multiplier;
        }
        return result;
    }

    private void grow() {
        long[] old = slots;
        slots = new long[2 * old.length];
        int mask = slots.length - 1;
        for (long entry : old) {
            if (entry != 0) {
                int slot = slot((int) (entry >>> 32), mask);
                while (slots[slot] != 0) {
                    slot = slot + 1 & mask;
                }
                slots[slot] = entry;
            }
        }
    }

    private static long entry(int hash, int id) {
        return (long) hash << 32 | id + 1;
    }

    private static int slot(int hash, int mask) {
        int mixed = hash * 0x9E3779B9;
        return (mixed ^ mixed >>> 15) & mask;
    }
}
