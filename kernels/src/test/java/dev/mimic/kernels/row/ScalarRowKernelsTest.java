package dev.mimic.kernels.row;

import dev.mimic.kernels.WorkerPool;

final class ScalarRowKernelsTest extends RowKernelsContract {
    @Override
    RowKernels kernels(WorkerPool pool) {
        return RowKernels.scalar(pool);
    }
}
