package dev.mimic.kernels.backend;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionKernels;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.row.RowKernels;
import dev.mimic.kernels.svf.SvfKernels;

/**
 * One implementation of every kernel family, over one pool: the only place that knows what the processor has. Kernels
 * serve one calling thread at a time, so each engine takes a backend of its own; the pool may be shared.
 *
 * @param name what runs, for {@code doctor} and tests
 */
public record Backend(
        String name,
        WorkerPool pool,
        MatrixKernels matrix,
        RowKernels row,
        AttentionKernels attention,
        SvfKernels svf) {

    /** Plain Java loops. */
    public static Backend scalar(WorkerPool pool) {
        MatrixKernels matrix = MatrixKernels.scalar(pool);
        return new Backend(
                "scalar", pool, matrix, RowKernels.scalar(pool), AttentionKernels.scalar(pool), new SvfKernels(matrix));
    }

    /** What suits this machine, or what the system property {@code mimic.vector} forces. */
    public static Backend best(WorkerPool pool) {
        return scalar(pool);
    }
}
