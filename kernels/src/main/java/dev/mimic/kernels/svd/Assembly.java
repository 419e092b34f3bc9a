package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;

/** Puts computed factors into the agreed form: basis completed, descending, rounded to floats, signs fixed. */
final class Assembly {
    private final GramSvd.Factors factors;
    private final int rows;
    private final int cols;
    private final int[] order;
    private final WorkerPool pool;

    /**
     * Completes the left basis.
     *
     * @param factors of a tall matrix; {@code u} is completed in place
     */
    Assembly(DoubleKernels kernels, WorkerPool pool, GramSvd.Factors factors, int rows, int cols) {
        this.pool = pool;
        this.factors = factors;
        this.rows = rows;
        this.cols = cols;
        order = Descending.order(factors.sigma());
        completeBasis(kernels);
    }

    private void completeBasis(DoubleKernels kernels) {
        int known = 0;
        while (known < cols && factors.sigma()[order[known]] > 0) {
            known++;
        }
        if (known == cols) {
            return;
        }
        double[] u = factors.u();
        double[] columns = new double[known * rows];
        for (int j = 0; j < known; j++) {
            for (int i = 0; i < rows; i++) {
                columns[j * rows + i] = u[i * cols + order[j]];
            }
        }
        double[] q = new Qr(kernels, pool).orthonormal(columns, known, rows, cols);
        for (int j = known; j < cols; j++) {
            for (int i = 0; i < rows; i++) {
                u[i * cols + order[j]] = q[j * rows + i];
            }
        }
    }

    /** [rows, cols], the left vectors in order. */
    float[] left() {
        return inOrder(factors.u(), rows);
    }

    /** [cols, cols], the right vectors in order. */
    float[] right() {
        return inOrder(factors.v(), cols);
    }

    /** The columns of a matrix [height, cols] in the order of the singular values, as floats. */
    float[] inOrder(double[] matrix, int height) {
        float[] result = new float[height * cols];
        pool.run(height, 64, (begin, end) -> {
            for (int i = begin; i < end; i++) {
                for (int j = 0; j < cols; j++) {
                    result[i * cols + j] = (float) matrix[i * cols + order[j]];
                }
            }
        });
        return result;
    }

    /** The decomposition of W [wRows, wCols], signs fixed in u and v, which it keeps. */
    Svd svd(int wRows, int wCols, float[] u, float[] v) {
        float[] sigma = new float[cols];
        for (int j = 0; j < cols; j++) {
            sigma[j] = (float) factors.sigma()[order[j]];
        }
        fixSigns(u, v, cols);
        return new Svd(wRows, wCols, u, sigma, v);
    }

    /** Makes the entry of largest magnitude of each column of u positive, the column of v with it. */
    static void fixSigns(float[] u, float[] v, int rank) {
        float[] largest = new float[rank];
        for (int i = 0; i < u.length; i++) {
            int j = i % rank;
            if (Math.abs(u[i]) > Math.abs(largest[j])) {
                largest[j] = u[i];
            }
        }
        turn(u, largest, rank);
        turn(v, largest, rank);
    }

    private static void turn(float[] matrix, float[] largest, int rank) {
        for (int row = 0; row < matrix.length; row += rank) {
            for (int j = 0; j < rank; j++) {
                if (largest[j] < 0) {
                    matrix[row + j] = 0 - matrix[row + j]; // never a negative zero
                }
            }
        }
    }
}
