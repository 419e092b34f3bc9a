package dev.mimic.kernels.attention;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.attention.KeyValues.PANEL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * A block of one head's keys and values in F32, copied from the cache so that the tile kernels see strides that are
 * constants (a variable one costs address registers) and no bounds of segments.
 */
final class VectorKeyBlock {
    /** Elements of a row of values in a slice; wider heads take several slices, one behind the other. */
    static final int SLICE = 128;

    /** Elements from row to row of values: 9 cache lines, so that rows spread over all sets of the first-level cache. */
    static final int STRIDE = 144;

    /** Elements from slice to slice. */
    static final int SLICE_SIZE = VectorTile.KEYS * STRIDE;

    private static final int LANES = SPECIES.length();
    private static final int HIGH = 0xFFFF0000;

    /** [KEYS / PANEL, headSize, PANEL]. */
    float[] keys = new float[0];

    /** [slices, KEYS, STRIDE]. */
    float[] values = new float[0];

    void fit(int headSize) {
        if (keys.length < VectorTile.KEYS * headSize) {
            keys = new float[VectorTile.KEYS * headSize];
        }
        int slices = Math.ceilDiv(headSize, SLICE);
        if (values.length < slices * SLICE_SIZE) {
            values = new float[slices * SLICE_SIZE];
        }
    }

    /**
     * Copies the keys and values of the positions from {@code block}, a multiple of KEYS, on.
     *
     * @param count positions; at most KEYS
     */
    void copy(AttentionShape shape, KeyValues cache, int kvHead, int block, int count) {
        int panels = Math.ceilDiv(count, PANEL);
        for (int panel = 0; panel < panels; panel++) {
            int position = block + panel * PANEL;
            long from = cache.panelAt(shape, kvHead, position);
            int to = panel * shape.headSize() * PANEL;
            copy(cache.type(), cache.keys(), from, shape.headSize() * PANEL, keys, to);
            if (cache.type() == KeyValueType.Q8) {
                multiplyPanel(cache.keys(), cache.keyFactorAt(shape, kvHead, position), shape.headSize(), to);
            }
        }
        int width = KeyValues.padded(shape.headSize());
        for (int k = 0; k < count; k++) {
            long row = cache.valueAt(shape, kvHead, block + k);
            for (int j = 0; j < width; j += SLICE) {
                int length = Math.min(SLICE, width - j);
                int to = j / SLICE * SLICE_SIZE + k * STRIDE;
                copy(cache.type(), cache.values(), row + (long) j * cache.type().elementBytes(), length, values, to);
                if (cache.type() == KeyValueType.Q8) {
                    long factor = cache.valueFactorAt(shape, kvHead, block + k);
                    multiplyRow(cache.values().get(Matrix.FLOAT, factor), length, to);
                }
            }
        }
    }

    /** Makes F32 of elements, a multiple of PANEL; of Q8 without their factors. */
    private static void copy(KeyValueType type, MemorySegment segment, long from, int length, float[] out, int to) {
        switch (type) {
            case F32 -> copyF32(segment, from, length, out, to);
            case BF16 -> copyBf16(segment, from, length, out, to);
            case Q8 -> copyQ8(segment, from, length, out, to);
        }
    }

    /** A loop, because a bulk copy's checks cost more than it moves where rows are short. */
    private static void copyF32(MemorySegment segment, long from, int length, float[] out, int to) {
        for (int i = 0; i < length; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, segment, from + 4L * i, LITTLE_ENDIAN)
                    .intoArray(out, to + i);
        }
    }

    private static void copyBf16(MemorySegment segment, long from, int length, float[] out, int to) {
        for (int i = 0; i < length; i += PANEL) {
            for (int lane = 0; lane < PANEL / 2; lane += LANES) {
                IntVector pair = IntVector.fromMemorySegment(INTS, segment, from + 2L * i + 4L * lane, LITTLE_ENDIAN);
                pair.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(out, to + i + lane);
                pair.and(HIGH).reinterpretAsFloats().intoArray(out, to + i + lane + PANEL / 2);
            }
        }
    }

    private static void copyQ8(MemorySegment segment, long from, int length, float[] out, int to) {
        for (int i = 0; i < length; i++) { // C2 makes a vector loop of it
            out[to + i] = segment.get(ValueLayout.JAVA_BYTE, from + i);
        }
    }

    private void multiplyPanel(MemorySegment factors, long from, int headSize, int to) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            FloatVector factor = FloatVector.fromMemorySegment(SPECIES, factors, from + 4L * lane, LITTLE_ENDIAN);
            for (int j = 0; j < headSize; j++) {
                FloatVector.fromArray(SPECIES, keys, to + j * PANEL + lane)
                        .mul(factor)
                        .intoArray(keys, to + j * PANEL + lane);
            }
        }
    }

    private void multiplyRow(float factor, int length, int to) {
        for (int i = to; i < to + length; i++) {
            values[i] *= factor;
        }
    }
}
