package dev.mimic.kernels.gradient;

import dev.mimic.kernels.WorkerPool;

final class ScalarGradientKernelsTest extends GradientKernelsContract {
    @Override
    GradientKernels kernels(WorkerPool pool) {
        return GradientKernels.scalar(pool);
    }
}
