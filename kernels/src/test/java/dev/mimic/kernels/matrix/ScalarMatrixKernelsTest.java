package dev.mimic.kernels.matrix;

import dev.mimic.kernels.WorkerPool;

final class ScalarMatrixKernelsTest extends MatrixKernelsContract {
    @Override
    protected MatrixKernels kernels(WorkerPool pool) {
        return MatrixKernels.scalar(pool);
    }
}
