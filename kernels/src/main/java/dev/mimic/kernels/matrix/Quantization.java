package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.matrix.QuantizedFormat.BLOCK;
import static dev.mimic.kernels.matrix.QuantizedFormat.ROWS;

import dev.mimic.kernels.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Rounds matrices to 8 or 4 bits. The same matrix gives the same bytes, however many threads work.
 *
 * <p>Q8: the scale of a block is its largest magnitude over 127, rounded to BF16; values go to the nearest. Q4: several
 * scales are tried, which put the number of largest magnitude at or near an end of the range, each is then moved to where
 * the squared error of its values is least, and the best of all is kept.
 */
public final class Quantization {
    /** Where the number of largest magnitude may come to lie. */
    private static final float[] ENDS = {-8, -8.5f, -7.5f, -7, -6.5f, 7, 7.5f};

    private Quantization() {}

    /**
     * A quantized matrix.
     *
     * @param matrix in memory of the arena that was given
     * @param squaredError {@code ‖W - W'‖²}, of Frobenius
     * @param squaredNorm {@code ‖W‖²}
     */
    public record Result(Matrix matrix, double squaredError, double squaredNorm) {
        /** {@code ‖W - W'‖ / ‖W‖}; 0 for a matrix of zeros. */
        public double relativeError() {
            return squaredNorm == 0 ? 0 : Math.sqrt(squaredError / squaredNorm);
        }
    }

    /**
     * Quantizes a matrix.
     *
     * @param w read only
     * @param arena gets the planes; of a kind that the pool's threads may write to
     * @throws IllegalArgumentException naming the first element that is not finite
     */
    public static Result quantize(Matrix w, QuantizedFormat format, Arena arena, WorkerPool pool) {
        int rows = w.rows();
        int cols = w.cols();
        int panels = QuantizedFormat.panels(rows);
        MemorySegment values = arena.allocate(Math.max(1, format.valueBytes(rows, cols)), 64);
        MemorySegment scales = arena.allocate(Math.max(1, format.scaleBytes(rows, cols)), 64);
        double[] errors = new double[panels];
        double[] norms = new double[panels];
        pool.run(panels, 1, (begin, end) -> {
            Panel panel = new Panel(w, format, values, scales);
            for (int p = begin; p < end; p++) {
                panel.quantize(p);
                errors[p] = panel.squaredError;
                norms[p] = panel.squaredNorm;
            }
        });
        double error = 0;
        double norm = 0;
        for (int p = 0; p < panels; p++) {
            error += errors[p];
            norm += norms[p];
        }
        return new Result(format.matrix(rows, cols, values.asReadOnly(), scales.asReadOnly()), error, norm);
    }

    /**
     * The plane of scales of a quantized matrix.
     *
     * @throws IllegalArgumentException if it is a plain one
     */
    public static MemorySegment scales(Matrix matrix) {
        return switch (matrix) {
            case Matrix.Q8 q8 -> q8.scales();
            case Matrix.Q4 q4 -> q4.scales();
            default -> throw new IllegalArgumentException("scales: the matrix is plain, expected a quantized one");
        };
    }

    /** One panel after the other. */
    private static final class Panel {
        private final Matrix w;
        private final QuantizedFormat format;
        private final MemorySegment values;
        private final MemorySegment scales;
        private final float[] block = new float[BLOCK];
        private final byte[] rounded = new byte[BLOCK];
        private final byte[] tried = new byte[BLOCK];
        private final int[] words;
        private double squaredError;
        private double squaredNorm;

        Panel(Matrix w, QuantizedFormat format, MemorySegment values, MemorySegment scales) {
            this.w = w;
            this.format = format;
            this.values = values;
            this.scales = scales;
            words = new int[format.ints()];
        }

        void quantize(int panel) {
            squaredError = 0;
            squaredNorm = 0;
            int cols = w.cols();
            for (int row = panel * ROWS; row < (panel + 1) * ROWS; row++) {
                for (int col = 0; col < cols; col += BLOCK) {
                    read(row, col);
                    float scale = format == QuantizedFormat.Q8 ? eight() : four();
                    scales.set(Matrix.SHORT, QuantizedFormat.scaleAt(cols, row, col), bf16(scale));
                    write(row, col);
                    for (int i = 0; i < BLOCK; i++) {
                        double difference = block[i] - (double) (rounded[i] * scale);
                        squaredError += difference * difference;
                        squaredNorm += (double) block[i] * block[i];
                    }
                }
            }
        }

        /** Zeros where the matrix has ended. */
        private void read(int row, int col) {
            int valid = row < w.rows() ? Math.min(BLOCK, w.cols() - col) : 0;
            long first = (long) row * w.cols() + col;
            for (int i = 0; i < valid; i++) {
                float value = w.get(first + i);
                if (!Float.isFinite(value)) {
                    throw new IllegalArgumentException("quantize: element [" + row + ", " + (col + i) + "] is " + value
                            + ", expected a finite value");
                }
                block[i] = value;
            }
            for (int i = valid; i < BLOCK; i++) {
                block[i] = 0;
            }
        }

        private void write(int row, int col) {
            int mask = format == QuantizedFormat.Q8 ? 0xff : 15;
            int bias = format == QuantizedFormat.Q8 ? 0 : 8;
            Arrays.fill(words, 0);
            for (int i = 0; i < BLOCK; i++) {
                int word = format == QuantizedFormat.Q8 ? i / 4 : i % 16 / 4;
                words[word] |= (rounded[i] + bias & mask) << format.shift(i);
            }
            long at = format.intAt(w.cols(), row, col);
            for (int i = 0; i < words.length; i++) {
                values.set(QuantizedFormat.INT, at + (long) i * ROWS * Integer.BYTES, words[i]);
            }
        }

        /** Rounds the block to 8 bits and returns its scale. */
        private float eight() {
            float largest = 0;
            for (float value : block) {
                largest = Math.max(largest, Math.abs(value));
            }
            float scale = roundToBf16(largest / 127);
            round(scale, -127, 127, rounded);
            return scale;
        }

        /** Rounds the block to 4 bits and returns its scale, which may be negative. */
        private float four() {
            float extreme = 0;
            for (float value : block) {
                extreme = Math.abs(value) > Math.abs(extreme) ? value : extreme;
            }
            float best = 0;
            double least = Double.POSITIVE_INFINITY;
            for (float end : ENDS) {
                round(roundToBf16(extreme / end), -8, 7, tried);
                float scale = roundToBf16(fitting(tried));
                round(scale, -8, 7, tried);
                double error = error(tried, scale);
                if (error < least) {
                    least = error;
                    best = scale;
                    System.arraycopy(tried, 0, rounded, 0, BLOCK);
                }
            }
            return best;
        }

        private void round(float scale, int lowest, int highest, byte[] to) {
            for (int i = 0; i < BLOCK; i++) {
                float quotient = scale == 0 ? 0 : block[i] / scale;
                to[i] = (byte) Math.clamp((float) Math.rint(quotient), lowest, highest);
            }
        }

        /** The scale of least squared error for given values. */
        private float fitting(byte[] of) {
            double product = 0;
            int square = 0;
            for (int i = 0; i < BLOCK; i++) {
                product += (double) block[i] * of[i];
                square += of[i] * of[i];
            }
            return square == 0 ? 0 : (float) (product / square);
        }

        private double error(byte[] of, float scale) {
            double sum = 0;
            for (int i = 0; i < BLOCK; i++) {
                double difference = block[i] - (double) (of[i] * scale);
                sum += difference * difference;
            }
            return sum;
        }
    }

    /** To the nearest BF16, ties to even; a finite number stays finite. */
    private static float roundToBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000;
        boolean overflows = (rounded & 0x7f800000) == 0x7f800000;
        return Float.intBitsToFloat(overflows ? bits & 0xffff0000 : rounded);
    }

    private static short bf16(float rounded) {
        return (short) (Float.floatToRawIntBits(rounded) >> 16);
    }
}
