package dev.mimic.kernels.cuda;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.svd.DoubleKernels;
import dev.mimic.kernels.svd.SvdCases;
import dev.mimic.kernels.svd.SvdSolver;
import java.util.ArrayList;
import java.util.List;

/** Decompositions on the shim, with what they said. */
final class ShimSolver implements AutoCloseable {
    private final CudaShim shim;
    private final boolean owner;
    private final WorkerPool pool;
    private final CudaDevice device;
    private final List<String> notes = new ArrayList<>();
    private final SvdSolver svd;

    /** On a shim as at its start, where what does not fit is an error. */
    ShimSolver(int threads) {
        this(CudaShim.fresh(), true, threads, true);
    }

    /** On a device of its own, beside another. */
    ShimSolver(ShimSolver beside, int threads) {
        this(beside.shim, false, threads, true);
    }

    ShimSolver(CudaShim shim, boolean owner, int threads, boolean strict) {
        this(shim, owner, threads, strict, shim.available());
    }

    ShimSolver(CudaShim shim, boolean owner, int threads, boolean strict, Cuda.Available cuda) {
        this.shim = shim;
        this.owner = owner;
        pool = WorkerPool.of(threads);
        device = CudaDevice.open(cuda, 0);
        SvdSolver processor = SvdSolver.processor(DoubleKernels.vector(), SvdCases.matrixKernels(pool), pool);
        svd = new CudaSvdSolver(device, pool, processor, strict, notes::add);
    }

    SvdSolver svd() {
        return svd;
    }

    CudaDevice device() {
        return device;
    }

    CudaShim shim() {
        return shim;
    }

    /** Why something was computed on the processor. */
    List<String> notes() {
        return notes;
    }

    /** Asserts that nothing was done wrong or left. */
    @Override
    public void close() {
        device.close();
        pool.close();
        if (owner) {
            shim.assertClean();
        }
    }
}
