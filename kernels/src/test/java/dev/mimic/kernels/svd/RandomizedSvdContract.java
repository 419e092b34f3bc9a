package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.testkit.SeededCases;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What randomized decompositions are, wherever they are computed. */
public abstract class RandomizedSvdContract {
    /** For those that say where. */
    protected RandomizedSvdContract() {}

    /** Both projections. */
    protected static final List<Sketch> SKETCHES = List.of(new Sketch.Gaussian(), new Sketch.Srft());

    /** The decomposition under test. */
    protected abstract Svd decompose(Matrix w, RandomizedSvd.Options options);

    /**
     * By how much U and V may be off from orthonormal matrices besides the rounding of their elements to floats, and sigma by a
     * share of the largest, in units of 2^-24.
     */
    protected abstract double roundings(int sketched);

    /** As {@link #decompose(Matrix, RandomizedSvd.Options)}. */
    protected final Svd decompose(Matrix w, Sketch sketch, int rank, int oversampling, int power, long seed) {
        return decompose(w, new RandomizedSvd.Options(sketch, rank, oversampling, power, seed));
    }

    @Test
    public void theErrorIsNearTheBestOnDecayingSpectra() {
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

    private void assertNear(Matrix w, Sketch sketch, int power, double bound, double[] sigma, double tolerance) {
        for (long seed = 0; seed < 3; seed++) {
            String name = sketch + " " + w.rows() + "x" + w.cols() + " power " + power + " seed " + seed;
            Svd svd = decompose(w, sketch, 20, 10, power, seed);
            assertEquals(20, svd.rank());
            SvdCases.assertWellFormed(name, svd, roundings(30));
            double error = SvdCases.error(w, svd);
            assertTrue(error <= bound, () -> name + ": error " + error + ", bound " + bound);
            for (int k = 0; k < 10; k++) {
                assertEquals(sigma[k], svd.sigma()[k], tolerance * sigma[k], name + ": sigma " + k);
            }
        }
    }

    @Test
    public void theWholeRankIsTheFullDecomposition() {
        Matrix w = SvdCases.matrix(40, 24, SvdCases.gaussian(SeededCases.generator(12), 960));
        double[] expected = SvdCases.jacobi(w);
        for (Sketch sketch : SKETCHES) {
            Svd svd = decompose(w, sketch, 24, 10, 1, 7);
            SvdCases.assertWhole(sketch.toString(), w, svd, roundings(24));
            for (int k = 0; k < 24; k++) {
                assertEquals(expected[k], svd.sigma()[k], (1e-6 + roundings(24) * 0x1p-24) * expected[0]);
            }
        }
    }

    @Test
    public void aRankBelowTheSketchStillGivesOrthonormalFactors() {
        for (Sketch sketch : SKETCHES) {
            Matrix w = SvdCases.withSpectrum(SeededCases.generator(13), 50, 30, new double[] {3, 2, 1});
            Svd svd = decompose(w, sketch, 8, 4, 2, 1);
            double slack = 3 * roundings(12) * 0x1p-24;
            SvdCases.assertWellFormed(sketch.toString(), svd, roundings(12));
            assertEquals(3, svd.sigma()[0], 1e-5 + slack);
            assertEquals(1, svd.sigma()[2], 1e-5 + slack);
            assertEquals(0, svd.sigma()[3], 1e-5 + slack);
            Svd zero = decompose(SvdCases.matrix(20, 10, new double[200]), sketch, 4, 2, 1, 1);
            SvdCases.assertWellFormed("zero", zero, roundings(6));
            assertArrayEquals(new float[4], zero.sigma());
        }
    }

    @Test
    public void scalesAtTheEdgesOfFloatAreDecomposed() {
        for (double scale : new double[] {0x1p+110, 0x1p-110}) {
            double[] sigma = {4 * scale, 3 * scale, 2 * scale, scale};
            for (Sketch sketch : SKETCHES) {
                for (int[] shape : new int[][] {{30, 20}, {20, 30}}) {
                    Matrix w = SvdCases.withSpectrum(SeededCases.generator(16), shape[0], shape[1], sigma);
                    Svd svd = decompose(w, sketch, 4, 4, 1, 2);
                    SvdCases.assertWellFormed(sketch + " " + scale, svd, roundings(8));
                    for (int k = 0; k < 4; k++) {
                        assertEquals(sigma[k], svd.sigma()[k], (1e-6 + roundings(8) * 0x1p-24) * sigma[0]);
                    }
                }
            }
        }
    }

    @Test
    public void aNonFiniteElementIsRefusedByItsPlace() {
        Matrix w = SvdCases.matrix(9, 4, new double[36]);
        w.data().set(Matrix.FLOAT, (2L * 4 + 3) * Float.BYTES, Float.NaN);
        for (Sketch sketch : SKETCHES) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> decompose(w, sketch, 2, 1, 1, 1));
            assertEquals("svd: element [2, 3] is NaN, expected a finite value", e.getMessage());
        }
    }

    @Test
    public void impossibleRequestsAreRefused() {
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
