package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.KernelChoice;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;

/** Matrices with known spectra, an independent decomposition in doubles, and what every decomposition must satisfy. */
public final class SvdCases {
    /** Rounding of one factor's elements to floats, relative. */
    private static final double ROUNDING = 0x1p-24;

    private SvdCases() {}

    /** The loops under test: what {@code mimic.vector} forces. */
    public static DoubleKernels kernels() {
        return KernelChoice.requested() == KernelChoice.SCALAR ? DoubleKernels.scalar() : DoubleKernels.vector();
    }

    /** The products in single precision of the same kind. */
    public static MatrixKernels matrixKernels(WorkerPool pool) {
        return KernelChoice.requested() == KernelChoice.SCALAR
                ? MatrixKernels.scalar(pool)
                : MatrixKernels.vector(pool);
    }

    public static Matrix matrix(int rows, int cols, double[] values) {
        MemorySegment data = Arena.ofAuto().allocate((long) rows * cols * Float.BYTES);
        for (int i = 0; i < rows * cols; i++) {
            data.set(Matrix.FLOAT, (long) i * Float.BYTES, (float) values[i]);
        }
        return new Matrix.F32(rows, cols, data);
    }

    public static double[] gaussian(RandomGenerator random, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextGaussian();
        }
        return values;
    }

    /** A matrix with random singular vectors and the given singular values. */
    public static Matrix withSpectrum(RandomGenerator random, int rows, int cols, double[] sigma) {
        double[][] u = orthonormalColumns(random, rows, sigma.length);
        double[][] v = orthonormalColumns(random, cols, sigma.length);
        double[] w = new double[rows * cols];
        for (int k = 0; k < sigma.length; k++) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < cols; j++) {
                    w[i * cols + j] += u[k][i] * sigma[k] * v[k][j];
                }
            }
        }
        return matrix(rows, cols, w);
    }

    /** Gram and Schmidt, twice. */
    private static double[][] orthonormalColumns(RandomGenerator random, int rows, int cols) {
        double[][] q = new double[cols][];
        for (int k = 0; k < cols; k++) {
            q[k] = gaussian(random, rows);
            for (int round = 0; round < 2; round++) {
                for (int j = 0; j < k; j++) {
                    double product = dot(q[j], q[k]);
                    for (int i = 0; i < rows; i++) {
                        q[k][i] -= product * q[j][i];
                    }
                }
                double norm = Math.sqrt(dot(q[k], q[k]));
                for (int i = 0; i < rows; i++) {
                    q[k][i] /= norm;
                }
            }
        }
        return q;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** Singular values, descending, by one-sided Jacobi rotations in doubles: nothing in common with the code under test. */
    public static double[] jacobi(Matrix w) {
        boolean wide = w.cols() > w.rows();
        int length = Math.max(w.rows(), w.cols());
        int count = Math.min(w.rows(), w.cols());
        double[][] a = new double[count][length];
        for (int k = 0; k < count; k++) {
            for (int i = 0; i < length; i++) {
                a[k][i] = w.get(wide ? (long) k * length + i : (long) i * count + k);
            }
        }
        boolean turned = true;
        for (int sweep = 0; sweep < 60 && turned; sweep++) {
            turned = false;
            for (int p = 0; p < count; p++) {
                for (int q = p + 1; q < count; q++) {
                    turned |= rotate(a[p], a[q]);
                }
            }
        }
        double[] sigma = new double[count];
        for (int k = 0; k < count; k++) {
            sigma[k] = -Math.sqrt(dot(a[k], a[k]));
        }
        java.util.Arrays.sort(sigma);
        for (int k = 0; k < count; k++) {
            sigma[k] = -sigma[k];
        }
        return sigma;
    }

    private static boolean rotate(double[] a, double[] b) {
        double aa = dot(a, a);
        double bb = dot(b, b);
        double ab = dot(a, b);
        if (ab == 0 || Math.abs(ab) <= 1e-15 * Math.sqrt(aa * bb)) {
            return false;
        }
        double zeta = (bb - aa) / (2 * ab);
        double t = Math.copySign(1, zeta) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        double c = 1 / Math.sqrt(1 + t * t);
        double s = c * t;
        for (int i = 0; i < a.length; i++) {
            double ai = a[i];
            a[i] = c * ai - s * b[i];
            b[i] = s * ai + c * b[i];
        }
        return true;
    }

    /**
     * Orthonormal factors, W rebuilt, sigma descending, signs as agreed.
     *
     * @param roundings by which U and V may be off from an orthonormal matrix besides that of their elements to floats,
     *     in units of 2^-24
     */
    static void assertWhole(String name, Matrix w, Svd svd, double roundings) {
        assertEquals(Math.min(w.rows(), w.cols()), svd.rank(), name);
        assertWellFormed(name, svd, roundings);
        double norm = 0;
        for (long i = 0; i < (long) w.rows() * w.cols(); i++) {
            norm += (double) w.get(i) * w.get(i);
        }
        // one each of u, sigma and v, and a little
        double bound = (4 + roundings) * ROUNDING * Math.sqrt(norm);
        assertTrue(error(w, svd) <= bound, () -> name + ": ‖W - USVᵀ‖ is " + error(w, svd) + ", bound " + bound);
    }

    static void assertWellFormed(String name, Svd svd, double roundings) {
        assertOrthonormal(name + ": U", svd.u(), svd.rows(), svd.rank(), roundings);
        assertOrthonormal(name + ": V", svd.v(), svd.cols(), svd.rank(), roundings);
        for (int k = 0; k < svd.rank(); k++) {
            float sigma = svd.sigma()[k];
            assertTrue(sigma >= 0 && Float.isFinite(sigma), name + ": sigma " + k + " is " + sigma);
            assertTrue(k == 0 || sigma <= svd.sigma()[k - 1], name + ": sigma ascends at " + k);
            float largest = 0;
            for (int i = 0; i < svd.rows(); i++) {
                float entry = svd.u()[i * svd.rank() + k];
                largest = Math.abs(entry) > Math.abs(largest) ? entry : largest;
            }
            assertTrue(largest > 0, name + ": largest entry of column " + k + " of U is " + largest);
        }
    }

    private static void assertOrthonormal(String name, float[] matrix, int rows, int rank, double roundings) {
        for (int k = 0; k < rank; k++) {
            for (int j = 0; j <= k; j++) {
                double product = 0;
                for (int i = 0; i < rows; i++) {
                    product += (double) matrix[i * rank + k] * matrix[i * rank + j];
                }
                double expected = k == j ? 1 : 0;
                // |Σ (a + da)(b + db) - ab| ≤ 2 · 2^-24 Σ|ab| ≤ 2^-23
                assertEquals(
                        expected, product, (2 + roundings) * ROUNDING + 1e-9, name + ": columns " + k + " and " + j);
            }
        }
    }

    /** {@code ‖W - U diag(sigma) Vᵀ‖_F}. */
    public static double error(Matrix w, Svd svd) {
        double total = 0;
        for (int i = 0; i < svd.rows(); i++) {
            for (int j = 0; j < svd.cols(); j++) {
                double value = w.get((long) i * svd.cols() + j);
                for (int k = 0; k < svd.rank(); k++) {
                    value -= (double) svd.u()[i * svd.rank() + k] * svd.sigma()[k] * svd.v()[j * svd.rank() + k];
                }
                total += value * value;
            }
        }
        return Math.sqrt(total);
    }
}
