package dev.mimic.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.KernelChoice;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import org.junit.jupiter.api.Test;

final class BackendTest {
    @Test
    void thePropertyDecidesWhichImplementationRuns() {
        try (WorkerPool pool = WorkerPool.of(1)) {
            Backend best = Backend.best(pool);
            switch (System.getProperty(KernelChoice.PROPERTY, "best")) {
                case "scalar" -> {
                    assertEquals("scalar", best.name());
                    assertEquals("ScalarMatrixKernels", best.matrix().getClass().getSimpleName());
                }
                case "best" -> {
                    assertEquals("vector-" + VectorWidth.bits(), best.name());
                    assertEquals("VectorMatrixKernels", best.matrix().getClass().getSimpleName());
                }
                case String bits -> {
                    assertEquals("vector-" + bits, best.name());
                    assertEquals("VectorMatrixKernels", best.matrix().getClass().getSimpleName());
                    assertEquals(Integer.parseInt(bits), VectorWidth.SPECIES.vectorBitSize());
                }
            }
            assertEquals("scalar", Backend.scalar(pool).name());
            assertEquals("vector-" + VectorWidth.bits(), Backend.vector(pool).name());
        }
    }
}
