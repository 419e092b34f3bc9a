package dev.mimic.kernels.roofline;

import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.MemorySegment;

/** Types that weights are stored in: how a matrix of each is laid over a stretch of the working set. */
enum WeightType {
    F32,
    BF16,
    F16;

    /** Bytes that a product reads. */
    long byteSize(int rows, int cols) {
        return (long) rows * cols * (this == F32 ? Float.BYTES : Short.BYTES);
    }

    /**
     * A matrix over memory of the working set.
     *
     * @param memory {@link #byteSize} bytes
     */
    Matrix matrix(int rows, int cols, MemorySegment memory) {
        return switch (this) {
            case F32 -> new Matrix.F32(rows, cols, memory);
            case BF16 -> new Matrix.Bf16(rows, cols, memory);
            case F16 -> new Matrix.F16(rows, cols, memory);
        };
    }
}
