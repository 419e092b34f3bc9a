package dev.mimic.kernels.gradient;

import dev.mimic.kernels.WorkerPool;

final class VectorGradientKernelsTest extends GradientKernelsContract {
    @Override
    GradientKernels kernels(WorkerPool pool) {
        return GradientKernels.vector(pool);
    }
}
