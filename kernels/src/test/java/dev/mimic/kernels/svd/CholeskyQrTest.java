package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.SeededCases;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class CholeskyQrTest {
    @Test
    void basesAreOrthonormalAndSpanTheColumnsHoweverDependentTheyAre() {
        try (WorkerPool pool = WorkerPool.of(2)) {
            CholeskyQr qr = new CholeskyQr(SvdCases.kernels(), pool);
            int rows = 90;
            int cols = 25;
            for (double own : new double[] {1, 1e-3, 1e-6, 1e-13, 0}) { // share of a column that is not the others'
                RandomGenerator random = SeededCases.generator(41);
                double[] shared = SvdCases.gaussian(random, rows);
                double[] columns = SvdCases.gaussian(random, rows * cols);
                for (int i = 0; i < columns.length; i++) {
                    columns[i] = shared[i % rows] + own * columns[i];
                }
                double[] q = qr.orthonormal(columns.clone(), cols, rows);
                double[] conditioned = qr.conditioned(columns.clone(), cols, rows);
                for (int j = 0; j < cols; j++) {
                    for (int i = 0; i <= j; i++) {
                        double expected = i == j ? 1 : 0;
                        assertEquals(expected, product(q, i, q, j, rows), 1e-13, "own " + own);
                        assertEquals(expected, product(conditioned, i, conditioned, j, rows), 1e-4, "own " + own);
                    }
                    assertSpanned(q, columns, j, cols, rows, 1e-12);
                    assertSpanned(q, conditioned, own == 0 ? 0 : j, cols, rows, own < 1e-10 ? 1 : 1e-8);
                }
            }
        }
    }

    private static void assertSpanned(double[] q, double[] columns, int j, int cols, int rows, double tolerance) {
        double rest = product(columns, j, columns, j, rows);
        double whole = rest;
        for (int k = 0; k < cols; k++) {
            double part = product(q, k, columns, j, rows);
            rest -= part * part;
        }
        assertEquals(0, rest, tolerance * whole, "column " + j);
    }

    private static double product(double[] a, int i, double[] b, int j, int rows) {
        double sum = 0;
        for (int k = 0; k < rows; k++) {
            sum += a[i * rows + k] * b[j * rows + k];
        }
        return sum;
    }
}
