package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

final class VectorMatrixKernelsTest extends MatrixKernelsContract {
    @Override
    protected MatrixKernels kernels(WorkerPool pool) {
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
            Matrix bytes = Product.weights(arena, SeededCases.generator(6), Product.Format.INT8, 96, 200, 0);
            float[] x = Product.activations(SeededCases.generator(3), 8 * 200);
            float[] y = new float[8 * 200];
            float[] z = new float[200];
            assertAllocatesNothing("gemv BF16, 1 row", () -> kernels.gemv(weights, 1, x, y));
            assertAllocatesNothing("gemv BF16, 4 rows", () -> kernels.gemv(weights, 4, x, y));
            assertAllocatesNothing("gemv BF16, 8 rows", () -> kernels.gemv(weights, 8, x, y));
            GemvGroup group = new GemvGroup();
            assertAllocatesNothing("two products together, 1 row", () -> {
                group.add(weights, x, y);
                group.addTransposed(weights, x, z);
                kernels.gemv(1, group);
                group.clear();
            });
            assertAllocatesNothing("gemv F16, 4 rows", () -> kernels.gemv(halves, 4, x, y));
            assertAllocatesNothing("gemv 8 bit, 1 row", () -> kernels.gemv(eight, 1, x, y));
            assertAllocatesNothing("gemv 8 bit, 4 rows", () -> kernels.gemv(eight, 4, x, y));
            assertAllocatesNothing("gemv 4 bit, 1 row", () -> kernels.gemv(four, 1, x, y));
            assertAllocatesNothing("gemv 4 bit, 4 rows", () -> kernels.gemv(four, 4, x, y));
            assertAllocatesNothing("gemv bytes, 1 row", () -> kernels.gemv(bytes, 1, x, y));
            assertAllocatesNothing("gemv bytes, 4 rows", () -> kernels.gemv(bytes, 4, x, y));
            assertAllocatesNothing("gemv bytes, 8 rows", () -> kernels.gemv(bytes, 8, x, y));
            assertAllocatesNothing("transposed bytes, 1 row", () -> kernels.gemvTransposed(bytes, 1, x, y));
            assertAllocatesNothing("transposed bytes, 4 rows", () -> kernels.gemvTransposed(bytes, 4, x, y));
            assertAllocatesNothing("transposed BF16, 1 row", () -> kernels.gemvTransposed(weights, 1, x, y));
            assertAllocatesNothing("transposed BF16, 4 rows", () -> kernels.gemvTransposed(weights, 4, x, y));
            assertAllocatesNothing("transposed BF16, 8 rows", () -> kernels.gemvTransposed(weights, 8, x, y));
            assertAllocatesNothing("transposed F16, 4 rows", () -> kernels.gemvTransposed(halves, 4, x, y));
        }
    }

    /** Compiled when it stops allocating; that it ever stops is what is tested. */
    private static void assertAllocatesNothing(String name, Runnable call) {
        long bytes = Long.MAX_VALUE;
        for (int round = 0; round < 100 && bytes != 0; round++) {
            bytes = Allocations.during("mimic-worker", () -> {
                for (int i = 0; i < 1_000; i++) {
                    call.run();
                }
            });
        }
        assertEquals(0, bytes, name + ": bytes allocated by 1000 calls");
    }
}
