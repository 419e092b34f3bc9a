package dev.mimic.kernels.attention;

import dev.mimic.kernels.WorkerPool;

final class ScalarAttentionKernelsTest extends AttentionKernelsContract {
    @Override
    AttentionKernels kernels(WorkerPool pool) {
        return AttentionKernels.scalar(pool);
    }
}
