package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class RandomizedSvdTest {
    private static final List<Sketch> SKETCHES = List.of(new Sketch.Gaussian(), new Sketch.Srft());

    private static WorkerPool pool;

    @BeforeAll
    static void openPool() {
        pool = WorkerPool.of(2);
    }

    @AfterAll
    static void closePool() {
        pool.close();
    }

    private static Svd decompose(Matrix w, Sketch sketch, int rank, int oversampling, int power, long seed) {
        RandomizedSvd.Options options = new RandomizedSvd.Options(sketch, rank, oversampling, power, seed);
        return new RandomizedSvd(SvdCases.kernels(), SvdCases.matrixKernels(pool), pool, options).decompose(w);
    }

    @Test
    void theErrorIsNearTheBestOnDecayingSpectra() {
        double[] sigma = new double[60];
        for (int i = 0; i < sigma.length; i++) {
            sigma[i] = Math.pow(0.85, i);
        }
        for (int[] shape : new int[][] {{120, 75}, {75, 120}, {90, 90}}) {
            Matrix w = SvdCases.withSpectrum(SeededCases.generator(11), shape[0], shape[1], sigma);
            double best = 0;
            for (int i = 20; i < sigma.length; i++) {
                best += sigma[i] * sigma[i];
            }
            best = Math.sqrt(best);
            for (Sketch sketch : SKETCHES) {
                // power 0: Halko et al. 2011, theorem 10.5: the mean is at most sqrt(1 + k/(p - 1)) of the best
                assertNear(w, sketch, 0, Math.sqrt(1 + 20.0 / 9) * best, sigma, 0.2);
                assertNear(w, sketch, 2, 1.01 * best, sigma, 1e-3);
            }
        }
    }

    private static void assertNear(Matrix w, Sketch sketch, int power, double bound, double[] sigma, double tolerance) {
        for (long seed = 0; seed < 3; seed++) {
            String name = sketch + " " + w.rows() + "x" + w.cols() + " power " + power + " seed " + seed;
            Svd svd = decompose(w, sketch, 20, 10, power, seed);
            assertEquals(20, svd.rank());
            SvdCases.assertWellFormed(name, svd);
            double error = SvdCases.error(w, svd);
            assertTrue(error <= bound, () -> name + ": error " + error + ", bound " + bound);
            for (int k = 0; k < 10; k++) {
                assertEquals(sigma[k], svd.sigma()[k], tolerance * sigma[k], name + ": sigma " + k);
            }
        }
    }

    @Test
    void theWholeRankIsTheFullDecomposition() {
        Matrix w = SvdCases.matrix(40, 24, SvdCases.gaussian(SeededCases.generator(12), 960));
        double[] expected = SvdCases.jacobi(w);
        for (Sketch sketch : SKETCHES) {
            Svd svd = decompose(w, sketch, 24, 10, 1, 7);
            SvdCases.assertWhole(sketch.toString(), w, svd);
            for (int k = 0; k < 24; k++) {
                assertEquals(expected[k], svd.sigma()[k], 1e-6 * expected[0]);
            }
        }
    }

    @Test
    void aRankBelowTheSketchStillGivesOrthonormalFactors() {
        for (Sketch sketch : SKETCHES) {
            Matrix w = SvdCases.withSpectrum(SeededCases.generator(13), 50, 30, new double[] {3, 2, 1});
            Svd svd = decompose(w, sketch, 8, 4, 2, 1);
            SvdCases.assertWellFormed(sketch.toString(), svd);
            assertEquals(3, svd.sigma()[0], 1e-5);
            assertEquals(1, svd.sigma()[2], 1e-5);
            assertEquals(0, svd.sigma()[3], 1e-5);
            Svd zero = decompose(SvdCases.matrix(20, 10, new double[200]), sketch, 4, 2, 1, 1);
            SvdCases.assertWellFormed("zero", zero);
            assertArrayEquals(new float[4], zero.sigma());
        }
    }

    @Test
    void theSameSeedRepeatsOnAnyNumberOfThreadsAndAnotherDoesNot() {
        Matrix w = SvdCases.matrix(80, 50, SvdCases.gaussian(SeededCases.generator(14), 4000));
        for (Sketch sketch : SKETCHES) {
            Svd first = decompose(w, sketch, 10, 5, 1, 3);
            assertArrayEquals(first.u(), decompose(w, sketch, 10, 5, 1, 3).u(), 0);
            assertFalse(
                    Arrays.equals(first.u(), decompose(w, sketch, 10, 5, 1, 4).u()));
            try (WorkerPool other = WorkerPool.of(3)) {
                RandomizedSvd.Options options = new RandomizedSvd.Options(sketch, 10, 5, 1, 3);
                Svd svd = new RandomizedSvd(SvdCases.kernels(), SvdCases.matrixKernels(other), other, options)
                        .decompose(w);
                assertArrayEquals(first.v(), svd.v(), 0);
            }
        }
    }

    @Test
    void scalesAtTheEdgesOfFloatAreDecomposed() {
        for (double scale : new double[] {0x1p+110, 0x1p-110}) {
            double[] sigma = {4 * scale, 3 * scale, 2 * scale, scale};
            for (Sketch sketch : SKETCHES) {
                for (int[] shape : new int[][] {{30, 20}, {20, 30}}) {
                    Matrix w = SvdCases.withSpectrum(SeededCases.generator(16), shape[0], shape[1], sigma);
                    Svd svd = decompose(w, sketch, 4, 4, 1, 2);
                    SvdCases.assertWellFormed(sketch + " " + scale, svd);
                    for (int k = 0; k < 4; k++) {
                        assertEquals(sigma[k], svd.sigma()[k], 1e-6 * sigma[0]);
                    }
                }
            }
        }
    }

    @Test
    void aNonFiniteElementIsRefusedByItsPlace() {
        Matrix w = SvdCases.matrix(9, 4, new double[36]);
        w.data().set(Matrix.FLOAT, (2L * 4 + 3) * Float.BYTES, Float.NaN);
        for (Sketch sketch : SKETCHES) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> decompose(w, sketch, 2, 1, 1, 1));
            assertEquals("svd: element [2, 3] is NaN, expected a finite value", e.getMessage());
        }
    }

    @Test
    void theTrigonometricSketchKeepsNorms() {
        int cols = 48;
        double[] a = SvdCases.gaussian(SeededCases.generator(15), 3 * cols);
        double[] whole = new Sketch.Srft().project(pool, a, 3, cols, cols, 9);
        for (int i = 0; i < 3; i++) {
            double before = 0;
            double after = 0;
            for (int j = 0; j < cols; j++) {
                before += a[i * cols + j] * a[i * cols + j];
                after += whole[j * 3 + i] * whole[j * 3 + i];
            }
            assertEquals(before, after, 1e-12 * before);
        }
    }

    @Test
    void impossibleRequestsAreRefused() {
        Matrix w = SvdCases.matrix(6, 4, new double[24]);
        Sketch sketch = new Sketch.Gaussian();
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> decompose(w, sketch, 5, 0, 0, 0));
        assertEquals("svd: rank is 5, expected at most 4 (W [6, 4])", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> decompose(w, sketch, 0, 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> decompose(w, sketch, 1, -1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> decompose(w, sketch, 1, 0, -1, 0));
    }
}
