package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.MemorySegment;

/**
 * A stored matrix as a decomposition elsewhere than in the Java heap takes it: floats, every one of them looked at, and
 * scaled by a power of two where the largest lies near the ends of floats' range.
 */
public final class SvdInput {
    /** Elements up to 2^±EDGE are taken as they are: 2^31 of their squares are far from both ends. */
    private static final int EDGE = 30;

    private static final int STRIP = 64;

    private final WorkerPool pool;
    private final Matrix w;
    private final int exponent;

    private SvdInput(WorkerPool pool, Matrix w, int exponent) {
        this.pool = pool;
        this.w = w;
        this.exponent = exponent;
    }

    /**
     * Looks at a matrix.
     *
     * @param operation for messages
     * @param w [rows, cols]; read only; kept
     * @throws IllegalArgumentException if the matrix is empty, too large for an array, or not finite (names the element)
     */
    public static SvdInput of(String operation, WorkerPool pool, Matrix w) {
        double largest = TallProducts.largest(operation, pool, w);
        int power = largest == 0 ? 0 : Math.getExponent(largest);
        return new SvdInput(pool, w, Math.abs(power) <= EDGE ? 0 : power);
    }

    /** The floats are W times two to the minus this. */
    public int exponent() {
        return exponent;
    }

    /**
     * W as it lies.
     *
     * @return floats [rows, cols]; W's own memory where that holds the same
     */
    public MemorySegment byRows() {
        if (exponent == 0 && w instanceof Matrix.F32) {
            return w.data().asSlice(0, w.byteSize());
        }
        int cols = w.cols();
        float[] values = new float[w.rows() * cols];
        eachRow((i, row) -> {
            for (int j = 0; j < cols; j++) {
                values[i * cols + j] = row[j];
            }
        });
        return MemorySegment.ofArray(values);
    }

    /**
     * W turned round.
     *
     * @return floats [cols, rows]
     */
    public MemorySegment byColumns() {
        int rows = w.rows();
        float[] values = new float[rows * w.cols()];
        eachRow((i, row) -> {
            for (int j = 0; j < row.length; j++) {
                values[j * rows + i] = row[j];
            }
        });
        return MemorySegment.ofArray(values);
    }

    /** Takes a row. */
    @FunctionalInterface
    private interface RowSink {
        void accept(int index, float[] row);
    }

    private void eachRow(RowSink sink) {
        int rows = w.rows();
        int cols = w.cols();
        pool.run((rows + STRIP - 1) / STRIP, 1, (begin, end) -> {
            double[] wide = new double[cols];
            float[] row = new float[cols];
            for (int i = begin * STRIP; i < Math.min(rows, end * STRIP); i++) {
                DoubleMatrix.widen(w, i, wide);
                for (int j = 0; j < cols; j++) {
                    row[j] = (float) (exponent == 0 ? wide[j] : Math.scalb(wide[j], -exponent));
                }
                sink.accept(i, row);
            }
        });
    }
}
