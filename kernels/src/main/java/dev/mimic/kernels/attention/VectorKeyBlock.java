package dev.mimic.kernels.attention;

import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.MemorySegment;

/**
 * A block of one head's keys or values, copied from the cache so that the tile kernels see a stride that is a constant
 * (a variable one costs address registers) and no bounds of segments. Heads of more than {@link #SLICE} elements take
 * several slices, one behind the other.
 */
final class VectorKeyBlock {
    /** Elements of a row in a slice. */
    static final int SLICE = 128;

    /** Elements from row to row: 9 cache lines, so that rows spread over all sets of the first-level cache. */
    static final int STRIDE = 144;

    /** Elements from slice to slice. */
    static final int SLICE_SIZE = VectorTile.KEYS * STRIDE;

    /** [slices, KEYS, STRIDE]. */
    float[] elements = new float[0];

    void fit(int headSize) {
        int slices = (headSize + SLICE - 1) / SLICE;
        if (elements.length < slices * SLICE_SIZE) {
            elements = new float[slices * SLICE_SIZE];
        }
    }

    /**
     * Copies rows.
     *
     * @param segment F32
     * @param base the first row's element
     * @param count rows; at most KEYS
     * @param headSize elements of a row
     */
    void copy(MemorySegment segment, long base, int count, int headSize) {
        for (int from = 0; from < headSize; from += SLICE) {
            int width = Math.min(SLICE, headSize - from);
            int to = from / SLICE * SLICE_SIZE;
            for (int k = 0; k < count; k++) {
                long at = (base + (long) k * headSize + from) * Float.BYTES;
                MemorySegment.copy(segment, Matrix.FLOAT, at, elements, to + k * STRIDE, width);
            }
        }
    }
}
