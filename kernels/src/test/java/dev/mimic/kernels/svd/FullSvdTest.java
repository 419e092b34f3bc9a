package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class FullSvdTest {
    private static WorkerPool pool;
    private static FullSvd full;

    @BeforeAll
    static void openPool() {
        pool = WorkerPool.of(2);
        full = new FullSvd(SvdCases.kernels(), pool);
    }

    @AfterAll
    static void closePool() {
        pool.close();
    }

    @Test
    void everyShapeIsDecomposed() {
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
    void hardSpectraAreDecomposed() {
        RandomGenerator random = SeededCases.generator(2);
        check("rank 5", SvdCases.withSpectrum(random, 40, 30, new double[] {9, 7, 5, 3, 1}));
        check("rank 1, wide", SvdCases.withSpectrum(random, 20, 50, new double[] {2}));
        check("repeated", SvdCases.withSpectrum(random, 30, 24, repeat(new double[] {4, 4, 4, 1, 1, 0.5}, 4)));
        check("orthogonal", SvdCases.withSpectrum(random, 32, 32, repeat(new double[] {1}, 32)));
        check("6 decades", SvdCases.withSpectrum(random, 40, 40, decades(40, 6)));
        check("12 decades, wide", SvdCases.withSpectrum(random, 30, 45, decades(30, 12)));
    }

    @Test
    void exactSpectraComeOutExactly() {
        double[] diagonal = new double[20 * 25];
        for (int i = 0; i < 20; i++) {
            diagonal[i * 25 + (7 * i) % 20] = Math.scalb(1.0, -5 * i) * (i % 2 == 0 ? 1 : -1); // 29 decades
        }
        Matrix w = SvdCases.matrix(20, 25, diagonal);
        Svd svd = full.decompose(w);
        SvdCases.assertWhole("graded permutation", w, svd);
        for (int i = 0; i < 8; i++) { // down to 2^-35; what lies below 2^-52 · 20 counts as zero
            assertEquals(Math.scalb(1f, -5 * i), svd.sigma()[i], Math.scalb(1f, -5 * i - 22), "sigma " + i);
        }
    }

    @Test
    void scalesAtTheEdgesOfFloatAreDecomposed() {
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
    void theZeroMatrixHasACompleteBasis() {
        for (int[] shape : new int[][] {{7, 5}, {5, 7}, {1, 3}, {3, 1}, {40, 40}}) {
            Matrix w = SvdCases.matrix(shape[0], shape[1], new double[shape[0] * shape[1]]);
            Svd svd = full.decompose(w);
            SvdCases.assertWhole("zero", w, svd);
            assertArrayEquals(new float[svd.rank()], svd.sigma());
        }
    }

    @Test
    void oneNonZeroColumnIsDecomposed() {
        double[] values = new double[30 * 12];
        for (int i = 0; i < 30; i++) {
            values[i * 12 + 4] = i - 3;
        }
        check("one column", SvdCases.matrix(30, 12, values));
    }

    @Test
    void halfPrecisionsAreWidened() {
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
    void theResultDoesNotDependOnTheNumberOfThreads() {
        Matrix w = SvdCases.matrix(150, 90, SvdCases.gaussian(SeededCases.generator(5), 150 * 90));
        Svd two = full.decompose(w);
        for (int threads : new int[] {1, 3}) {
            try (WorkerPool other = WorkerPool.of(threads)) {
                Svd svd = new FullSvd(SvdCases.kernels(), other).decompose(w);
                assertArrayEquals(two.u(), svd.u(), 0);
                assertArrayEquals(two.sigma(), svd.sigma(), 0);
                assertArrayEquals(two.v(), svd.v(), 0);
            }
        }
    }

    @Test
    void matricesBeyondOneThreadsBlocksDependOnNoNumberOfThreadsEither() {
        Matrix w = SvdCases.matrix(330, 300, SvdCases.gaussian(SeededCases.generator(8), 330 * 300));
        Svd two = full.decompose(w);
        SvdCases.assertWhole("330x300", w, two);
        try (WorkerPool other = WorkerPool.of(3)) {
            Svd svd = new FullSvd(SvdCases.kernels(), other).decompose(w);
            assertArrayEquals(two.u(), svd.u(), 0);
            assertArrayEquals(two.sigma(), svd.sigma(), 0);
            assertArrayEquals(two.v(), svd.v(), 0);
        }
    }

    @Test
    void aNonFiniteElementIsRefusedByItsPlace() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (boolean wide : new boolean[] {false, true}) {
                Matrix w = wide ? SvdCases.matrix(4, 9, new double[36]) : SvdCases.matrix(9, 4, new double[36]);
                w.data().set(Matrix.FLOAT, (2L * w.cols() + 3) * Float.BYTES, bad);
                IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> full.decompose(w));
                assertEquals("svd: element [2, 3] is " + (double) bad + ", expected a finite value", e.getMessage());
            }
        }
    }

    @Test
    void anEmptyMatrixIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> full.decompose(SvdCases.matrix(0, 3, new double[0])));
    }

    @Test
    void truncationKeepsTheLargest() {
        Matrix w = SvdCases.matrix(12, 9, SvdCases.gaussian(SeededCases.generator(6), 108));
        Svd whole = full.decompose(w);
        Svd kept = whole.truncated(4);
        SvdCases.assertWellFormed("truncated", kept);
        assertArrayEquals(Arrays.copyOf(whole.sigma(), 4), kept.sigma());
        double rest = 0;
        for (int k = 4; k < 9; k++) {
            rest += (double) whole.sigma()[k] * whole.sigma()[k];
        }
        assertEquals(Math.sqrt(rest), SvdCases.error(w, kept), 1e-6 * whole.sigma()[0]);
        assertThrows(IllegalArgumentException.class, () -> whole.truncated(10));
        assertThrows(IllegalArgumentException.class, () -> whole.truncated(0));
    }

    @Test
    void theCheckMeasuresWhatWasDone() {
        Matrix w = SvdCases.matrix(530, 20, SvdCases.gaussian(SeededCases.generator(7), 530 * 20));
        Svd svd = full.decompose(w);
        SvdCheck good = SvdCheck.of(SvdCases.kernels(), pool, w, svd);
        assertTrue(good.relativeError() < 4 * 0x1p-24 && good.orthogonality() < 0x1p-22, good::toString);
        svd.u()[500 * 20 + 3] += 0.25f;
        SvdCheck bad = SvdCheck.of(SvdCases.kernels(), pool, w, svd);
        double norm = 0;
        for (float sigma : svd.sigma()) {
            norm += (double) sigma * sigma;
        }
        assertEquals(0.25 * svd.sigma()[3] / Math.sqrt(norm), bad.relativeError(), 1e-6);
        assertTrue(bad.orthogonality() > 1e-3, bad::toString);
    }

    private static void check(String name, Matrix w) {
        Svd svd = full.decompose(w);
        SvdCases.assertWhole(name, w, svd);
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
