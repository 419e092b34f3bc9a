package dev.mimic.kernels.svd;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;

/**
 * The leading singular values by a random sketch with power iterations, orthonormalized after every product (Halko,
 * Martinsson, Tropp 2011, algorithms 4.4 and 5.1). Computed in double precision; the same seed gives the same result
 * whatever the number of threads.
 */
public final class RandomizedSvd {
    private final DoubleKernels kernels;
    private final WorkerPool pool;
    private final Options options;

    /**
     * What to compute.
     *
     * @param sketch the random projection
     * @param rank singular values wanted, at least 1
     * @param oversampling columns of the sketch beyond the rank, at least 0; 10 is usual
     * @param power power iterations, at least 0; 2 serve slowly falling spectra
     * @param seed of the sketch
     */
    public record Options(Sketch sketch, int rank, int oversampling, int power, long seed) {
        public Options {
            Shapes.positive("svd", "rank", rank);
            if (oversampling < 0 || power < 0) {
                throw new IllegalArgumentException(
                        "svd: oversampling is " + oversampling + " and power " + power + ", expected at least 0");
            }
        }
    }

    /** Makes it; kernels and pool are borrowed. */
    public RandomizedSvd(DoubleKernels kernels, WorkerPool pool, Options options) {
        this.kernels = kernels;
        this.pool = pool;
        this.options = options;
    }

    /**
     * Decomposes.
     *
     * @param w [rows, cols]; read only
     * @return {@code rank} singular values and their vectors
     * @throws IllegalArgumentException if an element is not finite (names it), W is empty or the rank beyond its sides
     */
    public Svd decompose(Matrix w) {
        int height = Math.max(w.rows(), w.cols());
        int width = Math.min(w.rows(), w.cols());
        if (options.rank() > width) {
            throw new IllegalArgumentException("svd: rank is " + options.rank() + ", expected at most " + width
                    + " (W [" + w.rows() + ", " + w.cols() + "])");
        }
        int sketched = (int) Math.min(width, (long) options.rank() + options.oversampling());
        double[] a = DoubleMatrix.tall("svd", pool, w);
        Qr qr = new Qr(kernels, pool);
        DoubleGemm gemm = new DoubleGemm(kernels, pool);
        double[] q = options.sketch().project(kernels, pool, a, height, width, sketched, options.seed());
        q = qr.orthonormal(q, sketched, height, sketched);
        for (int i = 0; i < options.power(); i++) {
            double[] right = qr.orthonormal(timesA(gemm, q, a, height, width), sketched, width, sketched);
            q = qr.orthonormal(timesTransposed(gemm, right, a, height, width), sketched, height, sketched);
        }
        double[] b = timesA(gemm, q, a, height, width);
        return assemble(gemm, w, q, transposed(b, sketched, width), height, width, sketched);
    }

    /** From B = Qᵀ A: B = X S Yᵀ, so A ≈ (Q X) S Yᵀ. */
    private Svd assemble(DoubleGemm gemm, Matrix w, double[] q, double[] bt, int height, int width, int sketched) {
        GramSvd.Factors factors = new GramSvd(kernels, pool).decompose(bt, width, sketched);
        Assembly assembly = new Assembly(kernels, pool, factors, width, sketched);
        double[] x = factors.vt();
        double[] qx = new double[sketched * height];
        gemm.multiply(
                sketched, height, sketched, 1, Strided.rows(x, 0, sketched), Strided.rows(q, 0, height), qx, 0, height);
        int[] order = Descending.order(factors.sigma());
        float[] tall = new float[height * sketched];
        for (int j = 0; j < sketched; j++) {
            int from = order[j] * height;
            for (int i = 0; i < height; i++) {
                tall[i * sketched + j] = (float) qx[from + i];
            }
        }
        float[] other = assembly.left();
        Svd whole = w.cols() > w.rows()
                ? assembly.svd(w.rows(), w.cols(), other, tall)
                : assembly.svd(w.rows(), w.cols(), tall, other);
        return whole.truncated(options.rank());
    }

    private static double[] timesA(DoubleGemm gemm, double[] qt, double[] a, int height, int width) {
        int count = qt.length / height;
        double[] product = new double[count * width];
        gemm.multiply(
                count, width, height, 1, Strided.rows(qt, 0, height), Strided.rows(a, 0, width), product, 0, width);
        return product;
    }

    private static double[] timesTransposed(DoubleGemm gemm, double[] qt, double[] a, int height, int width) {
        int count = qt.length / width;
        double[] product = new double[count * height];
        Strided at = Strided.rows(a, 0, width).transposed();
        gemm.multiply(count, height, width, 1, Strided.rows(qt, 0, width), at, product, 0, height);
        return product;
    }

    private static double[] transposed(double[] matrix, int rows, int cols) {
        double[] result = new double[matrix.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
                result[j * rows + i] = matrix[i * cols + j];
            }
        }
        return result;
    }
}
