package dev.mimic.kernels.svd;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;

/**
 * The leading singular values by a random sketch with power iterations, orthonormalized after every product (Halko,
 * Martinsson, Tropp 2011, algorithms 4.4 and 5.1). Products with W are in single precision, all else in double, so that
 * the factors are orthonormal to the rounding of floats; the same seed gives the same result whatever the number of
 * threads.
 */
public final class RandomizedSvd {
    private static final int SQUARE = 32;

    private final DoubleKernels kernels;
    private final MatrixKernels matrix;
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

        /**
         * Columns of the sketch of a matrix.
         *
         * @throws IllegalArgumentException if the rank is beyond the matrix's sides
         */
        public int sketched(Matrix w) {
            int width = Math.min(w.rows(), w.cols());
            if (rank > width) {
                throw new IllegalArgumentException("svd: rank is " + rank + ", expected at most " + width + " (W ["
                        + w.rows() + ", " + w.cols() + "])");
            }
            return (int) Math.min(width, (long) rank + oversampling);
        }
    }

    /** Makes it; kernels and pool are borrowed. One calling thread at a time, as {@code matrix}. */
    public RandomizedSvd(DoubleKernels kernels, MatrixKernels matrix, WorkerPool pool, Options options) {
        this.kernels = kernels;
        this.matrix = matrix;
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
        int sketched = options.sketched(w);
        TallProducts products = new TallProducts("svd", matrix, pool, w);
        CholeskyQr qr = new CholeskyQr(kernels, pool);
        float[] y = sketch(products, w, width, sketched);
        for (int i = 0; i < options.power(); i++) {
            float[] q = floats(qr.conditioned(doubles(y), sketched, height));
            float[] right = products.transposedTimes(q, sketched);
            y = products.timesRight(floats(qr.conditioned(doubles(right), sketched, width)), sketched);
        }
        double[] q = qr.orthonormal(doubles(y), sketched, height);
        float[] b = products.transposedTimes(floats(q), sketched);
        return assemble(w, q, transposed(b, sketched, width), height, width, sketched, products.exponent());
    }

    private float[] sketch(TallProducts products, Matrix w, int width, int sketched) {
        return switch (options.sketch()) {
            case Sketch.Gaussian gaussian ->
                products.timesRight(gaussian.matrix(pool, sketched, width, options.seed()), sketched);
            case Sketch.Srft srft -> {
                double[] a = DoubleMatrix.tall("svd", pool, w);
                for (int i = 0; products.exponent() != 0 && i < a.length; i++) {
                    a[i] = Math.scalb(a[i], -products.exponent());
                }
                yield floats(srft.project(pool, a, a.length / width, width, sketched, options.seed()));
            }
        };
    }

    /** From B = Qᵀ A: B = X S Yᵀ, so A ≈ (Q X) S Yᵀ. */
    private Svd assemble(Matrix w, double[] q, double[] bt, int height, int width, int sketched, int exponent) {
        GramSvd.Factors factors = new GramSvd(kernels, pool).decompose(bt, width, sketched);
        for (int j = 0; j < sketched; j++) {
            factors.sigma()[j] = Math.scalb(factors.sigma()[j], exponent);
        }
        double[] qx = new double[height * sketched];
        Strided byRows = Strided.rows(q, 0, height).transposed();
        new DoubleGemm(kernels, pool)
                .multiply(
                        height, sketched, sketched, 1, byRows, Strided.rows(factors.v(), 0, sketched), qx, 0, sketched);
        Assembly assembly = new Assembly(kernels, pool, factors, width, sketched);
        float[] tall = assembly.inOrder(qx, height);
        float[] other = assembly.left();
        Svd whole = w.cols() > w.rows()
                ? assembly.svd(w.rows(), w.cols(), other, tall)
                : assembly.svd(w.rows(), w.cols(), tall, other);
        return whole.truncated(options.rank());
    }

    private static double[] doubles(float[] values) {
        double[] result = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = values[i];
        }
        return result;
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }

    private static double[] transposed(float[] matrix, int rows, int cols) {
        double[] result = new double[matrix.length];
        for (int j0 = 0; j0 < cols; j0 += SQUARE) { // in blocks: a row of the result is a column of the matrix
            for (int i = 0; i < rows; i++) {
                for (int j = j0; j < Math.min(cols, j0 + SQUARE); j++) {
                    result[j * rows + i] = matrix[i * cols + j];
                }
            }
        }
        return result;
    }
}
