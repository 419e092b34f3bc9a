package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CudaDeviceTest {
    private static final int CHUNK = 64;

    private final CudaShim shim = CudaShim.fresh();
    private final CudaDevice device = CudaDevice.open(shim.available(), 0, CHUNK);

    @AfterEach
    void close() {
        device.close();
        device.close();
        shim.assertClean();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 15, 16, 17, 31, 32, 33, 47, 48, 1000})
    void whatIsUploadedComesBack(int floats) {
        float[] values = new float[floats];
        for (int i = 0; i < floats; i++) {
            values[i] = i - 3.5f;
        }
        float[] back = new float[floats + 2];
        try (DeviceBuffer buffer = device.allocate((floats + 3L) * Float.BYTES)) {
            device.upload(MemorySegment.ofArray(values), buffer, 2 * Float.BYTES);
            device.download(buffer, Float.BYTES, MemorySegment.ofArray(back));
        }
        assertTrue(Float.isNaN(back[0]), "before what was uploaded");
        assertTrue(Float.isNaN(back[floats + 1]), "behind what was uploaded");
        assertArrayEquals(values, Arrays.copyOfRange(back, 1, floats + 1));
    }

    @Test
    void aFilledBufferIsFilled() {
        float[] back = {1, 2};
        try (DeviceBuffer buffer = device.allocate(8)) {
            device.fill(buffer, 0);
            device.download(buffer, 0, MemorySegment.ofArray(back));
        }
        assertArrayEquals(new float[2], back);
    }

    @Test
    void aThousandAllocationsLeaveNothing() {
        long before = shim.liveBytes();
        for (int i = 0; i < 1000; i++) {
            try (DeviceBuffer buffer = device.allocate(1 + i)) {
                assertEquals(1 + i, buffer.bytes());
            }
        }
        assertEquals(before, shim.liveBytes());
    }

    @Test
    void aThousandOpeningsLeaveNothing() {
        device.close();
        Cuda.Available cuda = shim.available();
        for (int i = 0; i < 1000; i++) {
            try (CudaDevice other = CudaDevice.open(cuda, 0, CHUNK)) {
                other.allocate(100); // freed with its device
            }
        }
        shim.assertClean();
    }

    @Test
    void deviceMemoryIsNoSegmentAndTouchedByNobody() throws IOException {
        try (DeviceBuffer buffer = device.allocate(100)) {
            long address = buffer.address(0, 100);
            List<String> maps = Files.readAllLines(Path.of("/proc/self/maps"));
            String map = maps.stream()
                    .filter(line -> contains(line, address))
                    .findFirst()
                    .orElseThrow();
            assertTrue(map.contains(" ---p "), map);
        }
    }

    private static boolean contains(String map, long address) {
        String[] ends = map.substring(0, map.indexOf(' ')).split("-", -1);
        return Long.compareUnsigned(Long.parseUnsignedLong(ends[0], 16), address) <= 0
                && Long.compareUnsigned(address, Long.parseUnsignedLong(ends[1], 16)) < 0;
    }

    @Test
    void buffersCheckRangesAndKnowThatTheyAreClosed() {
        DeviceBuffer buffer = device.allocate(100);
        assertThrows(IndexOutOfBoundsException.class, () -> buffer.address(90, 11));
        assertThrows(IndexOutOfBoundsException.class, () -> buffer.address(-1, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> buffer.address(Long.MAX_VALUE, 1));
        assertThrows(
                IndexOutOfBoundsException.class, () -> device.upload(MemorySegment.ofArray(new byte[101]), buffer, 0));
        buffer.close();
        buffer.close();
        assertThrows(IllegalStateException.class, () -> buffer.address(0, 1));
    }

    @Test
    void allCallsAreMadeByOneThread() throws InterruptedException {
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        Set<Thread> callers = new HashSet<>();
        for (int i = 0; i < 8; i++) {
            callers.add(Thread.ofVirtual().start(() -> device.run(() -> seen.add(Thread.currentThread()))));
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertEquals(1, seen.size());
        Thread thread = seen.iterator().next();
        assertEquals("mimic-cuda-0", thread.getName());
        assertFalse(thread.isVirtual());
    }

    @Test
    void anInterruptedCallerWaitsAllTheSame() {
        Thread.currentThread().interrupt();
        assertEquals(42, device.call(() -> 42));
        assertTrue(Thread.interrupted());
    }

    @Test
    void tooMuchMemoryIsRefusedWithTheNumber() {
        CudaException e = assertThrows(CudaException.class, () -> device.allocate(1L << 40));
        assertEquals(
                "cudaMalloc: status 2 cudaErrorMemoryAllocation: out of memory (1099511627776 bytes)", e.getMessage());
        assertEquals(2, e.status());
        assertEquals("cudaMalloc", e.function());
        device.allocate(16).close(); // and nothing else happened
    }

    @ParameterizedTest
    @ValueSource(ints = {700, 719})
    void aStickyErrorEndsTheDeviceByName(int status) {
        DeviceBuffer buffer = device.allocate(16);
        shim.fail("cudaStreamSynchronize", status);
        CudaException first = assertThrows(CudaException.class, device::synchronize);
        assertEquals(status, first.status());
        CudaException later = assertThrows(CudaException.class, () -> device.allocate(16));
        assertTrue(
                later.getMessage()
                        .startsWith(
                                "cuda device 0: out of use since an earlier call failed: cudaStreamSynchronize: status "
                                        + status),
                later.getMessage());
        assertSame(first, later.getCause());
        assertEquals(status, later.status());
        assertThrows(CudaException.class, device::memory);
        buffer.close();
        device.close();
        assertEquals(0, shim.violations());
        CudaShim.fresh(); // what a dead context holds, the driver frees
    }

    @Test
    void anErrorThatIsNotStickyEndsItsCallOnly() {
        shim.fail("cudaMemGetInfo", 209);
        assertEquals(209, assertThrows(CudaException.class, device::memory).status());
        device.synchronize();
    }

    @Test
    void aLibrarysFailureIsSeenToBeSticky() {
        try (DeviceBuffer buffer = device.allocate(4)) {
            CudaBlas blas = new CudaBlas(device);
            DeviceMatrix one = DeviceMatrix.of(buffer, DeviceType.F32, 1, 1);
            shim.fail("cublasSdgmm", 13);
            CudaException e = assertThrows(CudaException.class, () -> blas.scaleRows(one, buffer, one));
            assertEquals(
                    "cublasSdgmm: status 13 CUBLAS_STATUS_EXECUTION_FAILED: the shim says so"
                            + " (side 0, a F32 [1, 1] leading 1, c F32 [1, 1] leading 1)",
                    e.getMessage());
            device.synchronize(); // no sticky error behind it
            shim.fail("cudaStreamSynchronize", 700);
            assertThrows(CudaException.class, device::synchronize);
        }
        device.close();
        CudaShim.fresh();
    }

    @Test
    void memoryAndAttributesAreRead() {
        CudaDevice.Memory memory = device.memory();
        assertTrue(memory.free() <= memory.total() && memory.total() == 1L << 28, memory::toString);
        assertEquals(9, device.attribute(CudaConstants.cudaDevAttrComputeCapabilityMajor));
        assertEquals(0, device.attribute(CudaConstants.cudaDevAttrComputeCapabilityMinor));
        assertEquals(1, device.attribute(CudaConstants.cudaDevAttrMultiProcessorCount));
    }

    @Test
    void aNameThatIsRefusedIsNoErrorUnlessItEndsTheDevice() {
        assertEquals("Stand-in", device.model());
        shim.fail("cudaGetDeviceProperties", 1);
        assertEquals("", device.model());
        device.synchronize();
        assertFalse(device.failed());
        shim.libraries().heal();
        shim.fail("cudaGetDeviceProperties", 719);
        CudaException e = assertThrows(CudaException.class, device::model);
        assertEquals("cudaGetDeviceProperties", e.function());
        assertTrue(device.failed());
        device.close();
        CudaShim.fresh(); // what a dead context holds, the driver frees
    }

    @Test
    void aClosedDeviceRefuses() {
        DeviceBuffer buffer = device.allocate(4);
        device.close();
        buffer.close();
        assertEquals(
                "cuda device 0: closed",
                assertThrows(IllegalStateException.class, device::synchronize).getMessage());
    }

    @Test
    void whatCannotBeOpenedLeavesNothing() {
        Cuda.Available cuda = shim.available();
        assertEquals(
                "cuda:1: no such GPU, expected cuda:0",
                assertThrows(IllegalArgumentException.class, () -> CudaDevice.open(cuda, 1))
                        .getMessage());
        device.close();
        for (String function :
                List.of("cudaSetDevice", "cudaStreamCreateWithFlags", "cublasCreate_v2", "cublasSetStream_v2")) {
            CudaShim.fresh();
            shim.fail(function, 3);
            CudaException e = assertThrows(CudaException.class, () -> CudaDevice.open(cuda, 0));
            assertEquals(function, e.function());
            assertEquals(0, shim.liveHandles(), function);
        }
        CudaShim.fresh();
    }
}
