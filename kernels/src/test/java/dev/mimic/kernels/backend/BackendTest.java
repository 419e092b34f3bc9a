package dev.mimic.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.KernelChoice;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BackendTest {
    @Test
    void thePropertyDecidesWhichImplementationRuns() {
        try (WorkerPool pool = WorkerPool.of(1)) {
            Backend best = Backend.best(pool);
            switch (System.getProperty(KernelChoice.PROPERTY, "best")) {
                case "scalar" -> {
                    assertEquals("scalar", best.name());
                    assertFamilies("Scalar", best);
                }
                case "best" -> {
                    assertEquals("vector-" + VectorWidth.bits(), best.name());
                    assertFamilies("Vector", best);
                }
                case String bits -> {
                    assertEquals("vector-" + bits, best.name());
                    assertFamilies("Vector", best);
                    assertEquals(Integer.parseInt(bits), VectorWidth.SPECIES.vectorBitSize());
                }
            }
            assertEquals("scalar", Backend.scalar(pool).name());
            assertEquals("vector-" + VectorWidth.bits(), Backend.vector(pool).name());
        }
    }

    @Test
    void overAnotherPoolTheSameRuns() {
        try (WorkerPool pool = WorkerPool.of(2);
                WorkerPool other = WorkerPool.of(1)) {
            for (Backend backend : List.of(Backend.scalar(pool), Backend.vector(pool))) {
                Backend over = backend.over(other).orElseThrow();
                assertEquals(backend.name(), over.name());
                assertEquals(other, over.pool());
                assertFamilies(backend.name().equals("scalar") ? "Scalar" : "Vector", over);
            }
        }
    }

    private static void assertFamilies(String kind, Backend backend) {
        assertEquals(kind + "MatrixKernels", backend.matrix().getClass().getSimpleName());
        assertEquals(kind + "RowKernels", backend.row().getClass().getSimpleName());
        assertEquals(kind + "AttentionKernels", backend.attention().getClass().getSimpleName());
        assertEquals(kind + "GradientKernels", backend.gradient().getClass().getSimpleName());
        assertEquals(kind + "DoubleKernels", backend.doubles().getClass().getSimpleName());
    }
}
