package dev.mimic.engine;

import dev.mimic.engine.model.Factors;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.prompt.ChatTemplate;
import dev.mimic.engine.runtime.BatchScheduler;
import dev.mimic.engine.runtime.GenerationTask;
import dev.mimic.engine.runtime.PromptPass;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.engine.trace.BatchTrace;
import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.backend.Device;
import dev.mimic.loader.model.GenerationConfig;
import dev.mimic.loader.model.ModelConfig;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A model ready to run. Requests may come from any thread; they are decoded together, each with its own adapter, sampling
 * and stop, and each gets bit for bit what it would get alone (on a GPU: but for rounding). Closing the engine ends what is
 * running and frees all memory but what goes with the garbage: the kernels' scratch, and the native copy of a LoRA adapter
 * once its adapter or its engine is given up.
 */
public final class Engine implements AutoCloseable {
    private final OpenModel model;
    private final BatchScheduler scheduler;
    private final RequestReader requests;
    private final ResultWriter results;
    private final Scorer scorer;
    private final int context;
    private final EngineOptions.CacheFormat cacheFormat;
    private final double loadSeconds;

    private Engine(OpenModel model, EngineOptions options, long start) {
        this.model = model;
        this.context = options.contextLength().orElse(model.directory().config().maxPositions());
        this.cacheFormat = options.keyValueType();
        this.requests = new RequestReader(model, context, options.clock());
        this.scheduler = new BatchScheduler(
                model.transformer(),
                options.maxBatch(),
                cacheFormat.type(),
                options.cacheBytes(),
                model::checkStillWhole);
        this.results = new ResultWriter(model);
        this.scorer = new Scorer(model, requests, scheduler, cacheFormat);
        this.loadSeconds = (System.nanoTime() - start) / 1e9;
    }

    /** Opens a Hugging Face folder with {@link EngineOptions#DEFAULTS}. */
    public static Engine open(Path folder) {
        return open(folder, EngineOptions.DEFAULTS);
    }

    /**
     * Opens a Hugging Face folder. Weights are mapped, not read; with a GPU they are copied there.
     *
     * @throws dev.mimic.loader.InvalidModelException if a file is not what it claims to be, or the factors are of another
     *     model
     * @throws IllegalArgumentException if the factors do not fit the model, or a GPU that is asked for cannot be used
     */
    public static Engine open(Path folder, EngineOptions options) {
        long start = System.nanoTime();
        OpenModel model = OpenModel.open(folder, options);
        boolean opened = false;
        try {
            Engine engine = new Engine(model, options, start);
            opened = true;
            return engine;
        } finally {
            if (!opened) {
                model.close();
            }
        }
    }

    /** Generates one reply and waits for it. */
    public GenerationResult generate(GenerationRequest request) {
        return submit(request, null).await();
    }

    /** Generates one reply, telling a listener as it grows, and waits for it. */
    public GenerationResult generate(GenerationRequest request, GenerationListener listener) {
        return submit(request, listener).await();
    }

    /**
     * Generates replies to several requests together, {@link EngineOptions#maxBatch} of them at a time, and waits for all.
     * Each gets what it would get alone; the engine keeps nothing of it.
     *
     * @param all may be empty; read only
     * @return n results for each request, in order; times are in seconds
     * @throws IllegalArgumentException before any is started, if a prompt does not fit the context, an adapter does not fit
     *     the factors, or an id is beyond the vocabulary
     * @throws IllegalStateException if one failed, as by a logit that is not finite, while the others ran to their end; or
     *     if the engine is closed, or this is its own thread
     */
    public List<GenerationResult> generateAll(List<GenerationRequest> all) {
        return submitAll(all).stream().map(PendingGeneration::await).toList();
    }

    /**
     * Generates one reply to each of several requests, shows a trace every step on the way, and waits for them: training.
     * Other requests wait meanwhile. The replies are those of {@link #generateAll(List)} but for rounding: linear layers add
     * up in the order of prompts, which costs less where rows are many.
     *
     * @param all one reply each, whatever their n
     * @param decoder what {@link Transformer#withRows} of this engine's own gave; runs no work meanwhile, and stays its
     *     caller's
     * @param trace shown every step, by the thread that runs it
     * @return in order
     * @throws IllegalArgumentException before any is started, as for {@link #generateAll(List)}
     * @throws IllegalStateException if one failed, or the engine is closed
     */
    @SuppressWarnings("exports") // adapt alone traces
    public List<GenerationResult> generateAll(List<GenerationRequest> all, Transformer decoder, BatchTrace trace) {
        return generateAll(all, Math.max(1, all.size()), List.of(decoder), List.of(trace));
    }

    /**
     * The same where threads take requests by parts: the first {@code share} of them, the next ones, and so on. The replies
     * do not depend on the cut.
     *
     * @param share requests of a part, but for the last one; {@code share} times the number of parts is no less than all
     * @param decoders one a part, {@link Transformer#over} kernels of its own where there are several; whoever made them
     *     closes their kernels, after this
     * @param traces one a part, each shown its own part's steps by one thread
     * @return in order
     * @throws IllegalStateException if one failed, or the engine is closed
     */
    @SuppressWarnings("exports") // adapt alone traces
    public List<GenerationResult> generateAll(
            List<GenerationRequest> all, int share, List<Transformer> decoders, List<? extends BatchTrace> traces) {
        List<GenerationTask> tasks = new ArrayList<>();
        List<PendingGeneration> pending = new ArrayList<>();
        for (GenerationRequest request : all) {
            int[] promptIds = requests.promptIds(request);
            GenerationTask task = requests.task(request, promptIds, 0, null);
            tasks.add(task);
            pending.add(pending(task, promptIds));
        }
        List<BatchScheduler.Part> parts = new ArrayList<>();
        for (int i = 0; i < decoders.size(); i++) {
            List<GenerationTask> some = tasks.subList(i * share, Math.min(tasks.size(), (i + 1) * share));
            parts.add(new BatchScheduler.Part(decoders.get(i), some, traces.get(i)));
        }
        scheduler.run(parts);
        return pending.stream().map(PendingGeneration::await).toList();
    }

    /**
     * Starts all n replies of several requests without waiting. They begin together: nothing runs before all prompts are
     * read, and none is started if one is refused.
     *
     * @return n replies for each request, in order
     */
    public List<PendingGeneration> submitAll(List<GenerationRequest> all) {
        List<GenerationTask> tasks = new ArrayList<>();
        List<PendingGeneration> pending = new ArrayList<>();
        for (GenerationRequest request : all) {
            int[] promptIds = requests.promptIds(request);
            for (int i = 0; i < request.n(); i++) {
                GenerationTask task = requests.task(request, promptIds, i, null);
                tasks.add(task);
                pending.add(pending(task, promptIds));
            }
        }
        scheduler.submit(tasks);
        return pending;
    }

    /** Starts all n replies of a request without waiting. */
    public List<PendingGeneration> submitAll(GenerationRequest request) {
        return submitAll(List.of(request));
    }

    /**
     * Starts one reply without waiting.
     *
     * @param listener hears the reply grow; null for none
     * @throws IllegalArgumentException if the request asks for several replies, its prompt does not fit, its adapter does
     *     not fit the factors, or an id is beyond the vocabulary
     * @throws IllegalStateException if the engine is closed
     */
    public PendingGeneration submit(GenerationRequest request, GenerationListener listener) {
        if (request.n() != 1) {
            throw new IllegalArgumentException(
                    "request: n is " + request.n() + ", expected 1 where one reply is given");
        }
        int[] promptIds = requests.promptIds(request);
        GenerationTask task = requests.task(request, promptIds, 0, listener);
        scheduler.submit(List.of(task));
        return pending(task, promptIds);
    }

    private PendingGeneration pending(GenerationTask task, int[] promptIds) {
        return new PendingGeneration(
                task, scheduler::checkMayWait, completion -> results.of(task, promptIds, completion));
    }

    /**
     * One reply as a stream of pieces of text that ends with it. Closing the stream cancels the reply.
     *
     * @throws IllegalStateException from the stream's end if the reply failed
     */
    public Stream<String> stream(GenerationRequest request) {
        TextStream pieces = new TextStream();
        PendingGeneration pending = submit(request, pieces);
        return pieces.over(pending);
    }

    /**
     * Log-probabilities of a completion after a prompt.
     *
     * @param promptIds the BOS id takes the place of an empty one
     * @param completionIds may be empty
     * @throws IllegalArgumentException if both together do not fit the context, or an id is beyond the vocabulary
     * @throws IllegalStateException if a logit is not finite
     */
    public Score score(int[] promptIds, int[] completionIds, Adapter adapter) {
        return score(new ScoreRequest(promptIds, completionIds, adapter));
    }

    private Score score(ScoreRequest request) {
        return scorer.all(List.of(request)).getFirst();
    }

    /**
     * Log-probabilities of many completions, packed into full steps whatever adapters they carry; each gets bit for bit
     * what it would get alone. Other requests wait meanwhile.
     *
     * @return one for each request, in order
     * @throws IllegalArgumentException if a prompt and its completion do not fit the context, or an id is beyond the
     *     vocabulary
     * @throws IllegalStateException if a logit is not finite
     */
    public List<Score> scoreAll(List<ScoreRequest> all) {
        return scorer.all(all);
    }

    /**
     * Log-probabilities of a completion after a prompt, both as text: the completion's tokens are those of both together
     * beyond those of the prompt.
     *
     * @throws IllegalArgumentException if the prompt's tokens do not begin those of both
     */
    public Score score(String prompt, String completion, Adapter adapter) {
        return score(scorer.request(prompt, completion, adapter));
    }

    /**
     * Logits of all positions.
     *
     * @param ids at least one
     * @return [ids, vocabulary]
     */
    public float[][] logits(int[] ids, Adapter adapter) {
        float[][] all = new float[ids.length][];
        forward(ids, adapter, (position, row) -> all[position] = row.clone());
        return all;
    }

    /**
     * Runs given tokens and hands out logits and hidden states of all positions.
     *
     * @param ids at least one
     * @throws IllegalArgumentException if they do not fit the context, or one is beyond the vocabulary
     * @throws IllegalStateException if a logit is not finite
     */
    public void forward(int[] ids, Adapter adapter, ForwardSink sink) {
        int[] checked = requests.checked(ids.clone());
        requests.checkFits("forward", checked.length);
        run(checked, 0, adapter, new SinkTrace(config(), sink), sink::logits);
    }

    private void run(int[] ids, int first, Adapter adapter, ForwardTrace trace, PromptPass.LogitRows rows) {
        PromptPass pass = new PromptPass(model.transformer(), cacheFormat.type(), requests.scales(adapter), trace);
        scheduler.call(() -> {
            model.checkStillWhole();
            pass.run(ids, first, rows);
            return null;
        });
    }

    /**
     * Runs work with the decoder itself, on the engine's thread between two of its steps, and waits for it: training.
     * Requests wait meanwhile. The decoder and its kernels are not to be used once the work is done.
     *
     * @throws IllegalStateException if the engine is closed, or this is its own thread
     */
    public <T> T withDecoder(Function<Transformer, T> work) {
        return scheduler.call(() -> {
            model.checkStillWhole();
            return work.apply(model.transformer());
        });
    }

    /**
     * Checks that an adapter fits the factors.
     *
     * @throws IllegalArgumentException naming the first weight that does not
     */
    public void check(Adapter adapter) {
        requests.scales(adapter);
    }

    /** The tokens of a request's prompt, as generation would begin with them. */
    public int[] promptIds(GenerationRequest request) {
        return requests.promptIds(request);
    }

    /** The number of these tokens, also of a prompt that is too long for the context. */
    public int promptLength(GenerationRequest request) {
        return requests.unboundedIds(request).length;
    }

    /** How tokens are drawn where a request does not say: by generation_config.json, else greedily. */
    public SamplingOptions defaultSampling() {
        return requests.defaults();
    }

    /**
     * The tokenizer.
     *
     * @throws IllegalArgumentException if the folder has none
     */
    public Tokenizer tokenizer() {
        return requests.requireTokenizer();
    }

    /** Whether the folder has a tokenizer; without one, replies to token ids have an empty text. */
    public boolean hasTokenizer() {
        return model.tokenizer().isPresent();
    }

    /** The model's chat template; empty if it has none. */
    public Optional<ChatTemplate> chatTemplate() {
        return model.chatTemplate();
    }

    /**
     * Checks that the model's weights are plain numbers on disk.
     *
     * @param operation what needs them, for the message
     * @throws dev.mimic.loader.InvalidModelException if they are quantized
     */
    public void requirePlain(String operation) {
        model.directory().requirePlain(operation);
    }

    /** The model's configuration. */
    public ModelConfig config() {
        return model.directory().config();
    }

    /** What generation_config.json says. */
    public GenerationConfig generationConfig() {
        return model.directory().generationConfig();
    }

    /** Positions that a sequence may have. */
    public int contextLength() {
        return context;
    }

    /** The model's fingerprint (reads a sample of every tensor). */
    public String fingerprint() {
        return model.directory().fingerprint();
    }

    /** The factors in use. */
    public Optional<Factors> factors() {
        return model.factors();
    }

    /** How keys and values are held. */
    public EngineOptions.CacheFormat cacheFormat() {
        return cacheFormat;
    }

    /** Bytes of keys and values that a sequence of that many positions takes. */
    public long cacheBytes(int positions) {
        return cacheFormat.bytes(config(), positions);
    }

    /** What multiplies now: {@code cpu}, or a GPU as {@code cuda:0}; after an error that ended the GPU {@code cpu}. */
    public String device() {
        Backend backend = model.transformer().backend();
        return backend.onProcessor() || backend.memory().lost() ? Device.CPU.toString() : backend.name();
    }

    /** Seconds that opening took: weights, tokenizer and all. */
    public double loadSeconds() {
        return loadSeconds;
    }

    /** Ends all requests with an error and frees everything. Idempotent; not from a listener. */
    @Override
    public void close() {
        scheduler.close();
        requests.close();
        model.close();
    }
}
