package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** The four products of a matrix, their common oracle, and what surrounds a call with guards. */
public enum Product {
    GEMV,
    GEMV_TRANSPOSED,
    GEMM,
    GEMM_TRANSPOSED;

    /** The formats of weights. */
    public enum Format {
        F32,
        F16,
        BF16,
        INT8,
        Q8,
        Q4;

        /** Bytes of an element of a plain format. */
        int bytes() {
            return this == F32 ? Float.BYTES : this == INT8 ? Byte.BYTES : Short.BYTES;
        }

        /** Its quantized format; null for a plain one. */
        QuantizedFormat quantized() {
            return switch (this) {
                case F32, F16, BF16, INT8 -> null;
                case Q8 -> QuantizedFormat.Q8;
                case Q4 -> QuantizedFormat.Q4;
            };
        }

        static Format any(RandomGenerator random) {
            List<Format> all = List.of(values());
            return all.get(random.nextInt(all.size()));
        }
    }

    private static final int GUARD = 5;
    private static final float UNTOUCHED = 12345.678f;

    boolean transposed() {
        return this == GEMV_TRANSPOSED || this == GEMM_TRANSPOSED;
    }

    int inputs(Matrix weights) {
        return transposed() ? weights.rows() : weights.cols();
    }

    int outputs(Matrix weights) {
        return transposed() ? weights.cols() : weights.rows();
    }

    void run(MatrixKernels kernels, Matrix weights, int batch, float[] x, float[] y) {
        switch (this) {
            case GEMV -> kernels.gemv(weights, batch, x, y);
            case GEMV_TRANSPOSED -> kernels.gemvTransposed(weights, batch, x, y);
            case GEMM -> kernels.gemm(weights, batch, x, y);
            case GEMM_TRANSPOSED -> kernels.gemmTransposed(weights, batch, x, y);
        }
    }

    /** Runs with guard cells behind x (NaN: a read of them shows) and behind y (a write shows). */
    float[] guarded(MatrixKernels kernels, Matrix weights, int batch, float[] x) {
        int inLength = batch * inputs(weights);
        int outLength = batch * outputs(weights);
        float[] in = new float[inLength + GUARD];
        System.arraycopy(x, 0, in, 0, inLength);
        Arrays.fill(in, inLength, in.length, Float.NaN);
        float[] out = new float[outLength + GUARD];
        Arrays.fill(out, UNTOUCHED);
        run(kernels, weights, batch, in, out);
        for (int i = outLength; i < out.length; i++) {
            assertEquals(UNTOUCHED, out[i], this + ": guard cell " + (i - outLength) + " behind y was written");
        }
        return Arrays.copyOf(out, outLength);
    }

    /** Compares with a double loop: the bound of any order of n products and sums in F32. */
    void assertRight(Matrix weights, int batch, float[] x, float[] y) {
        int n = inputs(weights);
        int outputs = outputs(weights);
        double[] w = new double[weights.rows() * weights.cols()];
        for (int i = 0; i < w.length; i++) {
            w[i] = weights.get(i);
        }
        boolean rounded = this == GEMV && weights instanceof Matrix.Q4;
        for (int i = 0; i < batch; i++) {
            double[] off = rounded ? roundingOf(x, i * n, n) : new double[n];
            for (int o = 0; o < outputs; o++) {
                double sum = 0;
                double magnitude = 0;
                double input = 0;
                for (int j = 0; j < n; j++) {
                    double weight = w[transposed() ? j * outputs + o : o * n + j];
                    double product = weight * x[i * n + j];
                    sum += product;
                    magnitude += Math.abs(product);
                    input += Math.abs(weight) * off[j];
                }
                assertClose(
                        sum,
                        magnitude + input,
                        input,
                        n,
                        y[i * outputs + o],
                        this + " " + describe(weights) + " batch " + batch + ": y[" + i + ", " + o + "]");
            }
        }
    }

    /** How far a number of x in 8 bits may be off: half a step of its block, and the roundings of the step itself. */
    private static double[] roundingOf(float[] x, int offset, int n) {
        double[] off = new double[n];
        for (int j = 0; j < n; j++) {
            double largest = 0;
            for (int k = j / 32 * 32; k < Math.min(n, j / 32 * 32 + 32); k++) {
                largest = Math.max(largest, Math.abs(x[offset + k]));
            }
            off[j] = largest / 254 * (1 + Math.scalb(1.0, -14));
        }
        return off;
    }

    private static void assertClose(double expected, double magnitude, double input, int n, float actual, String what) {
        if (Double.isNaN(expected) || Double.isInfinite(expected)) {
            assertEquals((float) expected, actual, what);
        } else {
            // n products and n sums, each rounded once; below the normal range an absolute half of the least number
            double bound = (n + 1) * Math.scalb(magnitude, -24) * 1.001 + (n + 1) * Float.MIN_VALUE + input;
            assertTrue(
                    Math.abs(actual - expected) <= bound,
                    () -> what + " is " + actual + ", expected " + expected + " within " + bound);
        }
    }

    static String describe(Matrix weights) {
        return weights.getClass().getSimpleName() + " [" + weights.rows() + ", " + weights.cols() + "]";
    }

    /**
     * A matrix of random values of mixed magnitude in its own memory, NaN all around it.
     *
     * @param shift bytes by which its first element misses alignment
     */
    static Matrix weights(Arena arena, RandomGenerator random, Format format, int rows, int cols, int shift) {
        if (format.quantized() != null) {
            return quantized(arena, random, format.quantized(), rows, cols, shift);
        }
        long bytes = (long) rows * cols * format.bytes();
        // a NaN in every format of floating point
        MemorySegment all = arena.allocate(bytes + 128 + shift, 64).fill((byte) 0xff);
        MemorySegment data = all.asSlice(64 + shift, bytes);
        for (int i = 0; i < rows * cols; i++) {
            float value = value(random);
            switch (format) {
                case F32 -> data.set(Matrix.FLOAT, 4L * i, value);
                case F16 -> data.set(Matrix.SHORT, 2L * i, Float.floatToFloat16(value));
                case INT8 -> data.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt(-128, 128));
                default -> data.set(Matrix.SHORT, 2L * i, (short) (Float.floatToRawIntBits(value) >> 16));
            }
        }
        return of(format, rows, cols, data.asReadOnly());
    }

    /** Any values and scales of mixed magnitude; beyond the matrix zeros as the format asks, NaN scales around them. */
    private static Matrix quantized(
            Arena arena, RandomGenerator random, QuantizedFormat format, int rows, int cols, int shift) {
        long valueBytes = format.valueBytes(rows, cols);
        long scaleBytes = format.scaleBytes(rows, cols);
        MemorySegment values = arena.allocate(valueBytes + 128 + shift, 64)
                .fill((byte) 0x7f)
                .asSlice(64 + shift, valueBytes)
                .fill((byte) (format == QuantizedFormat.Q8 ? 0 : 0x88));
        MemorySegment scales = arena.allocate(scaleBytes + 128 + shift, 64)
                .fill((byte) 0xff)
                .asSlice(64 + shift, scaleBytes)
                .fill((byte) 0);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                long at = format.intAt(cols, r, c);
                int value = format == QuantizedFormat.Q8 ? random.nextInt(-127, 128) & 0xff : random.nextInt(16);
                int mask = (format == QuantizedFormat.Q8 ? 0xff : 15) << format.shift(c);
                int word = (values.get(QuantizedFormat.INT, at) & ~mask) | (value << format.shift(c));
                values.set(QuantizedFormat.INT, at, word);
                if (c % QuantizedFormat.BLOCK == 0) {
                    short scale = (short) (Float.floatToRawIntBits(value(random)) >> 16);
                    scales.set(Matrix.SHORT, QuantizedFormat.scaleAt(cols, r, c), scale);
                }
            }
        }
        return format.matrix(rows, cols, values.asReadOnly(), scales.asReadOnly());
    }

    static Matrix of(Format format, int rows, int cols, MemorySegment data) {
        return switch (format) {
            case F32 -> new Matrix.F32(rows, cols, data);
            case F16 -> new Matrix.F16(rows, cols, data);
            case BF16 -> new Matrix.Bf16(rows, cols, data);
            case INT8 -> new Matrix.Int8(rows, cols, data);
            default -> throw new IllegalArgumentException(format + " has two planes");
        };
    }

    static float[] activations(RandomGenerator random, int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = value(random);
        }
        return x;
    }

    /** Signed, of magnitudes from 2^-12 to 2^12. */
    private static float value(RandomGenerator random) {
        return (random.nextFloat() * 2 - 1) * Math.scalb(1f, random.nextInt(-12, 13));
    }
}
