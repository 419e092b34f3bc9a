package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class DivideAndConquerTest {
    private static final double ROUNDING = 0x1p-53;

    @Test
    void everyKindOfMatrixIsSolvedToRounding() {
        try (WorkerPool pool = WorkerPool.of(2)) {
            for (int size : new int[] {1, 2, 32, 33, 65, 100, 280}) {
                kinds(size).forEach((name, t) -> check(pool, name + " of " + size, t[0], t[1]));
            }
        }
    }

    @Test
    void theResultDoesNotDependOnTheNumberOfThreads() {
        double[][] t = kinds(300).get("random");
        double[] first = solve(1, t);
        for (int threads : new int[] {2, 3}) {
            assertArrayEquals(first, solve(threads, t), 0);
        }
    }

    private static double[] solve(int threads, double[][] t) {
        try (WorkerPool pool = WorkerPool.of(threads)) {
            return solve(pool, t[0].clone(), t[1].clone());
        }
    }

    private static double[] solve(WorkerPool pool, double[] values, double[] beside) {
        DoubleKernels kernels = SvdCases.kernels();
        return DivideAndConquer.solve(kernels, pool, new DoubleGemm(kernels, pool), values, beside);
    }

    /** Diagonal and off-diagonal of matrices that split, deflate, cluster or are graded. */
    private static Map<String, double[][]> kinds(int size) {
        RandomGenerator random = SeededCases.generator(31);
        Map<String, double[][]> kinds = new TreeMap<>();
        kinds.put("random", new double[][] {SvdCases.gaussian(random, size), SvdCases.gaussian(random, size)});
        double[][] toeplitz = new double[2][size];
        double[][] nearlyIdentity = new double[2][size];
        double[][] graded = new double[2][size];
        double[][] wilkinson = new double[2][size];
        double[][] glued = new double[2][size];
        double[][] split = new double[2][size];
        double[][] tiny = new double[2][size];
        for (int i = 0; i < size; i++) {
            toeplitz[0][i] = 2;
            toeplitz[1][i] = -1;
            nearlyIdentity[0][i] = 1;
            nearlyIdentity[1][i] = 1e-9 * random.nextGaussian();
            graded[0][i] = Math.pow(10, -12.0 * i / size);
            graded[1][i] = 0.1 * graded[0][i];
            wilkinson[0][i] = Math.abs(i - size / 2);
            wilkinson[1][i] = 1;
            glued[0][i] = 1e10 * (i % 20 - 10);
            glued[1][i] = i % 20 == 19 ? 1e-3 : 1e10;
            split[0][i] = graded[0][size - 1 - i];
            split[1][i] = random.nextInt(3) == 0 ? 0 : 0.3 * split[0][i];
            tiny[0][i] = 1e-120 * random.nextGaussian();
            tiny[1][i] = 1e-120 * random.nextGaussian();
        }
        kinds.put("zero", new double[2][size]);
        kinds.put("toeplitz", toeplitz);
        kinds.put("nearly identity", nearlyIdentity);
        kinds.put("graded", graded);
        kinds.put("wilkinson", wilkinson);
        kinds.put("glued", glued);
        kinds.put("split", split);
        kinds.put("tiny", tiny);
        for (double[][] t : kinds.values()) {
            t[1][size - 1] = 0;
        }
        return kinds;
    }

    private static void check(WorkerPool pool, String name, double[] diagonal, double[] beside) {
        int size = diagonal.length;
        double norm = 0;
        for (int i = 0; i < size; i++) {
            double left = i == 0 ? 0 : Math.abs(beside[i - 1]);
            norm = Math.max(norm, left + Math.abs(diagonal[i]) + Math.abs(beside[i]));
        }
        double[] values = diagonal.clone();
        double[] x = solve(pool, values, beside.clone());
        // rounding of a vector of this length, for each of log2(size / 32) joins and the leaf
        double bound = ROUNDING * (16 + 8 * Math.sqrt(size));
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                double residual = (diagonal[j] - values[i]) * x[i * size + j];
                residual += j == 0 ? 0 : beside[j - 1] * x[i * size + j - 1];
                residual += j == size - 1 ? 0 : beside[j] * x[i * size + j + 1];
                double found = Math.abs(residual);
                double most = bound * norm;
                assertTrue(found <= most, () -> name + ": residual " + found + ", bound " + most);
            }
            for (int j = 0; j <= i; j++) {
                double product = 0;
                for (int k = 0; k < size; k++) {
                    product += x[i * size + k] * x[j * size + k];
                }
                assertEquals(i == j ? 1 : 0, product, bound, name + ": vectors " + i + " and " + j);
            }
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double sum = 0;
        double trace = 0;
        for (int i = 0; i < size; i++) {
            sum += sorted[i];
            trace += diagonal[i];
        }
        assertEquals(trace, sum, size * bound * norm, name + ": trace");
    }
}
