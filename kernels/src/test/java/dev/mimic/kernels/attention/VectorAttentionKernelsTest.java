package dev.mimic.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.SeededCases;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class VectorAttentionKernelsTest extends AttentionKernelsContract {
    @Override
    AttentionKernels kernels(WorkerPool pool) {
        return AttentionKernels.vector(pool);
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsAllocatedPerCall(KeyValueType type) {
        AttentionShape shape = new AttentionShape(6, 2, 64, 0.125f);
        RandomGenerator random = SeededCases.generator(1);
        int batch = 3;
        float[] q = AttentionCases.gaussian(random, 40 * shape.querySize(), 1);
        float[] k = AttentionCases.gaussian(random, 40 * 2 * 64, 1);
        float[] out = new float[40 * shape.querySize()];
        int[] begin = {0, 5, 0};
        int[] end = {300, 75, 20};
        try (WorkerPool pool = WorkerPool.of(2);
                AttentionCases cases = new AttentionCases()) {
            AttentionKernels kernels = kernels(pool);
            KeyValues[] caches = new KeyValues[batch];
            for (int i = 0; i < batch; i++) {
                caches[i] = cases.random(type, shape, 400, 0, 400, random);
            }
            long decode = Allocations.fewestBytes(
                    20, "mimic-worker", () -> kernels.decode(shape, batch, q, caches, begin, end, out));
            assertEquals(0, decode, "decode");
            long store = Allocations.fewestBytes(
                    20, "mimic-worker", () -> kernels.store(shape, 40, k, k, 0, caches[0], 150));
            assertEquals(0, store, "store");
            int[] positions = {300, 75, 20};
            long rows = Allocations.fewestBytes(
                    20, "mimic-worker", () -> kernels.store(shape, batch, k, k, caches, positions));
            assertEquals(0, rows, "store of a row each");
            long prefill = Allocations.fewestBytes(
                    20, "mimic-worker", () -> kernels.prefill(shape, 40, q, 0, caches[0], 150, 1000, out));
            assertEquals(0, prefill, "prefill");
        }
    }
}
