package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Decompositions on the shim: what makes them decompositions, within the rounding of their results to f32. */
final class CudaSolverTest {
    private final CudaShim shim = CudaShim.fresh();
    private final CudaDevice device = CudaDevice.open(shim.available(), 0);
    private final DeviceArrays arrays = new DeviceArrays(device);
    private final CudaSolver solver = new CudaSolver(device);

    @AfterEach
    void close() {
        device.close();
        shim.assertClean();
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 1", "7, 7", "16, 5", "33, 20"})
    void svdGivesTheMatrixBack(int m, int n) {
        float[] a = DeviceArrays.random(SeededCases.generator(m), m * n);
        DeviceMatrix deviceA = arrays.matrix(a, m, n);
        DeviceMatrix u = arrays.empty(m, n);
        DeviceMatrix vt = arrays.empty(n, n);
        DeviceBuffer sigma = device.allocate(4L * n);
        solver.svd(deviceA, sigma, u, vt);
        float[] us = arrays.floats(u.buffer(), m * n);
        float[] vts = arrays.floats(vt.buffer(), n * n);
        float[] values = arrays.floats(sigma, n);
        for (int i = 0; i < n; i++) {
            assertTrue(values[i] >= 0 && (i == 0 || values[i] <= values[i - 1]), "descending");
        }
        assertOrthonormal(us, m, n, false);
        assertOrthonormal(vts, n, n, true);
        for (int col = 0; col < n; col++) {
            for (int row = 0; row < m; row++) {
                double sum = 0;
                double size = 0;
                for (int r = 0; r < n; r++) {
                    double term = (double) us[r * m + row] * values[r] * vts[col * n + r];
                    sum += term;
                    size += Math.abs(term);
                }
                // u, sigma and vt are each rounded once
                assertEquals(a[col * m + row], sum, 4 * 0x1p-24 * size + 1e-12);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "6, 1", "8, 8", "30, 11"})
    void orthonormalColumnsSpanTheSame(int m, int n) {
        float[] a = DeviceArrays.random(SeededCases.generator(m + 50), m * n);
        DeviceMatrix deviceA = arrays.matrix(a, m, n);
        solver.orthonormalize(deviceA);
        float[] q = arrays.floats(deviceA.buffer(), m * n);
        double roundings = 8.0 * m * n; // each of n reflectors rounds a column of m a few times
        assertOrthonormal(q, m, n, false, roundings * 0x1p-24);
        for (int col = 0; col < n; col++) {
            double[] rest = new double[m];
            double norm = 0;
            for (int i = 0; i < m; i++) {
                rest[i] = a[col * m + i];
                norm += rest[i] * rest[i];
            }
            for (int j = 0; j < n; j++) {
                double dot = 0;
                for (int i = 0; i < m; i++) {
                    dot += q[j * m + i] * (double) a[col * m + i];
                }
                for (int i = 0; i < m; i++) {
                    rest[i] -= dot * q[j * m + i];
                }
            }
            for (int i = 0; i < m; i++) {
                assertEquals(0, rest[i], roundings * 0x1p-24 * Math.sqrt(norm));
            }
        }
    }

    @Test
    void moreColumnsThanRowsAreRefusedThoughTheWorkspaceQueryAcceptsThem() {
        DeviceMatrix wide = arrays.empty(2, 3);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> solver.svd(wide, device.allocate(8), arrays.empty(2, 2), arrays.empty(2, 3)));
        assertEquals("svd: a is F32 [2, 3] leading 2, expected rows >= cols > 0; take the transpose", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> solver.orthonormalize(wide));
    }

    @Test
    void shapesAndTypesAreChecked() {
        DeviceMatrix a = arrays.empty(3, 2);
        DeviceBuffer sigma = device.allocate(8);
        DeviceMatrix square = arrays.empty(2, 2);
        assertThrows(IllegalArgumentException.class, () -> solver.svd(a, sigma, square, square));
        assertThrows(IllegalArgumentException.class, () -> solver.svd(a, sigma, a, a));
        DeviceMatrix half = new DeviceMatrix(a.buffer(), 0, DeviceType.BF16, 3, 2, 3);
        assertThrows(IllegalArgumentException.class, () -> solver.orthonormalize(half));
        assertThrows(IllegalArgumentException.class, () -> solver.svd(half, sigma, a, square));
    }

    @Test
    void whatTheDeviceReportsIsNotTakenForAResult() {
        shim.leaveInfo(3);
        ArithmeticException e = assertThrows(
                ArithmeticException.class,
                () -> solver.svd(
                        arrays.matrix(new float[] {1, 2}, 2, 1),
                        device.allocate(4),
                        arrays.empty(2, 1),
                        arrays.empty(1, 1)));
        assertEquals("cusolverDnSgesvd: did not converge, info 3 (a F32 [2, 1] leading 2)", e.getMessage());
        shim.leaveInfo(-4);
        IllegalStateException wrong = assertThrows(
                IllegalStateException.class, () -> solver.orthonormalize(arrays.matrix(new float[] {1, 2}, 2, 1)));
        assertEquals("cusolverDnSgeqrf: argument 4 is wrong (a F32 [2, 1] leading 2)", wrong.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "1, NOT_INITIALIZED",
        "2, ALLOC_FAILED",
        "3, INVALID_VALUE",
        "4, ARCH_MISMATCH",
        "5, MAPPING_ERROR",
        "6, EXECUTION_FAILED",
        "7, INTERNAL_ERROR",
        "8, MATRIX_TYPE_NOT_SUPPORTED",
        "9, NOT_SUPPORTED",
        "99, UNKNOWN"
    })
    void everyStatusHasItsName(int status, String name) {
        shim.fail("cusolverDnSgeqrf", status);
        CudaException e = assertThrows(CudaException.class, () -> solver.orthonormalize(arrays.empty(2, 1)));
        assertTrue(
                e.getMessage().startsWith("cusolverDnSgeqrf: status " + status + " CUSOLVER_STATUS_" + name + ": "),
                e.getMessage());
        assertTrue(e.getMessage().endsWith(" (a F32 [2, 1] leading 2)"), e.getMessage());
    }

    private static void assertOrthonormal(float[] q, int rows, int cols, boolean ofRows) {
        // the exact vectors have length 1; each element is rounded once, a product of two twice
        assertOrthonormal(q, rows, cols, ofRows, 3 * 0x1p-24 * Math.sqrt(rows) + 1e-12);
    }

    private static void assertOrthonormal(float[] q, int rows, int cols, boolean ofRows, double tolerance) {
        for (int i = 0; i < cols; i++) {
            for (int j = 0; j < cols; j++) {
                double dot = 0;
                for (int r = 0; r < rows; r++) {
                    dot += ofRows
                            ? (double) q[r * rows + i] * q[r * rows + j]
                            : (double) q[i * rows + r] * q[j * rows + r];
                }
                assertEquals(i == j ? 1 : 0, dot, tolerance);
            }
        }
    }
}
