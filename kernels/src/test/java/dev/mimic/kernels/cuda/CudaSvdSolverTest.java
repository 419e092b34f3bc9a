package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svd.RandomizedSvd;
import dev.mimic.kernels.svd.Sketch;
import dev.mimic.kernels.svd.Svd;
import dev.mimic.kernels.svd.SvdCases;
import dev.mimic.testkit.SeededCases;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a decomposition on a device does with memory, and where there is no device for it. */
final class CudaSvdSolverTest {
    private static final RandomizedSvd.Options LEADING = new RandomizedSvd.Options(new Sketch.Gaussian(), 4, 4, 1, 1);

    private final CudaShim shim = CudaShim.fresh();
    private final Matrix w = SvdCases.matrix(24, 10, SvdCases.gaussian(SeededCases.generator(21), 240));

    private ShimSolver opened = new ShimSolver(shim, true, 2, true);

    @AfterEach
    void close() {
        opened.close();
    }

    @Test
    void nothingIsLeftOnTheDeviceBetweenTwoCalls() {
        opened.svd().full(w);
        long staging = shim.liveBytes(); // pinned memory of the copies is the device's until it is closed
        for (int i = 0; i < 20; i++) {
            opened.svd().full(w);
            opened.svd().randomized(w, LEADING);
            assertEquals(staging, shim.liveBytes());
        }
        Matrix bad = SvdCases.matrix(3, 2, new double[] {1, 2, 3, Double.NaN, 5, 6});
        assertThrows(IllegalArgumentException.class, () -> opened.svd().full(bad));
        shim.fail("cusolverDnSgesvd", 6);
        assertThrows(CudaException.class, () -> opened.svd().full(w));
        assertThrows(CudaException.class, () -> opened.svd().randomized(w, LEADING));
        assertEquals(staging, shim.liveBytes());
    }

    @Test
    void whatDoesNotFitIsRefusedWithNumbersAndNothingIsCopied() {
        Matrix large = zeros(16, 4 << 20); // 64 Mi elements, and U as large: 512 MiB of 256
        CudaException e = assertThrows(CudaException.class, () -> opened.svd().full(large));
        assertEquals(
                "cuda:0: out of memory: W [16, 4194304] needs 0.75 GiB, 0.25 of 0.25 GiB are free; use --device cpu",
                e.getMessage());
        assertEquals(CudaConstants.cudaErrorMemoryAllocation, e.status());
        assertThrows(CudaException.class, () -> opened.svd().randomized(large, LEADING));
        assertEquals(0, shim.liveBytes());
    }

    @Test
    void whatDoesNotFitIsTheProcessorsWhereTheDeviceWasNotAskedFor() {
        opened.close();
        opened = new ShimSolver(shim, true, 2, false);
        try (DeviceBuffer taken = opened.device().allocate((256L << 20) - 1000)) {
            assertTrue(taken.bytes() > 0);
            assertWhole(opened.svd().full(w));
            assertEquals(4, opened.svd().randomized(w, LEADING).rank());
        }
        assertEquals(
                List.of("cuda:0: W [24, 10] needs 0.00 GiB, 0.00 of 0.25 GiB are free; computed on the processor"),
                opened.notes());
    }

    @Test
    void basesNeedAWorkspaceToo() {
        opened.close();
        opened = new ShimSolver(shim, true, 2, false);
        Matrix narrow = SvdCases.matrix(24, 3, SvdCases.gaussian(SeededCases.generator(22), 72));
        RandomizedSvd.Options one = new RandomizedSvd.Options(new Sketch.Gaussian(), 1, 0, 1, 1);
        // operands take 512 bytes, then gesvd of [3, 1] 13 floats and geqrf of [24, 1] 18 and tau, each with its info
        shim.libraries().memory(512 + 4 * 20);
        assertEquals(1, opened.svd().randomized(narrow, one).rank());
        assertEquals(List.of(), opened.notes());
        shim.libraries().memory(512 + 4 * 20 - 1);
        assertEquals(1, opened.svd().randomized(narrow, one).rank());
        assertEquals(
                List.of("cuda:0: W [24, 3] needs 0.00 GiB, 0.00 of 0.25 GiB are free; computed on the processor"),
                opened.notes());
    }

    @Test
    void withoutCusolverTheProcessorComputesAndIsNamedOnce(@TempDir Path folder) throws IOException {
        opened.close();
        for (CudaLibrary library : List.of(CudaLibrary.CUDART, CudaLibrary.CUBLAS)) {
            Files.createSymbolicLink(folder.resolve(library.soname(12)), shim.file(library));
        }
        Cuda.Available cuda = (Cuda.Available) CudaShim.probe(folder);
        for (CudaLibrary library : List.of(CudaLibrary.CUDART, CudaLibrary.CUBLAS)) {
            Files.delete(folder.resolve(library.soname(12)));
        }
        assertTrue(opened.svd().isSinglePrecision());
        opened = new ShimSolver(shim, true, 2, true, cuda);
        assertFalse(opened.svd().isSinglePrecision());
        for (int i = 0; i < 2; i++) {
            assertWhole(opened.svd().full(w));
            assertEquals(4, opened.svd().randomized(w, LEADING).rank());
        }
        assertEquals(1, opened.notes().size(), opened.notes()::toString);
        assertTrue(
                opened.notes()
                        .getFirst()
                        .startsWith("no cuSOLVER, weights are taken apart on the processor: " + folder),
                opened.notes()::toString);
    }

    @Test
    void whatDoesNotConvergeIsComputedOnTheProcessor() {
        shim.leaveInfo(3);
        assertWhole(opened.svd().full(w));
        assertEquals(
                List.of("W [24, 10]: cusolverDnSgesvd: did not converge, info 3 (a F32 [24, 10] leading 24);"
                        + " computed on the processor"),
                opened.notes());
    }

    @Test
    void aResultThatIsNoNumberIsNotHandedOn() {
        shim.libraries().spoil("not a number");
        assertWhole(opened.svd().full(w));
        assertEquals(
                List.of("W [24, 10]: cusolverDnSgesvd: U is not finite; computed on the processor"), opened.notes());
    }

    @Test
    void anErrorThatEndsTheDeviceEndsOneCallAlone() {
        opened.close();
        opened = new ShimSolver(shim, false, 2, true);
        shim.fail("cudaStreamSynchronize", 700);
        assertThrows(CudaException.class, () -> opened.svd().full(w));
        assertWhole(opened.svd().full(w));
        assertEquals(4, opened.svd().randomized(w, LEADING).rank());
        assertEquals(List.of("cuda:0: out of use after an error; the processor computes from here on"), opened.notes());
        opened.close();
        CudaShim.fresh(); // a device out of use keeps what it had until the process ends
    }

    @Test
    void aMatrixOfBytesIsTakenAsItsNumbers() {
        MemorySegment bytes = Arena.ofAuto().allocate(12);
        for (int i = 0; i < 12; i++) {
            bytes.set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) (i * i - 40));
        }
        for (Matrix matrix : List.of(new Matrix.Int8(4, 3, bytes), new Matrix.Int8(3, 4, bytes))) {
            double[] expected = SvdCases.jacobi(matrix);
            Svd found = opened.svd().full(matrix);
            for (int k = 0; k < expected.length; k++) {
                assertEquals(expected[k], found.sigma()[k], 1e-7 * expected[0]);
            }
        }
    }

    private void assertWhole(Svd svd) {
        double[] expected = SvdCases.jacobi(w);
        for (int k = 0; k < expected.length; k++) {
            assertEquals(expected[k], svd.sigma()[k], 1e-7 * expected[0]);
        }
        assertTrue(SvdCases.error(w, svd) <= 4 * 0x1p-24 * Math.sqrt(240 * 9));
    }

    private static Matrix zeros(int rows, int cols) {
        return new Matrix.F32(rows, cols, Arena.ofAuto().allocate((long) rows * cols * Float.BYTES));
    }
}
