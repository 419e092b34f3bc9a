package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class FullSvdTest extends FullSvdContract {
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

    @Override
    protected Svd decompose(Matrix w) {
        return full.decompose(w);
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
        SvdCases.assertWhole("330x300", w, two, 0);
        try (WorkerPool other = WorkerPool.of(3)) {
            Svd svd = new FullSvd(SvdCases.kernels(), other).decompose(w);
            assertArrayEquals(two.u(), svd.u(), 0);
            assertArrayEquals(two.sigma(), svd.sigma(), 0);
            assertArrayEquals(two.v(), svd.v(), 0);
        }
    }

    @Test
    void truncationKeepsTheLargest() {
        Matrix w = SvdCases.matrix(12, 9, SvdCases.gaussian(SeededCases.generator(6), 108));
        Svd whole = full.decompose(w);
        Svd kept = whole.truncated(4);
        SvdCases.assertWellFormed("truncated", kept, 0);
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
}
