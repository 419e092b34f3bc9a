package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** What whole decompositions are, wherever they are computed, as long as that is in doubles. */
public abstract class FullSvdContract {
    /** For those that say where. */
    protected FullSvdContract() {}

    /** The decomposition under test. */
    protected abstract Svd decompose(Matrix w);

    @Test
    public void everyShapeIsDecomposed() {
        int[][] shapes = {
            {1, 1},
            {1, 2},
            {2, 1},
            {2, 2},
            {3, 2},
            {2, 3},
            {1, 37},
            {37, 1},
            {5, 5},
            {17, 33},
            {33, 17},
            {64, 64},
            {65, 66},
            {100, 7},
            {7, 100},
            {176, 64},
            {64, 176},
            {131, 127}
        };
        RandomGenerator random = SeededCases.generator(1);
        for (int[] shape : shapes) {
            check(
                    shape[0] + "x" + shape[1],
                    SvdCases.matrix(shape[0], shape[1], SvdCases.gaussian(random, shape[0] * shape[1])));
        }
    }

    @Test
    public void hardSpectraAreDecomposed() {
        RandomGenerator random = SeededCases.generator(2);
        check("rank 5", SvdCases.withSpectrum(random, 40, 30, new double[] {9, 7, 5, 3, 1}));
        check("rank 1, wide", SvdCases.withSpectrum(random, 20, 50, new double[] {2}));
        check("repeated", SvdCases.withSpectrum(random, 30, 24, repeat(new double[] {4, 4, 4, 1, 1, 0.5}, 4)));
        check("orthogonal", SvdCases.withSpectrum(random, 32, 32, repeat(new double[] {1}, 32)));
        check("6 decades", SvdCases.withSpectrum(random, 40, 40, decades(40, 6)));
        check("12 decades, wide", SvdCases.withSpectrum(random, 30, 45, decades(30, 12)));
    }

    @Test
    public void exactSpectraComeOutExactly() {
        double[] diagonal = new double[20 * 25];
        for (int i = 0; i < 20; i++) {
            diagonal[i * 25 + (7 * i) % 20] = Math.scalb(1.0, -5 * i) * (i % 2 == 0 ? 1 : -1); // 29 decades
        }
        Matrix w = SvdCases.matrix(20, 25, diagonal);
        Svd svd = decompose(w);
        SvdCases.assertWhole("graded permutation", w, svd, 0);
        for (int i = 0; i < 8; i++) { // down to 2^-35; what lies below 2^-52 · 20 counts as zero
            assertEquals(Math.scalb(1f, -5 * i), svd.sigma()[i], Math.scalb(1f, -5 * i - 22), "sigma " + i);
        }
    }

    @Test
    public void scalesAtTheEdgesOfFloatAreDecomposed() {
        RandomGenerator random = SeededCases.generator(3);
        for (double scale : new double[] {1e36, 1e-30}) {
            double[] values = SvdCases.gaussian(random, 24 * 10);
            for (int i = 0; i < values.length; i++) {
                values[i] *= scale;
            }
            check("scale " + scale, SvdCases.matrix(24, 10, values));
        }
    }

    @Test
    public void theZeroMatrixHasACompleteBasis() {
        for (int[] shape : new int[][] {{7, 5}, {5, 7}, {1, 3}, {3, 1}, {40, 40}}) {
            Matrix w = SvdCases.matrix(shape[0], shape[1], new double[shape[0] * shape[1]]);
            Svd svd = decompose(w);
            SvdCases.assertWhole("zero", w, svd, 0);
            assertArrayEquals(new float[svd.rank()], svd.sigma());
        }
    }

    @Test
    public void oneNonZeroColumnIsDecomposed() {
        double[] values = new double[30 * 12];
        for (int i = 0; i < 30; i++) {
            values[i * 12 + 4] = i - 3;
        }
        check("one column", SvdCases.matrix(30, 12, values));
    }

    @Test
    public void halfPrecisionsAreWidened() {
        MemorySegment data = Arena.ofAuto().allocate(6 * 4 * Short.BYTES);
        RandomGenerator random = SeededCases.generator(4);
        for (int i = 0; i < 24; i++) {
            data.set(Matrix.SHORT, i * 2L, Float.floatToFloat16(random.nextFloat() - 0.5f));
        }
        check("f16", new Matrix.F16(6, 4, data));
        for (int i = 0; i < 24; i++) {
            data.set(Matrix.SHORT, i * 2L, (short) (Float.floatToRawIntBits(random.nextFloat() - 0.5f) >> 16));
        }
        check("bf16", new Matrix.Bf16(6, 4, data));
    }

    @Test
    public void aNonFiniteElementIsRefusedByItsPlace() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (boolean wide : new boolean[] {false, true}) {
                Matrix w = wide ? SvdCases.matrix(4, 9, new double[36]) : SvdCases.matrix(9, 4, new double[36]);
                w.data().set(Matrix.FLOAT, (2L * w.cols() + 3) * Float.BYTES, bad);
                IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> decompose(w));
                assertEquals("svd: element [2, 3] is " + (double) bad + ", expected a finite value", e.getMessage());
            }
        }
    }

    @Test
    public void anEmptyMatrixIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> decompose(SvdCases.matrix(0, 3, new double[0])));
    }

    private void check(String name, Matrix w) {
        Svd svd = decompose(w);
        SvdCases.assertWhole(name, w, svd, 0);
        double[] expected = SvdCases.jacobi(w);
        for (int k = 0; k < expected.length; k++) {
            assertEquals(expected[k], svd.sigma()[k], 1e-7 * expected[0], name + ": sigma " + k);
        }
    }

    private static double[] repeat(double[] values, int times) {
        double[] all = new double[values.length * times];
        for (int i = 0; i < all.length; i++) {
            all[i] = values[i / times];
        }
        return all;
    }

    private static double[] decades(int count, double decades) {
        double[] sigma = new double[count];
        for (int i = 0; i < count; i++) {
            sigma[i] = Math.pow(10, -decades * i / (count - 1));
        }
        return sigma;
    }
}
