package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SHORTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Exact widening of blocks of weights to F32. */
final class VectorUnpack {
    private static final int LANES = SPECIES.length();

    private VectorUnpack() {}

    /**
     * Copies a block of a matrix: {@code out[outOffset + r · outStride + c] = weights[row + r, col + c]}.
     *
     * @param rows rows of the block
     * @param cols columns of the block
     * @param outStride elements from row to row
     */
    static void block(Matrix weights, int row, int col, int rows, int cols, float[] out, int outOffset, int outStride) {
        long first = (long) row * weights.cols() + col;
        long stride = weights.cols();
        MemorySegment data = weights.data();
        switch (weights) {
            case Matrix.F32 f32 -> {
                for (int r = 0; r < rows; r++) {
                    f32(data, first + r * stride, cols, out, outOffset + r * outStride);
                }
            }
            case Matrix.F16 f16 -> {
                for (int r = 0; r < rows; r++) {
                    f16(data, first + r * stride, cols, out, outOffset + r * outStride);
                }
            }
            case Matrix.Int8 _ -> {
                for (int r = 0; r < rows; r++) {
                    VectorInt8.widen(data, first + r * stride, cols, out, outOffset + r * outStride);
                }
            }
            case Matrix.Q8 _, Matrix.Q4 _ ->
                VectorQuantizedUnpack.block(weights, row, col, rows, cols, out, outOffset, outStride);
            case Matrix.Bf16 bf16 -> {
                for (int r = 0; r < rows; r++) {
                    bf16(bf16, data, first + r * stride, cols, out, outOffset + r * outStride);
                }
            }
        }
    }

    /** A loop, because a bulk copy's checks cost more than it moves where rows are short. */
    private static void f32(MemorySegment data, long index, int length, float[] out, int outOffset) {
        int body = SPECIES.loopBound(length);
        for (int i = 0; i < body; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, data, (index + i) * Float.BYTES, LITTLE_ENDIAN)
                    .intoArray(out, outOffset + i);
        }
        for (int i = body; i < length; i++) {
            out[outOffset + i] = data.get(Matrix.FLOAT, (index + i) * Float.BYTES);
        }
    }

    private static void f16(MemorySegment data, long index, int length, float[] out, int outOffset) {
        long from = index * Short.BYTES;
        for (int i = 0; i < length; i++) { // C2 makes vcvtph2ps of it
            out[outOffset + i] = Float.float16ToFloat(data.get(Matrix.SHORT, from + (long) i * Short.BYTES));
        }
    }

    private static void bf16(
            Matrix.Bf16 weights, MemorySegment data, long index, int length, float[] out, int outOffset) {
        int body = SPECIES.loopBound(length);
        for (int i = 0; i < body; i += LANES) {
            ShortVector.fromMemorySegment(SHORTS, data, (index + i) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(out, outOffset + i);
        }
        for (int i = body; i < length; i++) {
            out[outOffset + i] = weights.get(index + i);
        }
    }
}
