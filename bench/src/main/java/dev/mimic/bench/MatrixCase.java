package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.matrix.Quantization;
import dev.mimic.kernels.matrix.QuantizedFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** One product of a benchmark: random weights in native memory, activations, and a check against the scalar twin. */
final class MatrixCase implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final WorkerPool pool;
    private final boolean transposed;
    private final int batch;
    final Matrix weights;
    final MatrixKernels kernels;
    final float[] x;
    final float[] y;

    /**
     * Makes the case.
     *
     * @param shape rows and columns, as {@code 4096x4096}
     * @param dtype F32, F16, BF16, Q8 or Q4
     * @param batch rows of x
     */
    MatrixCase(String shape, String dtype, int batch, boolean transposed, int threads) {
        this.batch = batch;
        this.transposed = transposed;
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        int by = shape.indexOf('x');
        int rows = Integer.parseInt(shape.substring(0, by));
        int cols = Integer.parseInt(shape.substring(by + 1));
        weights = dtype.startsWith("Q")
                ? quantized(random, QuantizedFormat.valueOf(dtype), rows, cols)
                : weights(random, dtype, rows, cols);
        x = new float[batch * (transposed ? rows : cols)];
        y = new float[batch * (transposed ? cols : rows)];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        pool = WorkerPool.of(threads);
        kernels = MatrixKernels.vector(pool);
    }

    private Matrix quantized(RandomGenerator random, QuantizedFormat format, int rows, int cols) {
        Matrix plain = weights(random, "BF16", rows, cols);
        try (WorkerPool all = WorkerPool.of(Runtime.getRuntime().availableProcessors())) {
            return Quantization.quantize(plain, format, arena, all).matrix();
        }
    }

    private Matrix weights(RandomGenerator random, String dtype, int rows, int cols) {
        long count = (long) rows * cols;
        MemorySegment data = arena.allocate(count * (dtype.equals("F32") ? Float.BYTES : Short.BYTES), 64);
        for (long i = 0; i < count; i++) {
            float value = random.nextFloat() - 0.5f;
            switch (dtype) {
                case "F32" -> data.setAtIndex(Matrix.FLOAT, i, value);
                case "F16" -> data.setAtIndex(Matrix.SHORT, i, Float.floatToFloat16(value));
                default -> data.setAtIndex(Matrix.SHORT, i, (short) (Float.floatToRawIntBits(value) >> 16));
            }
        }
        return switch (dtype) {
            case "F32" -> new Matrix.F32(rows, cols, data);
            case "F16" -> new Matrix.F16(rows, cols, data);
            case "BF16" -> new Matrix.Bf16(rows, cols, data);
            default -> throw new IllegalArgumentException("dtype: is " + dtype + ", expected F32, F16, BF16, Q8 or Q4");
        };
    }

    /**
     * Compares the last row of y with what the scalar twin makes of the last row of x.
     *
     * @param decoding whether y is of a product of decoding, which rounds activations to 8 bits for Q4
     * @throws IllegalStateException if an element differs by more than two orders of summation can
     */
    void check(boolean decoding) {
        int inputs = x.length / batch;
        int outputs = y.length / batch;
        float[] row = new float[inputs];
        float[] expected = new float[outputs];
        System.arraycopy(x, (batch - 1) * inputs, row, 0, inputs);
        try (WorkerPool one = WorkerPool.of(1)) {
            if (transposed) {
                MatrixKernels.scalar(one).gemvTransposed(weights, 1, row, expected);
            } else if (!decoding) {
                MatrixKernels.scalar(one).gemm(weights, 1, row, expected);
            } else {
                MatrixKernels.scalar(one).gemv(weights, 1, row, expected);
            }
        }
        // to the nearest of 127 steps to at most 0.5
        double rounding = decoding && !transposed && weights instanceof Matrix.Q4 ? 0.25 / 127 : 0;
        for (int o = 0; o < outputs; o++) {
            double magnitude = 0;
            for (int j = 0; j < inputs; j++) {
                long at = transposed ? (long) j * outputs + o : (long) o * inputs + j;
                magnitude += Math.abs(weights.get(at)) * (Math.abs(row[j]) + rounding);
            }
            float actual = y[(batch - 1) * outputs + o];
            if (!(Math.abs(actual - expected[o]) <= 2 * (inputs + 1) * Math.scalb(magnitude, -24))) {
                throw new IllegalStateException(
                        "y[" + (batch - 1) + ", " + o + "] is " + actual + ", the scalar twin says " + expected[o]);
            }
        }
    }

    @Override
    public void close() {
        pool.close();
        arena.close();
    }
}
