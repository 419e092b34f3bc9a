package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.backend.Device;
import dev.mimic.testkit.ShimLibraries;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Which device a backend takes, on the shim. */
final class CudaBackendTest {
    private final ShimLibraries shim = ShimLibraries.fresh();
    private final ShimLibraries.InUse use = shim.use();
    private final WorkerPool pool = WorkerPool.of(1);
    private final List<String> notes = new ArrayList<>();

    @AfterEach
    void close() {
        pool.close();
        use.close();
        shim.assertClean();
    }

    @Test
    void aDeviceThatIsNamedIsTaken() {
        shim.machine(12040, 2);
        try (Backend backend = Backend.open(Device.cuda(1), pool, Assertions::fail)) {
            assertEquals("cuda:1", backend.name());
            assertFalse(backend.onProcessor());
        }
        shim.machine(12040, 1);
    }

    @Test
    void autoTakesTheFirst() {
        try (Backend backend = Backend.open(Device.AUTO, pool, Assertions::fail)) {
            assertEquals("cuda:0", backend.name());
        }
    }

    @Test
    void aDeviceThatIsNotThereIsRefused() {
        assertEquals(
                "cuda:3: no such GPU, expected cuda:0",
                assertThrows(IllegalArgumentException.class, () -> Backend.open(Device.cuda(3), pool, Assertions::fail))
                        .getMessage());
    }

    @Test
    void withoutADriverAutoIsTheProcessorAndCudaIsRefused() {
        shim.fail("*", 35);
        try (Backend backend = Backend.open(Device.AUTO, pool, notes::add)) {
            assertTrue(backend.onProcessor());
        }
        assertEquals(1, notes.size());
        assertTrue(notes.getFirst().startsWith("computing on the processor: CUDA 12.4 found in "), notes::getFirst);
        String message = assertThrows(
                        IllegalArgumentException.class, () -> Backend.open(Device.cuda(0), pool, Assertions::fail))
                .getMessage();
        assertTrue(message.startsWith("cuda:0 cannot be used: CUDA 12.4 found in "), message);
    }

    @Test
    void aDeviceThatCannotBeOpenedEndsCudaAndNotAuto() {
        shim.fail("cudaStreamCreateWithFlags", 2);
        try (Backend backend = Backend.open(Device.AUTO, pool, notes::add)) {
            assertTrue(backend.onProcessor());
        }
        assertTrue(notes.getFirst().startsWith("computing on the processor: cudaStreamCreate"), notes::getFirst);
        String message = assertThrows(
                        IllegalArgumentException.class, () -> Backend.open(Device.cuda(0), pool, Assertions::fail))
                .getMessage();
        assertTrue(message.startsWith("cuda:0 cannot be used: cudaStreamCreate"), message);
    }
}
