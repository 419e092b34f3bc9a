package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SHORTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/**
 * Multiples of rows of weights added to a row of y, four at once, which share the load and the store of y. Every form
 * adds with fma in order of the rows, so that all of them give the same bits.
 */
final class VectorAxpys {
    private static final int LANES = SPECIES.length();

    private VectorAxpys() {}

    /**
     * F32 in place: {@code y[yOffset + c] += Σ_k xk · weights[o + k · stride + c]}.
     *
     * @param o first row, in elements
     * @param stride elements from row to row
     * @param length columns; a multiple of the lanes
     */
    static void f32(
            MemorySegment weights, long o, long stride, float[] x, int xOffset, float[] y, int yOffset, int length) {
        FloatVector x0 = FloatVector.broadcast(SPECIES, x[xOffset]);
        FloatVector x1 = FloatVector.broadcast(SPECIES, x[xOffset + 1]);
        FloatVector x2 = FloatVector.broadcast(SPECIES, x[xOffset + 2]);
        FloatVector x3 = FloatVector.broadcast(SPECIES, x[xOffset + 3]);
        long o1 = o + stride;
        long o2 = o + 2 * stride;
        long o3 = o + 3 * stride;
        for (int c = 0; c < length; c += LANES) {
            FloatVector sum = FloatVector.fromArray(SPECIES, y, yOffset + c);
            sum = FloatVector.fromMemorySegment(SPECIES, weights, (o + c) * Float.BYTES, LITTLE_ENDIAN)
                    .fma(x0, sum);
            sum = FloatVector.fromMemorySegment(SPECIES, weights, (o1 + c) * Float.BYTES, LITTLE_ENDIAN)
                    .fma(x1, sum);
            sum = FloatVector.fromMemorySegment(SPECIES, weights, (o2 + c) * Float.BYTES, LITTLE_ENDIAN)
                    .fma(x2, sum);
            sum = FloatVector.fromMemorySegment(SPECIES, weights, (o3 + c) * Float.BYTES, LITTLE_ENDIAN)
                    .fma(x3, sum);
            sum.intoArray(y, yOffset + c);
        }
    }

    /** BF16 in place; as {@link #f32}. */
    static void bf16(
            MemorySegment weights, long o, long stride, float[] x, int xOffset, float[] y, int yOffset, int length) {
        FloatVector x0 = FloatVector.broadcast(SPECIES, x[xOffset]);
        FloatVector x1 = FloatVector.broadcast(SPECIES, x[xOffset + 1]);
        FloatVector x2 = FloatVector.broadcast(SPECIES, x[xOffset + 2]);
        FloatVector x3 = FloatVector.broadcast(SPECIES, x[xOffset + 3]);
        long o1 = o + stride;
        long o2 = o + 2 * stride;
        long o3 = o + 3 * stride;
        for (int c = 0; c < length; c += LANES) {
            FloatVector sum = FloatVector.fromArray(SPECIES, y, yOffset + c);
            sum = ShortVector.fromMemorySegment(SHORTS, weights, (o + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(x0, sum);
            sum = ShortVector.fromMemorySegment(SHORTS, weights, (o1 + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(x1, sum);
            sum = ShortVector.fromMemorySegment(SHORTS, weights, (o2 + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(x2, sum);
            sum = ShortVector.fromMemorySegment(SHORTS, weights, (o3 + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(x3, sum);
            sum.intoArray(y, yOffset + c);
        }
    }

    /**
     * Four converted rows.
     *
     * @param w four rows, {@link VectorWorkspace#LEADING} apart from 0
     * @param length columns; any number
     */
    static void block(float[] w, float[] x, int xOffset, float[] y, int yOffset, int length) {
        float x0 = x[xOffset];
        float x1 = x[xOffset + 1];
        float x2 = x[xOffset + 2];
        float x3 = x[xOffset + 3];
        int c = 0;
        for (; c <= length - LANES; c += LANES) {
            FloatVector sum = FloatVector.fromArray(SPECIES, y, yOffset + c);
            sum = FloatVector.fromArray(SPECIES, w, c).fma(FloatVector.broadcast(SPECIES, x0), sum);
            sum = FloatVector.fromArray(SPECIES, w, LEADING + c).fma(FloatVector.broadcast(SPECIES, x1), sum);
            sum = FloatVector.fromArray(SPECIES, w, 2 * LEADING + c).fma(FloatVector.broadcast(SPECIES, x2), sum);
            sum = FloatVector.fromArray(SPECIES, w, 3 * LEADING + c).fma(FloatVector.broadcast(SPECIES, x3), sum);
            sum.intoArray(y, yOffset + c);
        }
        for (; c < length; c++) { // fma as in the body: an element's value must not depend on its column
            float sum = Math.fma(w[c], x0, y[yOffset + c]);
            sum = Math.fma(w[LEADING + c], x1, sum);
            sum = Math.fma(w[2 * LEADING + c], x2, sum);
            y[yOffset + c] = Math.fma(w[3 * LEADING + c], x3, sum);
        }
    }

    /** One row: {@code y[yOffset + c] += alpha · w[wOffset + c]}. */
    static void row(float alpha, float[] w, int wOffset, float[] y, int yOffset, int length) {
        FloatVector a = FloatVector.broadcast(SPECIES, alpha);
        int c = 0;
        for (; c <= length - LANES; c += LANES) {
            FloatVector.fromArray(SPECIES, w, wOffset + c)
                    .fma(a, FloatVector.fromArray(SPECIES, y, yOffset + c))
                    .intoArray(y, yOffset + c);
        }
        for (; c < length; c++) { // fma as in the body: an element's value must not depend on its column
            y[yOffset + c] = Math.fma(w[wOffset + c], alpha, y[yOffset + c]);
        }
    }
}
