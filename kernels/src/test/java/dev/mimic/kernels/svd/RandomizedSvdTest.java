package dev.mimic.kernels.svd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class RandomizedSvdTest extends RandomizedSvdContract {
    private static WorkerPool pool;

    @BeforeAll
    static void openPool() {
        pool = WorkerPool.of(2);
    }

    @AfterAll
    static void closePool() {
        pool.close();
    }

    @Override
    protected Svd decompose(Matrix w, RandomizedSvd.Options options) {
        return new RandomizedSvd(SvdCases.kernels(), SvdCases.matrixKernels(pool), pool, options).decompose(w);
    }

    @Override
    protected double roundings(int sketched) {
        return 0; // in doubles, but for the products with W
    }

    @Test
    void theSameSeedRepeatsOnAnyNumberOfThreadsAndAnotherDoesNot() {
        Matrix w = SvdCases.matrix(80, 50, SvdCases.gaussian(SeededCases.generator(14), 4000));
        for (Sketch sketch : SKETCHES) {
            Svd first = decompose(w, sketch, 10, 5, 1, 3);
            assertArrayEquals(first.u(), decompose(w, sketch, 10, 5, 1, 3).u(), 0);
            assertFalse(
                    Arrays.equals(first.u(), decompose(w, sketch, 10, 5, 1, 4).u()));
            try (WorkerPool other = WorkerPool.of(3)) {
                RandomizedSvd.Options options = new RandomizedSvd.Options(sketch, 10, 5, 1, 3);
                Svd svd = new RandomizedSvd(SvdCases.kernels(), SvdCases.matrixKernels(other), other, options)
                        .decompose(w);
                assertArrayEquals(first.v(), svd.v(), 0);
            }
        }
    }

    @Test
    void theTrigonometricSketchKeepsNorms() {
        int cols = 48;
        double[] a = SvdCases.gaussian(SeededCases.generator(15), 3 * cols);
        double[] whole = new Sketch.Srft().project(pool, a, 3, cols, cols, 9);
        for (int i = 0; i < 3; i++) {
            double before = 0;
            double after = 0;
            for (int j = 0; j < cols; j++) {
                before += a[i * cols + j] * a[i * cols + j];
                after += whole[j * 3 + i] * whole[j * 3 + i];
            }
            assertEquals(before, after, 1e-12 * before);
        }
    }

    @Test
    void theTrigonometricSketchIsItsMatrix() {
        int cols = 300; // more than a strip
        double[] a = SvdCases.gaussian(SeededCases.generator(17), 2 * cols);
        double[] projected = new Sketch.Srft().project(pool, a, 2, cols, 7, 9);
        float[] omega = new Sketch.Srft().matrix(pool, 7, cols, 9);
        for (int k = 0; k < 7; k++) {
            for (int i = 0; i < 2; i++) {
                double sum = 0;
                double size = 0;
                for (int j = 0; j < cols; j++) {
                    sum += a[i * cols + j] * omega[k * cols + j];
                    size += Math.abs(a[i * cols + j] * omega[k * cols + j]);
                }
                assertEquals(projected[k * 2 + i], sum, 0x1p-24 * size);
            }
        }
    }
}
