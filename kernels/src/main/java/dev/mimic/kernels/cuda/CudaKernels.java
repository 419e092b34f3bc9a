package dev.mimic.kernels.cuda;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.matrix.WeightMemory;
import dev.mimic.kernels.svd.SvdSolver;
import dev.mimic.kernels.svf.SvfKernels;
import java.util.function.Consumer;

/** The kernels of one open device, and all that lies there. Serves one calling thread at a time. */
public final class CudaKernels implements AutoCloseable {
    private final CudaDevice device;
    private final CudaWeights weights;
    private final MatrixKernels matrix;
    private final SvfKernels svf;
    private final WorkerPool pool;
    private final Consumer<String> note;

    private CudaKernels(CudaDevice device, MatrixKernels processor, WorkerPool pool, Consumer<String> note) {
        this.device = device;
        this.pool = pool;
        this.note = note;
        this.weights = new CudaWeights(device, note);
        CudaProducts products = new CudaProducts(device);
        this.matrix = new CudaMatrixKernels(weights, products, processor);
        this.svf = new CudaSvfKernels(weights, products, SvfKernels.of(matrix, pool));
    }

    /**
     * Opens a device.
     *
     * @param ordinal which one, from 0
     * @param processor what computes all that is not loaded, and everything after an error that ends the device
     * @param pool the processor's
     * @param note hears once that this happened
     * @throws IllegalArgumentException if there is no such device
     * @throws CudaException if it cannot be opened
     */
    public static CudaKernels open(
            Cuda.Available cuda, int ordinal, MatrixKernels processor, WorkerPool pool, Consumer<String> note) {
        return new CudaKernels(CudaDevice.open(cuda, ordinal), processor, pool, note);
    }

    /** The device. */
    CudaDevice device() {
        return device;
    }

    /** The matrices there, for tests. */
    CudaWeights weights() {
        return weights;
    }

    /** Products with what was loaded. */
    public MatrixKernels matrix() {
        return matrix;
    }

    /** The fused product with factors that were loaded. */
    public SvfKernels svf() {
        return svf;
    }

    /**
     * Decompositions; what they need of the device they take and give back.
     *
     * @param processor what decomposes where the device cannot
     * @param required whether a matrix that does not fit the device is an error, and not the processor's
     */
    public SvdSolver svd(SvdSolver processor, boolean required) {
        return new CudaSvdSolver(device, pool, processor, required, note);
    }

    /** What is loaded. Closing it closes all of this. */
    public WeightMemory memory() {
        return weights;
    }

    /** Frees all device memory and closes the device. Idempotent. */
    @Override
    public void close() {
        weights.close();
    }
}
