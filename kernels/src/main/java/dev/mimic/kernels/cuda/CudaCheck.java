package dev.mimic.kernels.cuda;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.check.CheckResult;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.svd.DoubleKernels;
import dev.mimic.kernels.svd.SvdSolver;
import dev.mimic.kernels.svf.SvfKernels;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Checks of one device, each by itself: whether what it computes is right, how fast it is, what it does with memory. */
public final class CudaCheck implements AutoCloseable {
    private final Cuda.Available cuda;
    private final CudaKernels kernels;
    private final CudaDevice device;
    private final List<Check> checks = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /**
     * What the processor has.
     *
     * @param pool of all
     */
    public record Processor(
            WorkerPool pool, DoubleKernels doubles, MatrixKernels matrix, SvfKernels svf, SvdSolver svd) {}

    /** One check. */
    record Check(String name, Supplier<CheckResult> work) {}

    private CudaCheck(Cuda.Available cuda, int ordinal, int size, Processor processor) {
        this.cuda = cuda;
        // what goes to the processor instead is noted, and no check of the device
        kernels = CudaKernels.open(cuda, ordinal, processor.matrix, processor.pool, notes::add);
        device = kernels.device();
        Consumer<Check> add = checks::add;
        new ProductChecks(kernels, size).addTo(add);
        new SvfCheck(kernels, processor, size).addTo(add);
        new LargeChecks(device).addTo(add);
        new DecompositionChecks(kernels, processor, size).addTo(add);
        new MemoryChecks(device).addTo(add);
    }

    /**
     * Opens a device.
     *
     * @param ordinal which one, from 0
     * @param size of the matrices' sides, at least 8; thousands show how fast it is
     * @throws IllegalArgumentException if there is no such device
     * @throws CudaException if it cannot be opened
     */
    public static CudaCheck open(Cuda.Available cuda, int ordinal, int size, Processor processor) {
        if (size < 8 || size > 1 << 14) {
            throw new IllegalArgumentException("size: expected 8 to " + (1 << 14) + ", got " + size);
        }
        return new CudaCheck(cuda, ordinal, size, processor);
    }

    /** What the device and its libraries are, by what is said of them. */
    public Map<String, String> description() {
        Map<String, String> found = new LinkedHashMap<>();
        found.put("cuda", cuda.description());
        cuda.libraries().loaded().forEach((library, loaded) -> found.put(library.text(), loaded.place()));
        if (cuda.solver() == null) {
            found.put(CudaLibrary.CUSOLVER.text(), "none: " + cuda.solverReason());
        }
        CudaDevice.Memory memory = device.memory();
        String model = device.model();
        found.put(
                device.name(),
                String.format(
                        Locale.ROOT,
                        "%s%scompute capability %d.%d, %d SMs, %.2f of %.2f GiB free",
                        model,
                        model.isEmpty() ? "" : ", ",
                        device.attribute(CudaConstants.cudaDevAttrComputeCapabilityMajor),
                        device.attribute(CudaConstants.cudaDevAttrComputeCapabilityMinor),
                        device.attribute(CudaConstants.cudaDevAttrMultiProcessorCount),
                        memory.free() / (double) (1 << 30),
                        memory.total() / (double) (1 << 30)));
        return found;
    }

    /** The checks' names, in order. */
    public List<String> names() {
        return checks.stream().map(Check::name).toList();
    }

    /**
     * Runs a check.
     *
     * @param index in {@link #names}
     * @return how it went; never throws what CUDA reports
     */
    public CheckResult run(int index) {
        Check check = checks.get(index);
        if (device.failed()) {
            return CheckResult.of(
                    CheckResult.Outcome.SKIPPED, check.name(), device.name() + " is out of use after an error");
        }
        notes.clear();
        CheckResult result = result(check);
        boolean elsewhere = result.outcome() == CheckResult.Outcome.OK && (device.failed() || !notes.isEmpty());
        return elsewhere ? CheckResult.of(CheckResult.Outcome.FAIL, check.name(), String.join("; ", notes)) : result;
    }

    private static CheckResult result(Check check) {
        try {
            return check.work().get();
        } catch (UnsupportedOperationException e) {
            return CheckResult.of(CheckResult.Outcome.SKIPPED, check.name(), e.getMessage());
        } catch (RuntimeException | OutOfMemoryError e) { // one check's failure is no other's
            return CheckResult.of(CheckResult.Outcome.FAIL, check.name(), String.valueOf(e.getMessage()));
        }
    }

    /** Gives the device back. */
    @Override
    public void close() {
        kernels.close();
    }
}
