package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A stored matrix widened to doubles, turned so that it is not wider than tall. */
final class DoubleMatrix {
    private static final int STRIP = 64;

    private DoubleMatrix() {}

    /**
     * Widens a matrix, or its transpose if it is wider than tall.
     *
     * @return row-major, [max(rows, cols), min(rows, cols)]
     * @throws IllegalArgumentException if the matrix is empty, too large for an array, or not finite
     */
    static double[] tall(String operation, WorkerPool pool, Matrix w) {
        checkSize(operation, w);
        int rows = w.rows();
        int cols = w.cols();
        boolean wide = cols > rows;
        double[] a = new double[rows * cols];
        pool.run((rows + STRIP - 1) / STRIP, 1, (begin, end) -> {
            double[] row = new double[cols];
            for (int i = begin * STRIP; i < Math.min(rows, end * STRIP); i++) {
                widen(w, i, row);
                check(operation, i, row);
                if (wide) {
                    for (int j = 0; j < cols; j++) {
                        a[j * rows + i] = row[j];
                    }
                } else {
                    System.arraycopy(row, 0, a, i * cols, cols);
                }
            }
        });
        return a;
    }

    /** Refuses a matrix that is empty or too large for an array. */
    static void checkSize(String operation, Matrix w) {
        long elements = (long) w.rows() * w.cols();
        if (elements == 0 || elements > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(operation + ": W is [" + w.rows() + ", " + w.cols() + "], expected 1 to "
                    + (Integer.MAX_VALUE - 8) + " elements");
        }
    }

    /** Widens one row exactly. */
    static void widen(Matrix w, int row, double[] to) {
        int cols = w.cols();
        long base = (long) row * cols * w.elementBytes();
        MemorySegment data = w.data();
        switch (w) {
            case Matrix.F32 _ -> {
                for (int j = 0; j < cols; j++) {
                    to[j] = data.get(Matrix.FLOAT, base + (long) j * Float.BYTES);
                }
            }
            case Matrix.Bf16 _ -> {
                for (int j = 0; j < cols; j++) {
                    to[j] = Float.intBitsToFloat(data.get(Matrix.SHORT, base + (long) j * Short.BYTES) << 16);
                }
            }
            case Matrix.Int8 _ -> {
                for (int j = 0; j < cols; j++) {
                    to[j] = data.get(ValueLayout.JAVA_BYTE, base + j);
                }
            }
            case Matrix.Q8 _, Matrix.Q4 _ -> {
                for (int j = 0; j < cols; j++) {
                    to[j] = w.get((long) row * cols + j);
                }
            }
            case Matrix.F16 _ -> {
                for (int j = 0; j < cols; j++) {
                    to[j] = Float.float16ToFloat(data.get(Matrix.SHORT, base + (long) j * Short.BYTES));
                }
            }
        }
    }

    /** Refuses a row with an element that is not finite. */
    static void check(String operation, int i, double[] row) {
        for (int j = 0; j < row.length; j++) {
            if (!Double.isFinite(row[j])) {
                throw new IllegalArgumentException(
                        operation + ": element [" + i + ", " + j + "] is " + row[j] + ", expected a finite value");
            }
        }
    }
}
