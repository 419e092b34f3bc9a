package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.SeededCases;
import org.junit.jupiter.api.Test;

final class QrTest {
    @Test
    void qTimesRIsTheMatrixAndQIsOrthonormal() {
        try (WorkerPool pool = WorkerPool.of(2)) {
            Qr qr = new Qr(SvdCases.kernels(), pool);
            for (int[] shape : new int[][] {{1, 1}, {5, 1}, {5, 5}, {33, 32}, {33, 33}, {100, 70}, {65, 64}}) {
                int rows = shape[0];
                int cols = shape[1];
                double[] a = SvdCases.gaussian(SeededCases.generator(21), rows * cols);
                double[] q = qr.orthonormal(a.clone(), cols, rows, cols);
                double[] r = qr.triangular(a.clone(), cols, rows);
                assertOrthonormal(q, cols, rows);
                for (int j = 0; j < cols; j++) {
                    for (int i = 0; i < rows; i++) {
                        double sum = 0;
                        for (int k = 0; k < cols; k++) {
                            sum += q[k * rows + i] * r[k * cols + j];
                            assertEquals(0, k > j ? r[k * cols + j] : 0, 0.0);
                        }
                        assertEquals(a[j * rows + i], sum, 1e-12 * rows, rows + "x" + cols);
                    }
                }
            }
        }
    }

    @Test
    void theBasisIsCompletedAndDependentColumnsDoNoHarm() {
        try (WorkerPool pool = WorkerPool.of(2)) {
            Qr qr = new Qr(SvdCases.kernels(), pool);
            double[] a = new double[40 * 50]; // 40 columns, all the same
            for (int i = 0; i < a.length; i++) {
                a[i] = i % 50 - 7;
            }
            assertOrthonormal(qr.orthonormal(a.clone(), 40, 50, 50), 50, 50);
            assertOrthonormal(qr.orthonormal(new double[0], 0, 20, 12), 12, 20);
            assertThrows(IllegalArgumentException.class, () -> qr.orthonormal(a, 50, 40, 50));
            assertThrows(IllegalArgumentException.class, () -> qr.orthonormal(a, 40, 50, 51));
        }
    }

    private static void assertOrthonormal(double[] q, int cols, int rows) {
        for (int i = 0; i < cols; i++) {
            for (int j = 0; j <= i; j++) {
                double product = 0;
                for (int k = 0; k < rows; k++) {
                    product += q[i * rows + k] * q[j * rows + k];
                }
                assertEquals(i == j ? 1 : 0, product, 1e-14 * rows, "columns " + i + " and " + j);
            }
        }
    }
}
