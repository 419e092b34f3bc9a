package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is found, and what is said where something is missing or fails. */
final class CudaProbeTest {
    private static final String DRIVER = "(cudaGetDeviceCount: status 35 cudaErrorInsufficientDriver";

    @TempDir
    private Path empty;

    @AfterEach
    void unlink() throws IOException {
        try (Stream<Path> files = Files.list(empty)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void aWholeInstallationIsAvailable(int major) {
        CudaShim shim = CudaShim.fresh(major);
        Cuda.Available cuda = shim.available();
        assertEquals(
                "1 GPU, CUDA " + major + ".4 of " + shim.folder() + ", driver for CUDA " + major + ".4",
                cuda.description());
        assertEquals(1, cuda.devices());
        assertNotNull(cuda.solver());
        assertEquals("", cuda.solverReason());
        shim.assertClean();
    }

    @Test
    void theHomeOfCudaIsFound() throws IOException {
        CudaShim shim = CudaShim.fresh();
        Files.createSymbolicLink(empty.resolve("lib64"), shim.folder());
        Cuda cuda = Cuda.probe(new CudaSearch(null, Map.of("CUDA_HOME", empty.toString()), empty, "amd64"));
        assertTrue(assertInstanceOf(Cuda.Available.class, cuda).description().contains(empty + "/lib64"));
    }

    @Test
    void theNewerMajorIsTakenAndNeverMixed() throws IOException {
        link(CudaShim.fresh(13), CudaLibrary.CUDART);
        assertEquals(
                "CUDA cannot be loaded: " + empty + " has libcudart.so.13 but no libcublas.so.13", unavailable(empty));
        link(CudaShim.fresh(12), CudaLibrary.CUDART);
        link(CudaShim.fresh(12), CudaLibrary.CUBLAS);
        assertTrue(available(empty).description().contains("CUDA 12.4"));
        link(CudaShim.fresh(13), CudaLibrary.CUBLAS);
        assertTrue(available(empty).description().contains("CUDA 13.4"));
    }

    @Test
    void withoutSolverTheRestIsAvailable() throws IOException {
        CudaShim shim = CudaShim.fresh();
        link(shim, CudaLibrary.CUDART);
        link(shim, CudaLibrary.CUBLAS);
        Cuda.Available cuda = available(empty);
        assertNull(cuda.solver());
        assertTrue(
                cuda.solverReason().contains("libcusolver.so.11: cannot open shared object file"), cuda.solverReason());
        try (CudaDevice device = CudaDevice.open(cuda, 0)) {
            UnsupportedOperationException e =
                    assertThrows(UnsupportedOperationException.class, () -> new CudaSolver(device));
            assertTrue(e.getMessage().startsWith("no cuSOLVER: "), e.getMessage());
        }
        shim.assertClean();
    }

    @Test
    void aFileThatIsNoLibraryIsNamedWithTheLoadersReason() throws IOException {
        Files.writeString(
                empty.resolve("libcudart.so.12"), "no library, but text that is longer than a header".repeat(9));
        Files.createFile(empty.resolve("libcublas.so.12"));
        String reason = unavailable(empty);
        assertTrue(reason.startsWith("CUDA cannot be loaded: " + empty + "/libcudart.so.12: "), reason);
        assertFalse(reason.contains("\n"), reason);
    }

    @Test
    void aMissingFunctionIsNamed() throws IOException {
        CudaShim shim = CudaShim.fresh();
        link(shim, CudaLibrary.CUDART);
        Files.createSymbolicLink(empty.resolve("libcublas.so.12"), shim.file(CudaLibrary.CUDART));
        assertEquals(empty + "/libcublas.so.12 has no function cublasCreate_v2", unavailable(empty));
    }

    @Test
    void filesUnderAWrongNameAreSeenByTheirVersion() throws IOException {
        CudaShim shim = CudaShim.fresh(13);
        Files.createSymbolicLink(empty.resolve("libcudart.so.12"), shim.file(CudaLibrary.CUDART));
        Files.createSymbolicLink(empty.resolve("libcublas.so.12"), shim.file(CudaLibrary.CUBLAS));
        assertEquals(
                "libraries of different versions in " + empty
                        + ": expected CUDA 12, libcudart says 13.4, libcublas says 13",
                unavailable(empty));
    }

    @Test
    void noDriver() {
        CudaShim shim = CudaShim.fresh();
        shim.machine(0, 0);
        shim.fail("*", 35);
        assertStarts("CUDA 12.4 found in " + shim.folder() + ", but no NVIDIA driver " + DRIVER, shim.unavailable());
    }

    @Test
    void anOldDriver() {
        CudaShim shim = CudaShim.fresh(13);
        shim.machine(12040, 0);
        shim.fail("*", 35);
        assertStarts(
                "CUDA 13.4 found in " + shim.folder() + ", but the NVIDIA driver is too old, it serves CUDA up to 12.4 "
                        + DRIVER,
                shim.unavailable());
    }

    @Test
    void aDriverWithoutGpu() {
        CudaShim shim = CudaShim.fresh();
        shim.fail("*", 100);
        assertStarts(
                "CUDA 12.4 found in " + shim.folder()
                        + ", but no GPU (cudaGetDeviceCount: status 100 cudaErrorNoDevice",
                shim.unavailable());
    }

    @Test
    void noGpuCounted() {
        CudaShim shim = CudaShim.fresh();
        shim.machine(12040, 0);
        assertStarts(
                "CUDA 12.4 found in " + shim.folder() + ", but no GPU (cudaGetDeviceCount counts 0)",
                shim.unavailable());
    }

    @ParameterizedTest
    @CsvSource({
        "cudaGetDeviceCount, 803, cudaErrorSystemDriverMismatch",
        "cudaRuntimeGetVersion, 35, cudaErrorInsufficientDriver",
        "cublasCreate_v2, 1, CUBLAS_STATUS_NOT_INITIALIZED",
        "cublasCreate_v2, 3, CUBLAS_STATUS_ALLOC_FAILED",
        "cublasGetProperty, 7, CUBLAS_STATUS_INVALID_VALUE"
    })
    void aFailingCallIsNamedWithItsStatus(String function, int status, String name) {
        CudaShim shim = CudaShim.fresh();
        shim.fail(function, status);
        String reason = shim.unavailable();
        assertTrue(reason.contains(", but " + function + ": status " + status + " " + name + ": "), reason);
        shim.assertClean();
    }

    @Test
    void aSolverThatCannotBeSetUpLeavesNoHandleBehind() {
        CudaShim shim = CudaShim.fresh();
        shim.fail("cusolverDnCreate", 1);
        try (CudaDevice device = CudaDevice.open(shim.available(), 0)) {
            CudaException e = assertThrows(CudaException.class, () -> new CudaSolver(device));
            assertStarts("cusolverDnCreate: status 1 CUSOLVER_STATUS_NOT_INITIALIZED: ", e.getMessage());
        }
        shim.assertClean(); // the address that the failed call wrote was not taken for a handle
    }

    private static void assertStarts(String expected, String text) {
        assertTrue(text.startsWith(expected), text);
    }

    private static Cuda.Available available(Path folder) {
        return assertInstanceOf(Cuda.Available.class, CudaShim.probe(folder));
    }

    private static String unavailable(Path folder) {
        return assertInstanceOf(Cuda.Unavailable.class, CudaShim.probe(folder)).reason();
    }

    private void link(CudaShim shim, CudaLibrary library) throws IOException {
        Path file = shim.file(library);
        Files.createSymbolicLink(empty.resolve(file.getFileName()), file);
    }
}
