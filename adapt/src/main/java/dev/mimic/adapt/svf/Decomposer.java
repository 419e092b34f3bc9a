package dev.mimic.adapt.svf;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.engine.model.WeightReader;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.backend.Device;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svd.RandomizedSvd;
import dev.mimic.kernels.svd.Sketch;
import dev.mimic.kernels.svd.Svd;
import dev.mimic.kernels.svd.SvdCheck;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.TensorView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Takes weights apart, one at a time: memory is bounded by the largest (about 24 bytes an element; a GPU holds up to
 * 12 bytes an element and 12 for each of a square of the shorter side). One caller at a time.
 */
public final class Decomposer implements AutoCloseable {
    private final DecomposeOptions options;
    private final Backend backend;
    private final WorkerPool owned;

    private Decomposer(DecomposeOptions options, Backend backend, WorkerPool owned) {
        this.options = options;
        this.backend = backend;
        this.owned = owned;
    }

    /**
     * Makes one with threads of its own.
     *
     * @param threads 0 for as many as there are processors
     */
    public static Decomposer open(DecomposeOptions options, int threads) {
        return open(options, threads, Device.CPU, _ -> {});
    }

    /**
     * Makes one with threads of its own that computes on a device, in single precision where that is a GPU. A weight that does
     * not fit a GPU that was asked for is an error; with {@link Device#AUTO} the processor takes it.
     *
     * @param threads 0 for as many as there are processors
     * @param note hears, in one line each, what is computed elsewhere than expected and why
     * @throws IllegalArgumentException if a GPU is asked for and cannot be used, saying why
     */
    public static Decomposer open(DecomposeOptions options, int threads, Device device, Consumer<String> note) {
        WorkerPool pool = WorkerPool.of(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
        try {
            return new Decomposer(options, backend(device, pool, note), pool);
        } catch (RuntimeException | Error e) {
            pool.close();
            throw e;
        }
    }

    /** What takes weights apart there; a GPU that was not asked for by name is said, since it does so in single precision. */
    static Backend backend(Device device, WorkerPool pool, Consumer<String> note) {
        Backend backend = Backend.open(device, pool, note);
        if (device.kind() == Device.Kind.AUTO && !backend.onProcessor()) {
            note.accept("taking weights apart on " + backend.name() + ", in single precision; --device cpu has double");
        }
        return backend;
    }

    /** Makes one that borrows a backend and its pool. */
    public static Decomposer on(Backend backend, DecomposeOptions options) {
        return new Decomposer(options, backend, null);
    }

    /**
     * Takes one tensor apart, in memory. The options' targets are of no account; a rank beyond the matrix's keeps all.
     *
     * @param file name of its file, for messages
     * @throws InvalidModelException if it is no matrix of F32, F16 or BF16, is empty or holds a non-finite number
     */
    public Decomposition decompose(String file, TensorView tensor) {
        long start = System.nanoTime();
        Matrix w = WeightReader.matrix(file, tensor);
        Svd svd = stored(svd(file, tensor.name(), w));
        SvdCheck check = SvdCheck.of(backend.doubles(), backend.pool(), w, svd);
        MatrixReport report = new MatrixReport(
                tensor.name(),
                w.rows(),
                w.cols(),
                svd.rank(),
                check.relativeError(),
                check.orthogonality(),
                (System.nanoTime() - start) * 1e-9,
                false);
        return new Decomposition(tensor.name(), svd, options.dtype(), report);
    }

    private Svd svd(String file, String name, Matrix w) {
        int rank = rank(w);
        try {
            if (options.method() == DecomposeOptions.Method.FULL) {
                Svd whole = backend.svd().full(w);
                return rank == 0 ? whole : whole.truncated(rank);
            }
            Sketch sketch =
                    options.method() == DecomposeOptions.Method.SRFT ? new Sketch.Srft() : new Sketch.Gaussian();
            RandomizedSvd.Options how = new RandomizedSvd.Options(
                    sketch, Math.max(1, rank), options.oversampling(), options.power(), options.seed());
            return backend.svd().randomized(w, how);
        } catch (IllegalArgumentException e) {
            throw new InvalidModelException(file, "tensor '" + name + "': " + e.getMessage());
        }
    }

    private int rank(Matrix w) {
        int largest = Math.min(w.rows(), w.cols());
        return options.rank() == 0 ? largest : Math.min(largest, options.rank());
    }

    private Svd stored(Svd svd) {
        return new Svd(
                svd.rows(),
                svd.cols(),
                stored(svd.u(), svd.rows(), svd.rank()),
                svd.sigma(),
                stored(svd.v(), svd.cols(), svd.rank()));
    }

    private float[] stored(float[] matrix, int rows, int cols) {
        return options.dtype() == DType.I8
                ? RoundedColumns.of(matrix, rows, cols).widened()
                : StoredFloats.rounded(options.dtype(), matrix);
    }

    /**
     * Takes a model apart into a factors folder. Interrupted at any moment, even by a kill, it goes on where it was when
     * called again: a finished weight is never done again, a half-written one never counts.
     *
     * @param out a folder that is new, empty, or of an earlier run with the same parameters, in the same precision
     * @return a report for each weight, in order
     * @throws IllegalArgumentException if {@code out} holds anything else or no weight fits the targets
     * @throws InvalidModelException if a weight is not finite (names it), or a check from disk finds other factors
     * @throws java.io.UncheckedIOException if {@code out} cannot be written
     * @throws RuntimeException what a device reports, also that a weight does not fit one that was asked for by name
     */
    public List<MatrixReport> decompose(ModelDirectory model, Path out, DecompositionListener listener) {
        model.requirePlain("decompose");
        List<String> weights = options.targets().choose(model.tensorNames());
        List<MatrixReport> reports = new ArrayList<>();
        try (FactorsFolder folder = FactorsFolder.open(out, model.fingerprint(), options, precision())) {
            for (int i = 0; i < weights.size(); i++) {
                String weight = weights.get(i);
                listener.started(weight, i, weights.size());
                model.checkStillWhole();
                reports.add(decomposeTo(folder, i, model, weight));
                listener.finished(reports.getLast(), i + 1, weights.size());
            }
            folder.finish(reports);
        }
        return options.check() ? checked(model, out, reports) : List.copyOf(reports);
    }

    /** Said in the folder, so that none is begun in one precision and ended in the other. */
    private String precision() {
        return backend.svd().isSinglePrecision() ? FactorsFolder.SINGLE : FactorsFolder.DOUBLE;
    }

    private MatrixReport decomposeTo(FactorsFolder folder, int index, ModelDirectory model, String weight) {
        TensorView tensor = model.tensor(weight).orElseThrow();
        String file = String.valueOf(model.path().getFileName());
        Matrix w = WeightReader.matrix(file, tensor);
        return folder.finished(index, weight, w.rows(), w.cols(), rank(w)).orElseGet(() -> {
            Decomposition decomposition = decompose(file, tensor);
            folder.write(index, decomposition);
            tensor.unload(); // a model is larger than what one of its matrices needs
            return decomposition.report();
        });
    }

    /** Measures what lies on disk. */
    private List<MatrixReport> checked(ModelDirectory model, Path out, List<MatrixReport> reports) {
        List<MatrixReport> result = new ArrayList<>();
        try (Factors factors = Factors.open(out)) {
            for (MatrixReport report : reports) {
                Factor factor = factors.factor(report.weight()).orElseThrow();
                Matrix w = WeightReader.matrix(
                        String.valueOf(model.path().getFileName()),
                        model.tensor(report.weight()).orElseThrow());
                SvdCheck check = SvdCheck.of(backend.doubles(), backend.pool(), w, svd(factor));
                if (!(check.relativeError() <= report.relativeError() * 1.001 + 1e-9)) {
                    throw new InvalidModelException(
                            out,
                            "factors of '" + report.weight() + "': relative error on disk is " + check.relativeError()
                                    + ", expected " + report.relativeError() + " as when they were made");
                }
                result.add(new MatrixReport(
                        report.weight(),
                        report.rows(),
                        report.cols(),
                        report.rank(),
                        check.relativeError(),
                        check.orthogonality(),
                        report.seconds(),
                        report.resumed()));
            }
        }
        return List.copyOf(result);
    }

    private static Svd svd(Factor factor) {
        SvfFactors held = factor.factors();
        float[] u = floats(held.u(), false, factor.uScales());
        float[] v = floats(held.v(), held.transposed(), factor.vScales());
        return new Svd(held.out(), held.in(), u, factor.sigma(), v);
    }

    /**
     * A factor in memory, [.., rank].
     *
     * @param transposed whether it is stored the other way
     * @param scales of its columns; empty for none
     */
    private static float[] floats(Matrix matrix, boolean transposed, float[] scales) {
        int rank = transposed ? matrix.rows() : matrix.cols();
        int rows = transposed ? matrix.cols() : matrix.rows();
        float[] values = new float[Math.multiplyExact(rows, rank)];
        for (int i = 0; i < values.length; i++) {
            int k = i % rank;
            float value = matrix.get(transposed ? (long) k * rows + i / rank : i);
            values[i] = scales.length == 0 ? value : value * scales[k];
        }
        return values;
    }

    /** Ends its own threads, if it has any, and gives the device back. */
    @Override
    public void close() {
        if (owned != null) {
            try {
                backend.close();
            } finally {
                owned.close();
            }
        }
    }
}
