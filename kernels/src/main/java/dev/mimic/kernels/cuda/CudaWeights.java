package dev.mimic.kernels.cuda;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.WeightMemory;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Matrices in a device's memory, by their originals: weights as F32 or BF16, factors as F32. After an error that ends the
 * device there are none any more, and whoever asks computes on the processor.
 */
final class CudaWeights implements WeightMemory {
    /** What cuBLAS takes for itself, about: its workspace and its kernels. */
    private static final long CUBLAS_BYTES = 64L << 20;

    private final CudaDevice device;
    private final Consumer<String> note;
    private final IdentityHashMap<Matrix, DeviceMatrix> loaded = new IdentityHashMap<>();
    private CudaWorkspace.Row work = new CudaWorkspace.Row(0, 0, 0, 0, 0);
    private boolean noted;

    /**
     * Holds nothing yet.
     *
     * @param device closed with this
     * @param note hears once that the device is out of use
     */
    CudaWeights(CudaDevice device, Consumer<String> note) {
        this.device = device;
        this.note = note;
    }

    /** What is to be uploaded, and as what. */
    private record Planned(Matrix matrix, DeviceType type) {
        long bytes() {
            return (long) matrix.rows() * matrix.cols() * type.bytes();
        }
    }

    @Override
    public void load(List<Matrix> weights, List<Matrix> factors, UploadListener listener) {
        IdentityHashMap<Matrix, Planned> plan = new IdentityHashMap<>();
        List<Planned> order = new ArrayList<>();
        CudaWorkspace.Row needed = work;
        for (Matrix weight : weights) {
            if (add(weight, weightType(weight), plan, order)) {
                for (boolean transposed : new boolean[] {false, true}) { // training goes back through them
                    int in = transposed ? weight.rows() : weight.cols();
                    int out = transposed ? weight.cols() : weight.rows();
                    CudaWorkspace.Row row = CudaWorkspace.Row.of(weightType(weight), in, out);
                    needed = needed.larger(row.times(row.together()));
                }
            }
        }
        for (Matrix factor : factors) {
            weightType(factor); // refuses what is quantized
            if (add(factor, DeviceType.F32, plan, order)) {
                int longer = Math.max(factor.rows(), factor.cols());
                CudaWorkspace.Row row = CudaWorkspace.Row.of(longer, Math.min(factor.rows(), factor.cols()), longer);
                needed = needed.larger(row.times(row.together()));
            }
        }
        long bytes = order.stream().mapToLong(Planned::bytes).sum();
        requireRoom(bytes, needed.bytes() + CUBLAS_BYTES);
        upload(order, bytes, listener);
        work = needed;
    }

    /** Whether it is one more. */
    private boolean add(Matrix matrix, DeviceType type, IdentityHashMap<Matrix, Planned> plan, List<Planned> order) {
        if (matrix.rows() == 0 || matrix.cols() == 0 || loaded.containsKey(matrix) || plan.containsKey(matrix)) {
            return false;
        }
        Planned planned = new Planned(matrix, type);
        plan.put(matrix, planned);
        order.add(planned);
        return true;
    }

    private DeviceType weightType(Matrix matrix) {
        return switch (matrix) {
            case Matrix.F32 _, Matrix.F16 _ -> DeviceType.F32;
            case Matrix.Bf16 _ -> DeviceType.BF16;
            case Matrix.Int8 _, Matrix.Q8 _ -> throw quantized("q8");
            case Matrix.Q4 _ -> throw quantized("q4");
        };
    }

    private IllegalArgumentException quantized(String format) {
        return new IllegalArgumentException(
                device.name() + ": quantized weights (" + format + ") are computed on the processor only");
    }

    private void requireRoom(long weights, long workBytes) {
        CudaDevice.Memory memory = device.memory();
        if (weights + workBytes > memory.free()) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "%s: the model needs %.2f GiB on the device (weights %.2f, work %.2f), %.2f of %.2f GiB are free",
                    device.name(),
                    gib(weights + workBytes),
                    gib(weights),
                    gib(workBytes),
                    gib(memory.free()),
                    gib(memory.total())));
        }
    }

    private static double gib(long bytes) {
        return bytes / (double) (1 << 30);
    }

    private void upload(List<Planned> order, long total, UploadListener listener) {
        IdentityHashMap<Matrix, DeviceMatrix> fresh = new IdentityHashMap<>();
        boolean done = false;
        try {
            long before = 0;
            for (Planned planned : order) {
                Matrix matrix = planned.matrix();
                DeviceBuffer buffer = device.allocate(planned.bytes());
                fresh.put(
                        matrix,
                        DeviceMatrix.of(buffer, planned.type(), /* rows= */ matrix.cols(), /* cols= */ matrix.rows()));
                before = MatrixUpload.run(device, matrix, planned.type(), buffer, before, total, listener);
            }
            loaded.putAll(fresh);
            done = true;
        } finally {
            if (!done) {
                fresh.values().forEach(matrix -> matrix.buffer().close());
            }
        }
    }

    /** The copy of a matrix; null if it was not loaded or the device is out of use. */
    DeviceMatrix find(Matrix matrix) {
        noteFailure();
        return device.failed() ? null : loaded.get(matrix);
    }

    /** Runs products on the device's thread. An error that ends the device is noted, and thrown as every other. */
    void run(Runnable products) {
        try {
            device.run(products);
        } finally {
            noteFailure();
        }
    }

    private void noteFailure() {
        if (device.failed() && !noted) {
            noted = true;
            note.accept(device.name() + ": out of use after an error; the processor computes from here on");
        }
    }

    @Override
    public boolean lost() {
        return device.failed();
    }

    /** Frees one copy: for tests, whose matrices are many. */
    void unload(Matrix matrix) {
        DeviceMatrix copy = loaded.remove(matrix);
        if (copy != null) {
            copy.buffer().close();
        }
    }

    /** Frees all memory and the device's handles. */
    @Override
    public void close() {
        loaded.clear();
        device.close();
    }
}
