package dev.mimic.engine.quantize;

import dev.mimic.engine.EngineOptions.WeightFormat;
import dev.mimic.engine.model.QuantizingLoader;
import dev.mimic.engine.model.WeightReader;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.Quantization;
import dev.mimic.kernels.matrix.QuantizedFormat;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.DerivedFolder;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.model.QuantizationManifest;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.PendingTensor;
import dev.mimic.loader.safetensors.TensorScan;
import dev.mimic.loader.safetensors.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Writes a model folder with quantized weights: what {@link dev.mimic.engine.EngineOptions.Quantize} makes at load time,
 * on disk. Each matrix becomes {@code NAME.values} and {@code NAME.scales}, named by quantization.json; embeddings and head
 * get 8 bits in every format; norms and biases stay as they are. One matrix is in memory at a time.
 */
public final class ModelQuantizer {
    private static final List<String> TABLES = List.of("model.embed_tokens.weight", "lm_head.weight");

    private final ModelDirectory model;
    private final QuantizedFormat format;
    private final WorkerPool pool;
    private final Consumer<String> progress;
    private final List<Report> reports = new ArrayList<>();
    private Arena arena;
    private MemorySegment scales;

    /**
     * What became of a matrix.
     *
     * @param format q8 or q4
     * @param relativeError {@code ‖W - W'‖ / ‖W‖}, of Frobenius
     * @param bytes of values and scales
     */
    public record Report(String weight, int rows, int cols, String format, double relativeError, long bytes) {}

    private ModelQuantizer(ModelDirectory model, QuantizedFormat format, WorkerPool pool, Consumer<String> progress) {
        this.model = model;
        this.format = format;
        this.pool = pool;
        this.progress = progress;
    }

    /**
     * Quantizes a model.
     *
     * @param model plain; read only
     * @param out a folder that does not exist yet, or is empty; whole or not there at all
     * @param threads threads that work
     * @param progress hears the name of each tensor before it is written
     * @return a report for each matrix, in the order of their bytes
     * @throws InvalidModelException if a number is not finite (names the tensor), or the model is quantized already
     * @throws IllegalArgumentException if {@code out} holds something
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public static List<Report> write(
            ModelDirectory model, Path out, WeightFormat format, int threads, Consumer<String> progress) {
        model.requirePlain("quantize");
        try (WorkerPool pool = WorkerPool.of(threads)) {
            ModelQuantizer work = new ModelQuantizer(model, QuantizedFormat.valueOf(format.name()), pool, progress);
            try {
                DerivedFolder.write(
                        "quantize",
                        model,
                        out,
                        Optional.empty(),
                        DerivedFolder.SHARD_BYTES,
                        work.tensors(),
                        Map.of(QuantizationManifest.FILE, work::manifest));
            } finally {
                work.free();
            }
            return List.copyOf(work.reports);
        }
    }

    private List<PendingTensor> tensors() {
        List<PendingTensor> tensors = new ArrayList<>();
        for (String name : model.tensorNames()) {
            TensorView view = model.tensor(name).orElseThrow();
            if (view.shape().size() == 2) {
                quantized(view, tensors);
            } else {
                tensors.add(new PendingTensor(name, view.dtype(), view.shape(), () -> plain(view)));
            }
        }
        return tensors;
    }

    private void quantized(TensorView view, List<PendingTensor> tensors) {
        String name = view.name();
        Matrix w = WeightReader.matrix(folder(), view);
        QuantizedFormat to = TABLES.contains(name) ? QuantizingLoader.ofTables(format) : format;
        tensors.add(new PendingTensor(
                QuantizationManifest.values(name),
                WeightReader.valueType(to),
                WeightReader.valueShape(to, w.rows(), w.cols()),
                () -> values(name, w, to)));
        tensors.add(new PendingTensor(
                QuantizationManifest.scales(name),
                DType.BF16,
                WeightReader.scaleShape(w.rows(), w.cols()),
                () -> scales));
    }

    private String folder() {
        return String.valueOf(model.path().getFileName());
    }

    private void next(String name) {
        progress.accept(name);
        model.checkStillWhole();
        free();
    }

    private void free() {
        if (arena != null) {
            arena.close();
            arena = null;
        }
    }

    private MemorySegment plain(TensorView view) {
        next(view.name());
        long bad = TensorScan.nonFinite(view, _ -> {});
        if (bad > 0) {
            throw new InvalidModelException(
                    folder(), "tensor '" + view.name() + "': " + bad + " numbers are not finite, expected none");
        }
        return view.data();
    }

    private MemorySegment values(String name, Matrix w, QuantizedFormat to) {
        next(name);
        arena = Arena.ofShared();
        Quantization.Result result = QuantizingLoader.quantized(folder(), name, w, to, arena, pool);
        Matrix matrix = result.matrix();
        reports.add(new Report(
                name,
                w.rows(),
                w.cols(),
                to.name().toLowerCase(Locale.ROOT),
                result.relativeError(),
                matrix.byteSize()));
        scales = Quantization.scales(matrix).asSlice(0, to.scaleBytes(w.rows(), w.cols()));
        return matrix.data().asSlice(0, to.valueBytes(w.rows(), w.cols()));
    }

    private String manifest() {
        Map<String, QuantizationManifest.Entry> matrices = new LinkedHashMap<>();
        reports.forEach(report ->
                matrices.put(report.weight(), new QuantizationManifest.Entry(report.format(), report.relativeError())));
        return new QuantizationManifest(format.name().toLowerCase(Locale.ROOT), model.fingerprint(), matrices).toJson();
    }
}
