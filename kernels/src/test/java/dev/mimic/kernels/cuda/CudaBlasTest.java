package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Products on the shim against loops in double. */
final class CudaBlasTest {
    private final CudaShim shim = CudaShim.fresh();
    private final CudaDevice device = CudaDevice.open(shim.available(), 0);
    private final DeviceArrays arrays = new DeviceArrays(device);
    private final CudaBlas blas = new CudaBlas(device);

    @AfterEach
    void close() {
        device.close();
        shim.assertClean();
    }

    @Test
    void gemmOfAllTransposesIsTheProduct() {
        SeededCases.run(24, 100, random -> {
            int m = random.nextInt(1, 20);
            int n = random.nextInt(1, 20);
            int k = random.nextInt(1, 40);
            boolean transA = random.nextBoolean();
            boolean transB = random.nextBoolean();
            boolean narrow = random.nextBoolean();
            float beta = random.nextBoolean() ? 0 : -0.5f;
            float[] a = DeviceArrays.random(random, m * k);
            float[] b = DeviceArrays.random(random, k * n);
            float[] c = DeviceArrays.random(random, m * n);
            a = narrow ? DeviceArrays.cut(a) : a;
            b = narrow ? DeviceArrays.cut(b) : b;
            DeviceType type = narrow ? DeviceType.BF16 : DeviceType.F32;
            try (DeviceBuffer deviceA = narrow ? arrays.bf16(a) : arrays.buffer(a);
                    DeviceBuffer deviceB = narrow ? arrays.bf16(b) : arrays.buffer(b);
                    DeviceBuffer deviceC = beta == 0 ? device.allocate(4L * m * n) : arrays.buffer(c)) {
                blas.gemm(
                        1.5f,
                        transA,
                        DeviceMatrix.of(deviceA, type, transA ? k : m, transA ? m : k),
                        transB,
                        DeviceMatrix.of(deviceB, type, transB ? n : k, transB ? k : n),
                        beta,
                        DeviceMatrix.of(deviceC, DeviceType.F32, m, n));
                float[] found = arrays.floats(deviceC, m * n);
                for (int col = 0; col < n; col++) {
                    for (int row = 0; row < m; row++) {
                        double sum = 0;
                        double size = 0;
                        for (int i = 0; i < k; i++) {
                            double term = 1.5
                                    * (transA ? a[row * k + i] : a[i * m + row])
                                    * (transB ? b[i * n + col] : b[col * k + i]);
                            sum += term;
                            size += Math.abs(term);
                        }
                        double old = beta == 0 ? 0 : (double) beta * c[col * m + row];
                        assertClose(sum + old, found[col * m + row], k + 2, size + Math.abs(old));
                    }
                }
            }
        });
    }

    @Test
    void bf16ResultsAreRoundedToNearest() {
        float[] a = {1, 0.5f};
        float[] b = {1, 0.01171875f}; // 1 + 0.005859375 lies between two bf16 that are 2^-7 apart
        try (DeviceBuffer deviceA = arrays.bf16(a);
                DeviceBuffer deviceB = arrays.bf16(b);
                DeviceBuffer deviceC = device.allocate(2)) {
            blas.gemm(
                    1,
                    false,
                    DeviceMatrix.of(deviceA, DeviceType.BF16, 1, 2),
                    false,
                    DeviceMatrix.of(deviceB, DeviceType.BF16, 2, 1),
                    0,
                    DeviceMatrix.of(deviceC, DeviceType.BF16, 1, 1));
            short[] bits = new short[1];
            device.download(deviceC, 0, MemorySegment.ofArray(bits));
            assertEquals(1.0078125f, Float.intBitsToFloat(bits[0] << 16));
        }
    }

    @Test
    void leadingDimensionsSkipWhatLiesBetween() {
        float nan = Float.NaN;
        float[] values = {1, 2, nan, 3, 4, nan};
        try (DeviceBuffer a = arrays.buffer(values);
                DeviceBuffer c = device.allocate(24)) {
            DeviceMatrix in = new DeviceMatrix(a, 0, DeviceType.F32, 2, 2, 3);
            blas.gemm(1, false, in, false, in, 0, new DeviceMatrix(c, 4, DeviceType.F32, 2, 2, 3));
            float[] found = arrays.floats(c, 6);
            assertEquals("[NaN, 7.0, 10.0, NaN, 15.0, 22.0]", Arrays.toString(found));
        }
    }

    @Test
    void gemvOfBothKindsIsTheProduct() {
        SeededCases.run(10, 200, random -> {
            int rows = random.nextInt(1, 30);
            int cols = random.nextInt(1, 30);
            boolean transpose = random.nextBoolean();
            float[] a = DeviceArrays.random(random, rows * cols);
            int in = transpose ? rows : cols;
            int out = transpose ? cols : rows;
            float[] x = DeviceArrays.random(random, in);
            try (DeviceBuffer deviceA = arrays.buffer(a);
                    DeviceBuffer deviceX = arrays.buffer(x);
                    DeviceBuffer y = device.allocate(4L * out)) {
                blas.gemv(1, transpose, DeviceMatrix.of(deviceA, DeviceType.F32, rows, cols), deviceX, 0, y);
                float[] found = arrays.floats(y, out);
                for (int i = 0; i < out; i++) {
                    double sum = 0;
                    double size = 0;
                    for (int j = 0; j < in; j++) {
                        double term = (double) x[j] * (transpose ? a[i * rows + j] : a[j * rows + i]);
                        sum += term;
                        size += Math.abs(term);
                    }
                    assertClose(sum, found[i], in + 1, size);
                }
            }
        });
    }

    @Test
    void batchesLieAtTheirStrides() {
        float[] a = {1, 2, -1, 3, 4, -1}; // two 1 x 2, stride 3
        float[] b = {5, 6, 7, 8}; // two 2 x 1, stride 2
        try (DeviceBuffer deviceA = arrays.buffer(a);
                DeviceBuffer deviceB = arrays.buffer(b);
                DeviceBuffer c = device.allocate(8);
                Arena arena = Arena.ofShared()) {
            MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
            MemorySegment zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
            device.run(() -> device.checkBlas(
                    "cublasGemmStridedBatchedEx",
                    device.cuda()
                            .blas()
                            .gemmStridedBatchedEx(
                                    device.blas(),
                                    0,
                                    0,
                                    1,
                                    1,
                                    2,
                                    one,
                                    deviceA.address(0, 24),
                                    0,
                                    1,
                                    3,
                                    deviceB.address(0, 16),
                                    0,
                                    2,
                                    2,
                                    zero,
                                    c.address(0, 8),
                                    0,
                                    1,
                                    1,
                                    2,
                                    68,
                                    -1),
                    ""));
            assertEquals("[17.0, 53.0]", Arrays.toString(arrays.floats(c, 2)));
        }
    }

    /** The order that SVF will take on a device: T = Vᵀ X, T = diag(sigma z) T, Y = U T. */
    @Test
    void svfInThreeCalls() {
        SeededCases.run(6, 300, random -> {
            int in = random.nextInt(1, 24);
            int out = random.nextInt(1, 24);
            int rank = random.nextInt(1, 12);
            int batch = random.nextInt(1, 6);
            float[] u = DeviceArrays.random(random, out * rank);
            float[] vt = DeviceArrays.random(random, rank * in);
            float[] scale = DeviceArrays.random(random, rank);
            float[] x = DeviceArrays.random(random, in * batch);
            DeviceMatrix t = arrays.empty(rank, batch);
            DeviceMatrix y = arrays.empty(out, batch);
            blas.gemm(1, false, arrays.matrix(vt, rank, in), false, arrays.matrix(x, in, batch), 0, t);
            blas.scaleRows(t, arrays.buffer(scale), t);
            blas.gemm(1, false, arrays.matrix(u, out, rank), false, t, 0, y);
            float[] found = arrays.floats(y.buffer(), out * batch);
            for (int col = 0; col < batch; col++) {
                for (int row = 0; row < out; row++) {
                    double sum = 0;
                    double size = 0;
                    for (int r = 0; r < rank; r++) {
                        for (int i = 0; i < in; i++) {
                            double term = (double) u[r * out + row] * scale[r] * vt[i * rank + r] * x[col * in + i];
                            sum += term;
                            size += Math.abs(term);
                        }
                    }
                    assertClose(sum, found[col * out + row], in + rank + 3, size);
                }
            }
        });
    }

    @Test
    void columnsAreScaledByTheirOwnFactor() {
        DeviceMatrix a = arrays.matrix(new float[] {1, 2, 3, 4}, 2, 2);
        DeviceMatrix c = arrays.empty(2, 2);
        DeviceBuffer x = arrays.buffer(new float[] {10, 100});
        blas.scaleCols(a, x, c);
        assertEquals("[10.0, 20.0, 300.0, 400.0]", Arrays.toString(arrays.floats(c.buffer(), 4)));
        blas.scaleRows(a, x, c);
        assertEquals("[10.0, 200.0, 30.0, 400.0]", Arrays.toString(arrays.floats(c.buffer(), 4)));
    }

    @Test
    void sizesBeyondAnIntTravelWhole() {
        long size = 5_000_000_001L;
        try (DeviceBuffer buffer = device.allocate(4);
                Arena arena = Arena.ofShared()) {
            long at = buffer.address(0, 4);
            MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
            Cublas raw = device.cuda().blas();
            long handle = device.blas();
            assertSeen(() -> raw.sgemm(handle, 0, 0, size, 1, 1, one, at, size, at, 1, one, at, size));
            assertSeen(
                    () -> raw.gemmEx(handle, 0, 0, size, 1, 1, one, at, 0, size, at, 0, 1, one, at, 0, size, 68, -1));
            assertSeen(() -> raw.gemmStridedBatchedEx(
                    handle, 0, 0, size, 1, 1, one, at, 0, size, 1, at, 0, 1, 1, one, at, 0, size, 1, 1, 68, -1));
            assertSeen(() -> raw.sgemv(handle, 0, size, 1, one, at, size, at, 1, one, at, 1));
            assertSeen(() -> raw.sdgmm(handle, 0, size, 1, at, size, at, 1, at, size));
        }
        device.close();
        CudaShim.fresh();
    }

    private void assertSeen(IntSupplier call) {
        int before = shim.violations();
        device.call(call::getAsInt);
        assertTrue(shim.violations() > before);
        assertTrue(shim.lastViolation().contains(": C takes 20000000004 bytes, "), shim::lastViolation);
    }

    @Test
    void whatDoesNotFitIsRefusedWithItsShapes() {
        DeviceMatrix a = arrays.empty(2, 3);
        DeviceMatrix b = arrays.empty(4, 5);
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> blas.gemm(1, false, a, true, b, 0, a));
        assertEquals(
                "gemm: shapes do not fit: a F32 [2, 3] leading 2, b F32 [4, 5] leading 4 transposed, c F32 [2, 3] leading 2",
                e.getMessage());
        DeviceMatrix half = new DeviceMatrix(b.buffer(), 0, DeviceType.BF16, 3, 2, 3);
        assertThrows(IllegalArgumentException.class, () -> blas.gemm(1, false, a, false, half, 0, arrays.empty(2, 2)));
        assertThrows(IllegalArgumentException.class, () -> blas.scaleRows(a, b.buffer(), b));
        assertThrows(IllegalArgumentException.class, () -> blas.scaleRows(half, b.buffer(), half));
        assertThrows(IllegalArgumentException.class, () -> new DeviceMatrix(b.buffer(), 0, DeviceType.F32, 3, 2, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> new DeviceMatrix(b.buffer(), 4, DeviceType.F32, 4, 5, 4));
        assertThrows(IndexOutOfBoundsException.class, () -> blas.gemv(1, false, a, a.buffer(), 0, device.allocate(4)));
    }

    /** One rounding for each of {@code roundings} operations on terms whose magnitudes add up to {@code size}. */
    private static void assertClose(double expected, float found, int roundings, double size) {
        assertEquals(expected, found, roundings * 0x1p-24 * size);
    }
}
