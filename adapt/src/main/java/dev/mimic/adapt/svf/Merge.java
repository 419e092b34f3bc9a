package dev.mimic.adapt.svf;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.engine.model.WeightReader;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.backend.Device;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svd.Recomposition;
import dev.mimic.kernels.svd.Svd;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.DerivedFolder;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.PendingTensor;
import dev.mimic.loader.safetensors.TensorScan;
import dev.mimic.loader.safetensors.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Writes a model with its experts merged in: a plain Hugging Face folder with {@code W' = U diag(sigma .* z) Vᵀ}, or for
 * factors that hold less than the full rank {@code W' = W + U_k diag(sigma_k .* (z_k - 1)) V_kᵀ}. Computed in double
 * precision, one weight at a time. The folder appears whole or not at all.
 */
public final class Merge implements AutoCloseable {
    private final ModelDirectory model;
    private final Optional<Factors> factors;
    private final ExpertMixture mixture;
    private final Options options;
    private final WorkerPool pool;
    private final Backend backend;

    /**
     * What else to know.
     *
     * @param dtype F32, F16 or BF16 for all float tensors; empty keeps each tensor's own
     * @param transfer whether experts of another base model are allowed
     * @param threads 0 for as many as there are processors
     * @param shardBytes the largest weight file wanted; more tensors go to further files with an index
     * @param notes hears what the user should know, one line each
     * @param progress hears each tensor's name before it is written
     * @param device where weights are taken apart; of no account with factors
     * @param deviceNotes hears which that is, and why
     */
    public record Options(
            Optional<DType> dtype,
            boolean transfer,
            int threads,
            long shardBytes,
            Consumer<String> notes,
            Consumer<String> progress,
            Device device,
            Consumer<String> deviceNotes) {
        /** As Hugging Face cuts its files. */
        public static final long SHARD_BYTES = DerivedFolder.SHARD_BYTES;

        public Options {
            dtype.ifPresent(type -> {
                if (!StoredFloats.handles(type)) {
                    throw new IllegalArgumentException("merge: dtype is " + type + ", expected F32, F16 or BF16");
                }
            });
        }

        /** On the processor. */
        public Options(
                Optional<DType> dtype,
                boolean transfer,
                int threads,
                long shardBytes,
                Consumer<String> notes,
                Consumer<String> progress) {
            this(dtype, transfer, threads, shardBytes, notes, progress, Device.CPU, _ -> {});
        }

        /** The base's types, no transfer, all processors and no other device. */
        public static Options defaults() {
            return new Options(Optional.empty(), false, 0, SHARD_BYTES, _ -> {}, _ -> {});
        }

        /** The same on another device, which notes are about. */
        public Options withDevice(Device value, Consumer<String> note) {
            return new Options(dtype, transfer, threads, shardBytes, notes, progress, value, note);
        }
    }

    private Merge(ModelDirectory model, Optional<Factors> factors, ExpertMixture mixture, Options options) {
        this.model = model;
        this.factors = factors;
        this.mixture = mixture;
        this.options = options;
        pool = WorkerPool.of(options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads());
        backend = open(factors.isPresent() ? Device.CPU : options.device());
    }

    private Backend open(Device device) {
        try {
            return Decomposer.backend(device, pool, options.deviceNotes());
        } catch (RuntimeException | Error e) {
            pool.close();
            throw e;
        }
    }

    /**
     * Merges.
     *
     * @param model read only
     * @param factors of that model; empty takes apart what is needed
     * @param out a folder that does not exist yet, or is empty
     * @throws InvalidModelException in one line, if an expert does not fit, or a number of the model is not finite or too
     *     large for the type wanted (names the tensor)
     * @throws IllegalArgumentException if {@code out} holds something, or a GPU is asked for and cannot be used
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public static void write(
            ModelDirectory model, Optional<Factors> factors, ExpertMixture mixture, Path out, Options options) {
        try (Merge merge = new Merge(model, factors, mixture, options)) {
            merge.check();
            DerivedFolder.write("merge", model, out, options.dtype(), options.shardBytes(), merge.tensors(), Map.of());
        }
    }

    private void check() {
        model.requirePlain("merge");
        if (factors.isPresent()) {
            Factors held = factors.get();
            if (!options.transfer()) {
                held.requireBase(model);
            }
            mixture.check(held, options.transfer(), options.notes());
        } else {
            String fingerprint = model.fingerprint();
            for (ExpertMixture.Part part : mixture.parts()) {
                part.expert().ifPresent(expert -> {
                    expert.checkBase(fingerprint, options.transfer(), options.notes());
                    expert.vectors().keySet().forEach(weight -> checkWeight(expert, weight));
                });
            }
        }
        for (String weight : mixture.weights()) {
            if (model.tensor(weight).isEmpty()) {
                throw new InvalidModelException(
                        folder(), "tensor '" + weight + "': the model has no such weight, an expert adapts it");
            }
        }
    }

    /** Before anything is taken apart: the weight is there, and its vector has the length of its full rank. */
    private void checkWeight(Expert expert, String weight) {
        TensorView view = model.tensor(weight)
                .orElseThrow(() -> new InvalidModelException(
                        expert.name(),
                        "tensor '" + weight + "': the model has no such weight, expected one of its own"));
        Matrix w = WeightReader.matrix(folder(), view);
        expert.checkLength(weight, Math.min(w.rows(), w.cols()));
    }

    private String folder() {
        return String.valueOf(model.path().getFileName());
    }

    private List<PendingTensor> tensors() {
        List<PendingTensor> tensors = new ArrayList<>();
        for (String name : model.tensorNames()) {
            TensorView view = model.tensor(name).orElseThrow();
            DType type = StoredFloats.handles(view.dtype()) ? options.dtype().orElse(view.dtype()) : view.dtype();
            tensors.add(new PendingTensor(name, type, view.shape(), () -> data(view, type)));
        }
        return tensors;
    }

    private MemorySegment data(TensorView view, DType type) {
        options.progress().accept(view.name());
        model.checkStillWhole();
        if (mixture.weights().contains(view.name())) {
            return merged(view, type);
        }
        long bad = TensorScan.nonFinite(view, _ -> {});
        if (bad > 0) {
            throw new InvalidModelException(
                    folder(), "tensor '" + view.name() + "': " + bad + " numbers are not finite, expected none");
        }
        if (type == view.dtype()) {
            return view.data();
        }
        MemorySegment bytes = allocate(view.elements(), type);
        for (long i = 0; i < view.elements(); i++) {
            put(view.name(), type, bytes, i, StoredFloats.get(view.dtype(), view.data(), i));
        }
        return bytes;
    }

    /** Freed when nothing holds it any more: the writer asks for the next tensor only when this one is on disk. */
    private static MemorySegment allocate(long elements, DType type) {
        return Arena.ofAuto().allocate(elements * type.bytes());
    }

    private void put(String name, DType type, MemorySegment bytes, long index, float value) {
        StoredFloats.put(type, bytes, index, value);
        if (!Float.isFinite(StoredFloats.get(type, bytes, index))) {
            throw new InvalidModelException(
                    folder(),
                    "tensor '" + name + "': element " + index + " is " + value + ", expected a number that " + type
                            + " can hold");
        }
    }

    private MemorySegment merged(TensorView view, DType type) {
        Matrix w = WeightReader.matrix(folder(), view);
        Factor factor = factor(view, w);
        float[] z = mixture.z(view.name(), factor.sigma());
        double[] scale = new double[z.length];
        for (int i = 0; i < scale.length; i++) {
            scale[i] = factor.scale()[i] * (factor.fullRank() ? (double) z[i] : (double) z[i] - 1);
        }
        int cols = w.cols();
        MemorySegment bytes = allocate(view.elements(), type);
        new Recomposition(backend.doubles(), pool)
                .write(factor.fullRank() ? null : w, factor.factors(), scale, (row, values, offset) -> {
                    for (int j = 0; j < cols; j++) {
                        put(view.name(), type, bytes, (long) row * cols + j, (float) values[offset + j]);
                    }
                });
        return bytes;
    }

    private Factor factor(TensorView view, Matrix w) {
        if (factors.isPresent()) {
            Factor factor = factors.get().factor(view.name()).orElseThrow();
            SvfFactors held = factor.factors();
            if (held.out() != w.rows() || held.in() != w.cols()) {
                throw new InvalidModelException(
                        factors.get().path(),
                        "factors of '" + view.name() + "': are of shape ["
                                + held.out() + ", " + held.in() + "], expected [" + w.rows() + ", "
                                + w.cols() + "]");
            }
            return factor;
        }
        try {
            Svd svd = backend.svd().full(w);
            SvfFactors own = new SvfFactors(matrix(svd.u(), svd.rows()), matrix(svd.v(), svd.cols()));
            return Factor.plain(view.name(), own, svd.sigma());
        } catch (IllegalArgumentException e) {
            throw new InvalidModelException(folder(), "tensor '" + view.name() + "': " + e.getMessage());
        }
    }

    private static Matrix matrix(float[] values, int rows) {
        return new Matrix.F32(rows, values.length / rows, StoredFloats.encode(DType.F32, values));
    }

    /** Gives the device back and ends the threads. */
    @Override
    public void close() {
        try {
            backend.close();
        } finally {
            pool.close();
        }
    }
}
