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

    /** Columns of a tile. */
    static final int TILE = 4 * LANES;

    private VectorAxpys() {}

    /**
     * F32 in place: {@code y[yOffset + c] += Σ_k x[xOffset + k · xStride] · weights[o + k · stride + c]}.
     *
     * @param o first row, in elements
     * @param stride elements from row to row
     * @param length columns; a multiple of the lanes
     */
    static void f32(
            MemorySegment weights,
            long o,
            long stride,
            float[] x,
            int xOffset,
            int xStride,
            float[] y,
            int yOffset,
            int length) {
        FloatVector x0 = FloatVector.broadcast(SPECIES, x[xOffset]);
        FloatVector x1 = FloatVector.broadcast(SPECIES, x[xOffset + xStride]);
        FloatVector x2 = FloatVector.broadcast(SPECIES, x[xOffset + 2 * xStride]);
        FloatVector x3 = FloatVector.broadcast(SPECIES, x[xOffset + 3 * xStride]);
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
            MemorySegment weights,
            long o,
            long stride,
            float[] x,
            int xOffset,
            int xStride,
            float[] y,
            int yOffset,
            int length) {
        FloatVector x0 = FloatVector.broadcast(SPECIES, x[xOffset]);
        FloatVector x1 = FloatVector.broadcast(SPECIES, x[xOffset + xStride]);
        FloatVector x2 = FloatVector.broadcast(SPECIES, x[xOffset + 2 * xStride]);
        FloatVector x3 = FloatVector.broadcast(SPECIES, x[xOffset + 3 * xStride]);
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
     * @param w four rows, {@link VectorWorkspace#LEADING} apart from {@code wOffset}
     * @param length columns; any number
     */
    static void block(float[] w, int wOffset, float[] x, int xOffset, float[] y, int yOffset, int length) {
        float x0 = x[xOffset];
        float x1 = x[xOffset + 1];
        float x2 = x[xOffset + 2];
        float x3 = x[xOffset + 3];
        int w1 = wOffset + LEADING;
        int w2 = wOffset + 2 * LEADING;
        int w3 = wOffset + 3 * LEADING;
        int c = 0;
        for (; c <= length - LANES; c += LANES) {
            FloatVector sum = FloatVector.fromArray(SPECIES, y, yOffset + c);
            sum = FloatVector.fromArray(SPECIES, w, wOffset + c).fma(FloatVector.broadcast(SPECIES, x0), sum);
            sum = FloatVector.fromArray(SPECIES, w, w1 + c).fma(FloatVector.broadcast(SPECIES, x1), sum);
            sum = FloatVector.fromArray(SPECIES, w, w2 + c).fma(FloatVector.broadcast(SPECIES, x2), sum);
            sum = FloatVector.fromArray(SPECIES, w, w3 + c).fma(FloatVector.broadcast(SPECIES, x3), sum);
            sum.intoArray(y, yOffset + c);
        }
        for (; c < length; c++) { // fma as in the body: an element's value must not depend on its column
            float sum = Math.fma(w[wOffset + c], x0, y[yOffset + c]);
            sum = Math.fma(w[w1 + c], x1, sum);
            sum = Math.fma(w[w2 + c], x2, sum);
            y[yOffset + c] = Math.fma(w[w3 + c], x3, sum);
        }
    }

    /**
     * A block of converted rows with four rows of x, on {@link #TILE} columns:
     * {@code y[yOffset + i · yStride + c] += Σ_k x[xi + k] · w[wOffset + k · LEADING + c]}.
     *
     * @param w rows, {@link VectorWorkspace#LEADING} apart from {@code wOffset}
     * @param rows rows of w; any number
     * @param x0 first row of x; likewise the others
     * @param yStride elements from row to row of y
     */
    static void tile(
            float[] w,
            int wOffset,
            int rows,
            float[] x,
            int x0,
            int x1,
            int x2,
            int x3,
            float[] y,
            int yOffset,
            int yStride) {
        int y1 = yOffset + yStride;
        int y2 = yOffset + 2 * yStride;
        int y3 = yOffset + 3 * yStride;
        FloatVector s00 = FloatVector.fromArray(SPECIES, y, yOffset);
        FloatVector s01 = FloatVector.fromArray(SPECIES, y, yOffset + LANES);
        FloatVector s02 = FloatVector.fromArray(SPECIES, y, yOffset + 2 * LANES);
        FloatVector s03 = FloatVector.fromArray(SPECIES, y, yOffset + 3 * LANES);
        FloatVector s10 = FloatVector.fromArray(SPECIES, y, y1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, y, y1 + LANES);
        FloatVector s12 = FloatVector.fromArray(SPECIES, y, y1 + 2 * LANES);
        FloatVector s13 = FloatVector.fromArray(SPECIES, y, y1 + 3 * LANES);
        FloatVector s20 = FloatVector.fromArray(SPECIES, y, y2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, y, y2 + LANES);
        FloatVector s22 = FloatVector.fromArray(SPECIES, y, y2 + 2 * LANES);
        FloatVector s23 = FloatVector.fromArray(SPECIES, y, y2 + 3 * LANES);
        FloatVector s30 = FloatVector.fromArray(SPECIES, y, y3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, y, y3 + LANES);
        FloatVector s32 = FloatVector.fromArray(SPECIES, y, y3 + 2 * LANES);
        FloatVector s33 = FloatVector.fromArray(SPECIES, y, y3 + 3 * LANES);
        for (int k = 0; k < rows; k++) {
            int at = wOffset + k * LEADING;
            FloatVector w0 = FloatVector.fromArray(SPECIES, w, at);
            FloatVector w1 = FloatVector.fromArray(SPECIES, w, at + LANES);
            FloatVector w2 = FloatVector.fromArray(SPECIES, w, at + 2 * LANES);
            FloatVector w3 = FloatVector.fromArray(SPECIES, w, at + 3 * LANES);
            FloatVector v = FloatVector.broadcast(SPECIES, x[x0 + k]);
            s00 = w0.fma(v, s00);
            s01 = w1.fma(v, s01);
            s02 = w2.fma(v, s02);
            s03 = w3.fma(v, s03);
            v = FloatVector.broadcast(SPECIES, x[x1 + k]);
            s10 = w0.fma(v, s10);
            s11 = w1.fma(v, s11);
            s12 = w2.fma(v, s12);
            s13 = w3.fma(v, s13);
            v = FloatVector.broadcast(SPECIES, x[x2 + k]);
            s20 = w0.fma(v, s20);
            s21 = w1.fma(v, s21);
            s22 = w2.fma(v, s22);
            s23 = w3.fma(v, s23);
            v = FloatVector.broadcast(SPECIES, x[x3 + k]);
            s30 = w0.fma(v, s30);
            s31 = w1.fma(v, s31);
            s32 = w2.fma(v, s32);
            s33 = w3.fma(v, s33);
        }
        s00.intoArray(y, yOffset);
        s01.intoArray(y, yOffset + LANES);
        s02.intoArray(y, yOffset + 2 * LANES);
        s03.intoArray(y, yOffset + 3 * LANES);
        s10.intoArray(y, y1);
        s11.intoArray(y, y1 + LANES);
        s12.intoArray(y, y1 + 2 * LANES);
        s13.intoArray(y, y1 + 3 * LANES);
        s20.intoArray(y, y2);
        s21.intoArray(y, y2 + LANES);
        s22.intoArray(y, y2 + 2 * LANES);
        s23.intoArray(y, y2 + 3 * LANES);
        s30.intoArray(y, y3);
        s31.intoArray(y, y3 + LANES);
        s32.intoArray(y, y3 + 2 * LANES);
        s33.intoArray(y, y3 + 3 * LANES);
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
