package dev.mimic.kernels.row;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.SeededCases;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class VectorRowKernelsTest extends RowKernelsContract {
    @Override
    RowKernels kernels(WorkerPool pool) {
        return RowKernels.vector(pool);
    }

    @Test
    void rotateIsItsTwinBitForBit() {
        RandomGenerator random = SeededCases.generator(5);
        try (WorkerPool pool = WorkerPool.of(1)) {
            for (int headSize = 2; headSize < 140; headSize += 2) {
                float[] x = gaussian(random, 3 * headSize);
                float[] cos = gaussian(random, headSize / 2);
                float[] sin = gaussian(random, headSize / 2);
                float[] twin = x.clone();
                RowKernels.scalar(pool).rotate(1, 3, headSize, twin, cos, sin);
                kernels(pool).rotate(1, 3, headSize, x, cos, sin);
                assertArrayEquals(twin, x);
            }
        }
    }

    @Test
    void nothingIsAllocatedPerCall() {
        int batch = 20;
        int size = 2048;
        RandomGenerator random = SeededCases.generator(6);
        float[] x = gaussian(random, batch * size);
        float[] y = gaussian(random, batch * size);
        float[] out = new float[batch * size];
        float[] weight = gaussian(random, size);
        float[] angles = gaussian(random, batch * 32);
        try (WorkerPool pool = WorkerPool.of(2)) {
            RowKernels kernels = kernels(pool);
            long bytes = Allocations.fewestBytes(20, "mimic-worker", () -> {
                kernels.rmsNorm(batch, x, weight, 1e-5f, out);
                kernels.swiGlu(batch * size - 1, x, y, out);
                kernels.rotate(batch, size / 64, 64, out, angles, angles);
                kernels.add(batch * size - 1, x, out);
                kernels.softmax(out, 1, 1001);
            });
            assertEquals(0, bytes);
        }
    }

    private static float[] gaussian(RandomGenerator random, int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
