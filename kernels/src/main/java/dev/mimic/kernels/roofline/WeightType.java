package dev.mimic.kernels.roofline;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.QuantizedFormat;
import java.lang.foreign.MemorySegment;

/** Types that weights are stored in: how a matrix of each is laid over a stretch of the working set. */
enum WeightType {
    F32,
    BF16,
    F16,
    INT8,
    Q8,
    Q4;

    /** Bytes that a product reads. */
    long byteSize(int rows, int cols) {
        return switch (this) {
            case F32 -> (long) rows * cols * Float.BYTES;
            case BF16, F16 -> (long) rows * cols * Short.BYTES;
            case INT8 -> (long) rows * cols;
            case Q8, Q4 -> format().valueBytes(rows, cols) + format().scaleBytes(rows, cols);
        };
    }

    /** Whether a product of decoding reads activations in 8 bits, one of a prompt as they are. */
    boolean roundsActivations() {
        return this == Q4;
    }

    private QuantizedFormat format() {
        return QuantizedFormat.valueOf(name());
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
            case INT8 -> new Matrix.Int8(rows, cols, memory);
            case Q8, Q4 -> {
                long values = format().valueBytes(rows, cols);
                yield format().matrix(rows, cols, memory.asSlice(0, values), memory.asSlice(values));
            }
        };
    }
}
