package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sizes beyond 32 bits. No memory is that large here: the shim says how many bytes it was asked to touch, which it can only
 * know if every size came through whole.
 */
final class WideCallsTest {
    private static final long HUGE = (1L << 32) + 11;

    private final CudaShim shim = CudaShim.fresh();
    private final Cuda.Available cuda = shim.available();
    private final CudaDevice device = CudaDevice.open(cuda, 0);
    private final MemorySegment one = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);
    private final DeviceBuffer small = device.allocate(1024);

    @AfterEach
    void close() {
        device.close();
        CudaShim.fresh(); // the violations were the point
    }

    /** A product: m, n, k and three leading dimensions. */
    private interface Product {
        int call(long m, long n, long k, long lda, long ldb, long ldc);
    }

    @Test
    void everySizeOfAProductComesThrough() {
        long at = small.address(0, 1024);
        Cublas blas = cuda.blas();
        everySize(
                "cublasSgemm_v2_64",
                4,
                (m, n, k, lda, ldb, ldc) ->
                        blas.sgemm(device.blas(), 0, 0, m, n, k, one, at, lda, at + 256, ldb, one, at + 512, ldc));
        int bf16 = CudaConstants.CUDA_R_16BF;
        int compute = CudaConstants.CUBLAS_COMPUTE_32F;
        everySize(
                "cublasGemmEx_64",
                2,
                (m, n, k, lda, ldb, ldc) -> blas.gemmEx(
                        device.blas(),
                        0,
                        0,
                        m,
                        n,
                        k,
                        one,
                        at,
                        bf16,
                        lda,
                        at + 256,
                        bf16,
                        ldb,
                        one,
                        at + 512,
                        bf16,
                        ldc,
                        compute,
                        -1));
        everySize(
                "cublasGemmStridedBatchedEx_64",
                2,
                (m, n, k, lda, ldb, ldc) -> blas.gemmStridedBatchedEx(
                        device.blas(),
                        0,
                        0,
                        m,
                        n,
                        k,
                        one,
                        at,
                        bf16,
                        lda,
                        1,
                        at + 256,
                        bf16,
                        ldb,
                        1,
                        one,
                        at + 512,
                        bf16,
                        ldc,
                        1,
                        1,
                        compute,
                        -1));
    }

    /** Makes one size huge at a time, with the leading dimensions that it needs. */
    private void everySize(String function, int bytes, Product product) {
        product.call(HUGE, 1, 1, HUGE, 1, HUGE);
        assertSaid(function, "C", HUGE * bytes, 512);
        product.call(1, HUGE, 1, 1, 1, 1);
        assertSaid(function, "C", HUGE * bytes, 512);
        product.call(1, 1, HUGE, 1, HUGE, 1);
        assertSaid(function, "B", HUGE * bytes, 768);
        product.call(1, 1, 2, HUGE, 2, 1);
        assertSaid(function, "A", (HUGE + 1) * bytes, 1024);
        product.call(1, 2, 1, 1, HUGE, 1);
        assertSaid(function, "B", (HUGE + 1) * bytes, 768);
        product.call(1, 2, 1, 1, 1, HUGE);
        assertSaid(function, "C", (HUGE + 1) * bytes, 512);
    }

    @Test
    void everySizeOfABatchComesThrough() {
        long at = small.address(0, 1024);
        String function = "cublasGemmStridedBatchedEx_64";
        cuda.blas()
                .gemmStridedBatchedEx(
                        device.blas(),
                        0,
                        0,
                        1,
                        1,
                        1,
                        one,
                        at,
                        0,
                        1,
                        0,
                        at + 256,
                        0,
                        1,
                        0,
                        one,
                        at + 512,
                        0,
                        1,
                        3,
                        HUGE,
                        CudaConstants.CUBLAS_COMPUTE_32F,
                        -1);
        assertSaid(function, "C", (3 * (HUGE - 1) + 1) * 4, 512);
        // a stride has 64 bits in the other form too
        for (int i = 0; i < 3; i++) {
            long[] stride = {1, 1, 1};
            stride[i] = HUGE;
            cuda.blas()
                    .gemmStridedBatchedEx(
                            device.blas(),
                            0,
                            0,
                            1,
                            1,
                            1,
                            one,
                            at,
                            0,
                            1,
                            stride[0],
                            at + 256,
                            0,
                            1,
                            stride[1],
                            one,
                            at + 512,
                            0,
                            1,
                            stride[2],
                            2,
                            CudaConstants.CUBLAS_COMPUTE_32F,
                            -1);
            assertSaid("cublasGemmStridedBatchedEx", "ABC".substring(i, i + 1), (HUGE + 1) * 4, 1024 - 256 * i);
        }
    }

    @Test
    void everySizeOfTheOthersComesThrough() {
        long at = small.address(0, 1024);
        Cublas blas = cuda.blas();
        String sgemv = "cublasSgemv_v2_64"; // the shim makes a product of it: x is A, the matrix is B, y is C
        blas.sgemv(device.blas(), 0, HUGE, 1, one, at, HUGE, at + 256, 1, one, at + 512, 1);
        assertSaid(sgemv, "C", HUGE * 4, 512);
        blas.sgemv(device.blas(), 1, 1, HUGE, one, at, 1, at + 256, 1, one, at + 512, 1);
        assertSaid(sgemv, "C", HUGE * 4, 512);
        blas.sgemv(device.blas(), 0, 1, 2, one, at, HUGE, at + 256, 1, one, at + 512, 1);
        assertSaid(sgemv, "B", (HUGE + 1) * 4, 1024);
        blas.sgemv(device.blas(), 0, 1, 2, one, at, 1, at + 256, HUGE, one, at + 512, 1);
        assertSaid(sgemv, "A", (HUGE + 1) * 4, 768);
        blas.sgemv(device.blas(), 0, 2, 1, one, at, 2, at + 256, 1, one, at + 512, HUGE);
        assertSaid(sgemv, "C", (HUGE + 1) * 4, 512);

        String sdgmm = "cublasSdgmm_64";
        blas.sdgmm(device.blas(), 1, HUGE, 1, at, HUGE, at + 256, 1, at + 512, HUGE);
        assertSaid(sdgmm, "C", HUGE * 4, 512);
        blas.sdgmm(device.blas(), 0, 1, HUGE, at, 1, at + 256, 1, at + 512, 1);
        assertSaid(sdgmm, "C", HUGE * 4, 512);
        blas.sdgmm(device.blas(), 1, 1, 2, at, HUGE, at + 256, 1, at + 512, 1);
        assertSaid(sdgmm, "A", (HUGE + 1) * 4, 1024);
        blas.sdgmm(device.blas(), 1, 1, 2, at, 1, at + 256, HUGE, at + 512, 1);
        assertSaid(sdgmm, "x", (HUGE + 1) * 4, 768);
        blas.sdgmm(device.blas(), 1, 1, 2, at, 1, at + 256, 1, at + 512, HUGE);
        assertSaid(sdgmm, "C", (HUGE + 1) * 4, 512);
    }

    /** The planted fault: a handle of 32 bits on a function that takes 64. */
    @Test
    void aHandleOfTheNarrowFormIsSeen() throws Throwable {
        CudaSignature right = CudaSignatures.all().get("cublasSdgmm_64");
        CudaSignature narrow = new CudaSignature(
                right.library(),
                right.name(),
                right.result(),
                right.parameters().replace('J', 'I'),
                false);
        MethodHandle planted =
                cuda.libraries().loaded().get(CudaLibrary.CUBLAS).bind(Map.of(narrow.name(), narrow), narrow.name());
        long at = small.address(0, 1024);
        int before = shim.violations();
        int status = (int)
                planted.invokeExact(device.blas(), 1, (int) HUGE, 1, at, (int) HUGE, at + 256, 1, at + 512, (int) HUGE);
        assertEquals(0, status);
        String whole = "cublasSdgmm_64: C takes " + HUGE * 4 + " bytes, its allocation has 512";
        assertNotEquals(whole, shim.violations() == before ? "" : shim.lastViolation());
    }

    @Test
    void withoutTheWideFormsSmallSizesWorkAndLargeOnesAreRefusedByName(@TempDir Path folder) throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("libcudart.so.12"), shim.file(CudaLibrary.CUDART));
        CudaShim.compile(
                folder,
                "libcublas.so.12",
                12,
                "cublas-narrow.c",
                shim.file(CudaLibrary.CUDART).toString());
        Cuda.Available narrow = assertInstanceOf(Cuda.Available.class, CudaShim.probe(folder));
        Files.delete(link);
        try (CudaDevice other = CudaDevice.open(narrow, 0)) {
            assertEquals(
                    dev.mimic.kernels.check.CheckResult.Outcome.OK,
                    GemmCheck.square("gemm", GemmCheck.Way.F32, 9).run(other).outcome());
            DeviceBuffer buffer = other.allocate(64);
            long at = buffer.address(0, 64);
            UnsupportedOperationException e = assertThrows(
                    UnsupportedOperationException.class,
                    () -> narrow.blas().sdgmm(other.blas(), 1, HUGE, 1, at, HUGE, at, 1, at, HUGE));
            assertEquals(
                    "cublasSdgmm_64: this cuBLAS has no such function, and a size is over 2147483647", e.getMessage());
        }
    }

    private void assertSaid(String function, String operand, long bytes, int room) {
        assertEquals(
                function + ": " + operand + " takes " + bytes + " bytes, its allocation has " + room,
                shim.lastViolation());
    }
}
