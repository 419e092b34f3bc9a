package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svd.RandomizedSvd;
import dev.mimic.kernels.svd.RandomizedSvdContract;
import dev.mimic.kernels.svd.Sketch;
import dev.mimic.kernels.svd.Svd;
import dev.mimic.kernels.svd.SvdCases;
import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Randomized decompositions on the shim. */
final class CudaRandomizedSvdTest extends RandomizedSvdContract {
    private final ShimSolver solver = new ShimSolver(2);

    @Override
    protected Svd decompose(Matrix w, RandomizedSvd.Options options) {
        return solver.svd().randomized(w, options);
    }

    /**
     * Q is a product of a reflector {@code I - tau v vᵀ} for each column of the sketch. With tau ‖v‖² = 2, and tau and v in floats,
     * each is off from an orthogonal matrix by up to 2 · 3 of their roundings; applied to a column of length 1 it rounds that
     * once in geqrf and once in orgqr. The products with Q round once more.
     */
    @Override
    protected double roundings(int sketched) {
        return 8.0 * (sketched + 1);
    }

    @AfterEach
    void close() {
        assertEquals(List.of(), solver.notes());
        solver.close();
    }

    @Test
    void theSameSeedRepeatsOnAnyNumberOfThreadsAndAnotherDoesNot() {
        Matrix w = SvdCases.matrix(80, 50, SvdCases.gaussian(SeededCases.generator(14), 4000));
        for (Sketch sketch : SKETCHES) {
            Svd first = decompose(w, sketch, 10, 5, 1, 3);
            assertArrayEquals(first.u(), decompose(w, sketch, 10, 5, 1, 3).u(), 0);
            assertFalse(
                    Arrays.equals(first.u(), decompose(w, sketch, 10, 5, 1, 4).u()));
            Svd other;
            try (ShimSolver three = new ShimSolver(solver, 3)) {
                other = three.svd().randomized(w, new RandomizedSvd.Options(sketch, 10, 5, 1, 3));
            }
            assertArrayEquals(first.v(), other.v(), 0);
        }
    }
}
