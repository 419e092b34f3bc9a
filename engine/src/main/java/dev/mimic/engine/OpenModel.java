package dev.mimic.engine;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.engine.model.QuantizingLoader;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.engine.model.WeightReader;
import dev.mimic.engine.prompt.ChatTemplate;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.backend.Device;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.QuantizedFormat;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.model.QuantizationManifest;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** The parts of an engine, and who closes them. */
final class OpenModel implements AutoCloseable {
    private static final String ADVICE = "; use --device cpu";
    private static final String ON_PROCESSOR = "computing on the processor: ";

    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private ModelDirectory directory;
    private Optional<Tokenizer> tokenizer;
    private Optional<Factors> factors = Optional.empty();
    private Optional<ChatTemplate> chatTemplate = Optional.empty();
    private Transformer transformer;

    private OpenModel() {}

    /** Opens a folder; tokenizer and weights at the same time. Leaves nothing open if it fails. */
    static OpenModel open(Path folder, EngineOptions options) {
        FutureTask<Optional<Tokenizer>> reading = new FutureTask<>(() -> readTokenizer(folder));
        Thread.ofPlatform().daemon().name("mimic-tokenizer").start(reading);
        OpenModel model = new OpenModel();
        boolean opened = false;
        try {
            model.openWeights(folder, options);
            model.tokenizer = await(reading);
            model.checkVocabulary();
            model.chatTemplate = model.tokenizer.flatMap(ChatTemplate::of);
            opened = true;
            return model;
        } finally {
            if (!opened) {
                model.close();
            }
        }
    }

    private static Optional<Tokenizer> readTokenizer(Path folder) {
        return Files.exists(folder.resolve("tokenizer.json")) ? Optional.of(Tokenizer.open(folder)) : Optional.empty();
    }

    private static <T> T await(FutureTask<T> task) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    switch (e.getCause()) {
                        case RuntimeException cause -> throw cause;
                        case Error cause -> throw cause;
                        case Throwable cause -> throw new CompletionException(cause);
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void openWeights(Path folder, EngineOptions options) {
        directory = own(ModelDirectory.open(folder));
        factors = options.factors().map(path -> own(Factors.open(path)));
        if (!options.transfer()) {
            factors.ifPresent(held -> held.requireBase(directory));
        }
        WorkerPool pool = options.pool().orElse(null);
        if (pool == null) {
            int threads = options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
            pool = own(WorkerPool.of(threads));
        }
        WorkerPool shared = pool;
        Backend backend = backend(options, pool);
        Optional<QuantizingLoader> quantizer = options.quantize().map(wanted -> quantizer(wanted, shared));
        WeightReader reader = new WeightReader(directory, quantizer);
        TransformerWeights weights = new TransformerWeights(directory.config(), reader, byName(), form(options.form()));
        transformer = new Transformer(
                directory.config(),
                weights,
                loaded(backend, weights, options, pool),
                Math.max(options.blockSize(), options.maxBatch()));
    }

    /** Before anything is read: what cannot be had is said at once, and what a GPU does not hold without a look for one. */
    private Backend backend(EngineOptions options, WorkerPool pool) {
        EngineOptions.Placement placement = options.placement();
        Device.Kind kind = placement.device().kind();
        Optional<String> quantized = quantized(options);
        if (quantized.isPresent() && placement.device().isRequired()) {
            throw new IllegalArgumentException(
                    placement.device() + ": " + quantized.get() + " are computed on the processor only" + ADVICE);
        }
        if (quantized.isPresent() && kind == Device.Kind.AUTO) {
            placement.listener().note(ON_PROCESSOR + quantized.get() + " are computed there only");
        }
        if (quantized.isPresent() || kind == Device.Kind.CPU) {
            return own(options.backend().apply(pool));
        }
        Backend opened = own(Backend.open(placement.device(), pool, placement.listener()::note));
        return opened.onProcessor() ? own(options.backend().apply(pool)) : opened;
    }

    /** What is quantized and how, as the command line names it; empty if nothing is. */
    private Optional<String> quantized(EngineOptions options) {
        Optional<String> format = options.quantize()
                .map(wanted -> wanted.format().name().toLowerCase(Locale.ROOT))
                .or(() -> directory.quantization().map(QuantizationManifest::format));
        return format.map(name -> "quantized weights (" + name + ")")
                .or(() -> factors.filter(Factors::eightBits).map(_ -> "factors in q8"));
    }

    /** Copies the weights to where the backend multiplies. */
    private Backend loaded(Backend backend, TransformerWeights weights, EngineOptions options, WorkerPool pool) {
        if (backend.onProcessor()) {
            return backend;
        }
        EngineOptions.Placement placement = options.placement();
        try {
            backend.memory().load(weights.matrices(), weights.factorMatrices(), placement.listener()::uploaded);
            Backend processor = options.backend().apply(pool);
            weights.matrices().stream()
                    .min(Comparator.comparingLong(Matrix::byteSize))
                    .ifPresent(smallest -> TrialProduct.run(backend, processor, smallest));
            weights.factorMatrices().stream()
                    .min(Comparator.comparingLong(Matrix::byteSize))
                    .ifPresent(smallest -> TrialProduct.run(backend, processor, smallest));
        } catch (RuntimeException e) {
            if (!isOfDevice(e)) {
                throw e;
            }
            return processor(backend, options, pool, e);
        }
        if (!placement.device().isRequired()) {
            placement
                    .listener()
                    .note("computing on " + backend.name()
                            + ", untried on real cards: `mimic cuda-check` tries it; --device cpu is the processor");
        }
        return backend;
    }

    /** Whether the processor would do: what a GPU reports, does not hold, or gets wrong. All else is a fault of its own. */
    private static boolean isOfDevice(RuntimeException e) {
        return e instanceof IllegalArgumentException
                || e instanceof TrialProduct.WrongProductException
                || Backend.isReportOfDevice(e);
    }

    /** What takes the place of a GPU that cannot be used, unless that GPU is asked for. */
    private Backend processor(Backend gpu, EngineOptions options, WorkerPool pool, RuntimeException why) {
        gpu.close();
        if (options.placement().device().isRequired()) {
            throw new IllegalArgumentException(why.getMessage() + ADVICE, why);
        }
        options.placement().listener().note(ON_PROCESSOR + why.getMessage());
        return own(options.backend().apply(pool));
    }

    private QuantizingLoader quantizer(EngineOptions.Quantize wanted, WorkerPool pool) {
        Arena arena = own(Arena.ofShared());
        QuantizedFormat format = QuantizedFormat.valueOf(wanted.format().name());
        return new QuantizingLoader(format, arena, pool, wanted.listener()::accept);
    }

    private Map<String, Factor> byName() {
        Map<String, Factor> named = new LinkedHashMap<>();
        factors.ifPresent(held -> held.weightNames()
                .forEach(name -> named.put(name, held.factor(name).orElseThrow())));
        return named;
    }

    private TransformerWeights.SvfForm form(EngineOptions.Form wanted) {
        return switch (wanted) {
            case FACTORED -> TransformerWeights.SvfForm.FACTORED;
            case RESIDUAL -> TransformerWeights.SvfForm.RESIDUAL;
            case AUTO ->
                factors.map(Factors::fullRank).orElse(true)
                        ? TransformerWeights.SvfForm.FACTORED
                        : TransformerWeights.SvfForm.RESIDUAL;
        };
    }

    private void checkVocabulary() {
        int rows = directory.config().vocabularySize();
        int ids = tokenizer.map(Tokenizer::vocabularySize).orElse(0);
        if (ids > rows) {
            throw new InvalidModelException(
                    "tokenizer.json",
                    "its ids go up to " + (ids - 1) + ", expected below " + rows + ", the vocab_size of config.json");
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        owned.push(part);
        return part;
    }

    ModelDirectory directory() {
        return directory;
    }

    Optional<Tokenizer> tokenizer() {
        return tokenizer;
    }

    Optional<ChatTemplate> chatTemplate() {
        return chatTemplate;
    }

    Optional<Factors> factors() {
        return factors;
    }

    /** Checks that no file was cut since it was opened. */
    void checkStillWhole() {
        directory.checkStillWhole();
        factors.ifPresent(Factors::checkStillWhole);
    }

    Transformer transformer() {
        return transformer;
    }

    /** Closes what was opened, the last first. */
    @Override
    public void close() {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        }
    }
}
