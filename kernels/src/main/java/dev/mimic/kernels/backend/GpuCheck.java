package dev.mimic.kernels.backend;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.check.CheckResult;
import dev.mimic.kernels.cuda.Cuda;
import dev.mimic.kernels.cuda.CudaCheck;
import java.util.List;
import java.util.Map;

/** Checks of one GPU, each by itself, beside what the processor computes. */
public final class GpuCheck implements AutoCloseable {
    private final CudaCheck check;

    private GpuCheck(CudaCheck check) {
        this.check = check;
    }

    /**
     * Opens a GPU.
     *
     * @param size of the matrices' sides, at least 8; thousands show how fast it is
     * @param pool of the processor
     * @throws IllegalArgumentException if it cannot be used, saying why
     */
    public static GpuCheck open(Device device, int size, WorkerPool pool) {
        Backend processor = Backend.best(pool);
        return switch (Cuda.probe()) {
            case Cuda.Available cuda ->
                new GpuCheck(CudaCheck.open(
                        cuda,
                        device.ordinal(),
                        size,
                        new CudaCheck.Processor(
                                pool, processor.doubles(), processor.matrix(), processor.svf(), processor.svd())));
            case Cuda.Unavailable cuda ->
                throw new IllegalArgumentException(device + " cannot be used: " + cuda.reason());
        };
    }

    /** What the device and its libraries are, by what is said of them. */
    public Map<String, String> description() {
        return check.description();
    }

    /** The checks' names, in order. */
    public List<String> names() {
        return check.names();
    }

    /**
     * Runs a check.
     *
     * @param index in {@link #names}
     */
    public CheckResult run(int index) {
        return check.run(index);
    }

    /** Gives the device back. */
    @Override
    public void close() {
        check.close();
    }
}
