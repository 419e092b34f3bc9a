package dev.mimic.kernels.attention;

import static dev.mimic.kernels.matrix.Matrix.FLOAT;
import static dev.mimic.kernels.matrix.Matrix.SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The cached keys and values of one layer of one sequence in native memory, laid out for decoding, little-endian:
 *
 * <ul>
 *   <li>keys in panels of {@link #PANEL} positions, [kvHeads, panels, headSize, PANEL], so that the scores of neighbouring
 *       positions are the lanes of a vector and nothing is added up across lanes;
 *   <li>values in rows, [kvHeads, panels · PANEL, headSize rounded up to PANEL];
 *   <li>of {@link KeyValueType#Q8} behind both, each position's factor, F32 [kvHeads, panels · PANEL].
 * </ul>
 *
 * Of BF16, the elements i and i + PANEL / 2 of a PANEL are neighbours: the halves of an int.
 *
 * @param keys at least {@link KeyValueType#keyBytes}
 * @param values at least {@link KeyValueType#valueBytes}
 * @param capacity positions
 */
public record KeyValues(KeyValueType type, MemorySegment keys, MemorySegment values, int capacity) {
    /** Positions of a panel of keys, and what a row of values is rounded up to. */
    static final int PANEL = 32;

    static int padded(int size) {
        return Math.multiplyExact(Math.ceilDiv(size, PANEL), PANEL); // wrapped, no range of a segment would be refused
    }

    /** Checks that the segments hold a shape's keys and values and that {@code [begin, end)} are positions of them. */
    void check(String operation, AttentionShape shape, int begin, int end) {
        if (begin < 0 || begin >= end || end > capacity) {
            throw new IllegalArgumentException(operation + ": positions [" + begin + ", " + end
                    + ") are empty or outside of the cache, expected a range of [0, " + capacity + ")");
        }
        check(operation, "keys", keys, type.keyBytes(shape.kvHeads(), shape.headSize(), capacity));
        check(operation, "values", values, type.valueBytes(shape.kvHeads(), shape.headSize(), capacity));
    }

    private void check(String operation, String name, MemorySegment segment, long bytes) {
        if (segment.byteSize() < bytes) {
            throw new IllegalArgumentException(operation + ": the cache's " + name + " have " + segment.byteSize()
                    + " bytes, expected at least " + bytes + " (" + type + ", capacity " + capacity + ")");
        }
    }

    /** The byte at which the panel of a position starts. */
    long panelAt(AttentionShape shape, int kvHead, int position) {
        long panel = ((long) kvHead * padded(capacity) + position) / PANEL;
        return panel * PANEL * shape.headSize() * type.elementBytes();
    }

    /** The byte at which the value of a position starts. */
    long valueAt(AttentionShape shape, int kvHead, int position) {
        long row = (long) kvHead * padded(capacity) + position;
        return row * padded(shape.headSize()) * type.elementBytes();
    }

    /** The byte of a position's factor in the keys. */
    long keyFactorAt(AttentionShape shape, int kvHead, int position) {
        return panelAt(shape, shape.kvHeads(), 0) + 4 * ((long) kvHead * padded(capacity) + position);
    }

    /** The byte of a position's factor in the values. */
    long valueFactorAt(AttentionShape shape, int kvHead, int position) {
        return valueAt(shape, shape.kvHeads(), 0) + 4 * ((long) kvHead * padded(capacity) + position);
    }

    /** Element j of the key of a position. */
    float key(AttentionShape shape, int kvHead, int position, int j) {
        long at = panelAt(shape, kvHead, position) + (long) j * PANEL * type.elementBytes();
        float element = element(keys, at, position % PANEL);
        return type == KeyValueType.Q8 ? element * keys.get(FLOAT, keyFactorAt(shape, kvHead, position)) : element;
    }

    /** Element j of the value of a position. */
    float value(AttentionShape shape, int kvHead, int position, int j) {
        long at = valueAt(shape, kvHead, position) + (long) j / PANEL * PANEL * type.elementBytes();
        float element = element(values, at, j % PANEL);
        return type == KeyValueType.Q8 ? element * values.get(FLOAT, valueFactorAt(shape, kvHead, position)) : element;
    }

    private float element(MemorySegment segment, long panel, int i) {
        return switch (type) {
            case F32 -> segment.get(FLOAT, panel + 4L * i);
            case BF16 -> Float.intBitsToFloat(segment.get(SHORT, panel + 2L * interleaved(i)) << 16);
            case Q8 -> segment.get(ValueLayout.JAVA_BYTE, panel + i);
        };
    }

    /** Stores a key and a value, [headSize] each from {@code from} on. */
    void store(AttentionShape shape, int kvHead, int position, float[] k, float[] v, int from) {
        long key = panelAt(shape, kvHead, position);
        long value = valueAt(shape, kvHead, position);
        int size = shape.headSize();
        switch (type) {
            case F32 -> storeF32(k, from, size, position, key, value, v);
            case BF16 -> storeBf16(k, from, size, position, key, value, v);
            case Q8 -> {
                float keyFactor = factor(k, from, size);
                keys.set(FLOAT, keyFactorAt(shape, kvHead, position), keyFactor);
                storeQ8(keys, k, from, size, keyFactor, key + position % PANEL, PANEL);
                float valueFactor = factor(v, from, size);
                values.set(FLOAT, valueFactorAt(shape, kvHead, position), valueFactor);
                storeQ8(values, v, from, size, valueFactor, value, 1);
            }
        }
    }

    private void storeF32(float[] k, int from, int size, int position, long key, long value, float[] v) {
        long to = key + 4L * (position % PANEL);
        for (int j = 0; j < size; j++) {
            keys.set(FLOAT, to + 4L * PANEL * j, k[from + j]);
        }
        MemorySegment.copy(v, from, values, FLOAT, value, size);
    }

    private void storeBf16(float[] k, int from, int size, int position, long key, long value, float[] v) {
        long to = key + 2L * interleaved(position % PANEL);
        for (int j = 0; j < size; j++) {
            keys.set(SHORT, to + 2L * PANEL * j, bfloat16(k[from + j]));
        }
        for (int j = 0; j < size; j++) {
            values.set(SHORT, value + 2L * (j / PANEL * PANEL + interleaved(j % PANEL)), bfloat16(v[from + j]));
        }
    }

    private static void storeQ8(
            MemorySegment segment, float[] x, int from, int size, float factor, long to, int stride) {
        float inverse = factor == 0 ? 0 : 1 / factor;
        for (int j = 0; j < size; j++) {
            segment.set(ValueLayout.JAVA_BYTE, to + (long) stride * j, (byte) Math.rint(x[from + j] * inverse));
        }
    }

    private static float factor(float[] x, int from, int size) {
        float max = 0;
        for (int j = 0; j < size; j++) {
            max = Math.max(max, Math.abs(x[from + j]));
        }
        // below, 1 / factor would overflow
        return max < 0x1p-119f ? 0 : max / 127;
    }

    /** Where element i of a PANEL lies among its shorts. */
    private static int interleaved(int i) {
        return 2 * (i % (PANEL / 2)) + i / (PANEL / 2);
    }

    private static short bfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (short) (bits >>> 16 | 0x40); // quiet, and never cut down to an infinity
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
