package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

final class VectorMatrixKernelsTest extends MatrixKernelsContract {
    @Override
    MatrixKernels kernels(WorkerPool pool) {
        return MatrixKernels.vector(pool);
    }

    @Test
    void decodingAllocatesNothingOnceItsLoopsAreCompiled() {
        try (WorkerPool pool = WorkerPool.of(2);
                Arena arena = Arena.ofShared()) {
            MatrixKernels kernels = kernels(pool);
            Matrix weights = Product.weights(arena, SeededCases.generator(1), Product.Format.BF16, 96, 200, 0);
            Matrix halves = Product.weights(arena, SeededCases.generator(2), Product.Format.F16, 96, 200, 0);
            Matrix eight = Product.weights(arena, SeededCases.generator(4), Product.Format.Q8, 96, 200, 0);
            Matrix four = Product.weights(arena, SeededCases.generator(5), Product.Format.Q4, 96, 200, 0);
            float[] x = Product.activations(SeededCases.generator(3), 4 * 200);
            float[] y = new float[4 * 200];
            Runnable calls = () -> {
                for (int i = 0; i < 1_000; i++) {
                    kernels.gemv(weights, 1, x, y);
                    kernels.gemv(halves, 4, x, y);
                    kernels.gemv(eight, 1, x, y);
                    kernels.gemv(eight, 4, x, y);
                    kernels.gemv(four, 1, x, y);
                    kernels.gemv(four, 4, x, y);
                    kernels.gemvTransposed(weights, 1, x, y);
                    kernels.gemvTransposed(halves, 4, x, y);
                }
            };
            // compiled when it stops allocating; that it ever stops is what is tested
            long bytes = Long.MAX_VALUE;
            for (int round = 0; round < 100 && bytes != 0; round++) {
                bytes = Allocations.during("mimic-worker", calls);
            }
            assertEquals(0, bytes, "bytes allocated by 8000 calls");
        }
    }
}
