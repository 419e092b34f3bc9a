package dev.mimic.engine;

import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.engine.runtime.GenerationTask;
import dev.mimic.engine.runtime.ReplyText;
import dev.mimic.engine.runtime.TokenListener;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.model.GenerationConfig;
import dev.mimic.loader.model.ModelConfig;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Turns requests into rows to be generated, on the caller's thread: encodes, checks, and fills in the model's defaults. */
final class RequestReader implements AutoCloseable {
    private static final int DEFAULT_MAX_TOKENS = 256;

    private final OpenModel model;
    private final int context;
    private final LongSupplier clock;
    private final Set<Integer> modelStops = new HashSet<>();
    private final SamplingOptions defaults;
    private final Map<Adapter, RowScales> scales = new WeakHashMap<>();

    RequestReader(OpenModel model, int context, LongSupplier clock) {
        this.model = model;
        this.context = context;
        this.clock = clock;
        modelStops.addAll(model.directory().config().eosIds());
        modelStops.addAll(model.directory().generationConfig().eosIds());
        this.defaults = defaults(model.directory().generationConfig());
    }

    private static SamplingOptions defaults(GenerationConfig config) {
        SamplingOptions options = SamplingOptions.GREEDY.withRepetitionPenalty(
                (float) config.repetitionPenalty().orElse(1));
        if (!config.doSample().orElse(false)) {
            return options;
        }
        return options.withTemperature((float) config.temperature().orElse(1))
                .withTopK(config.topK().orElse(0))
                // a file's 0 means the most probable token alone
                .withTopP((float) Math.max(Float.MIN_NORMAL, config.topP().orElse(1)))
                .withMinP((float) config.minP().orElse(0));
    }

    SamplingOptions defaults() {
        return defaults;
    }

    /** The row of a request's i-th reply. */
    GenerationTask task(GenerationRequest request, int[] promptIds, int i, GenerationListener listener) {
        SamplingOptions sampling = request.sampling().orElse(defaults);
        List<String> stopStrings = stopStrings(request);
        ReplyText text = listener == null && stopStrings.isEmpty()
                ? null
                : model.tokenizer()
                        .map(tokenizer -> new ReplyText(tokenizer, promptIds, stopStrings))
                        .orElse(null);
        return new GenerationTask(
                promptIds,
                Math.min(maxTokens(request), context - promptIds.length),
                stops(request),
                sampling.withSeed(sampling.seed() + i),
                scales(request.adapter()),
                text,
                listener == null ? null : new ListenerCalls(listener),
                request.deadline()
                        .map(time -> clock.getAsLong() + time.toNanos())
                        .orElse(GenerationTask.NEVER),
                clock);
    }

    /** The request's stop strings and the model's own. */
    private List<String> stopStrings(GenerationRequest request) {
        if (!request.stopStrings().isEmpty()) {
            requireTokenizer();
        }
        List<String> all = new ArrayList<>(request.stopStrings());
        model.directory().generationConfig().stopStrings().stream()
                .filter(stop -> !stop.isEmpty())
                .forEach(all::add);
        return all;
    }

    private record ListenerCalls(GenerationListener listener) implements TokenListener {
        @Override
        public void token(int index, int id) {
            listener.onToken(index, id);
        }

        @Override
        public void text(String piece) {
            listener.onText(piece);
        }
    }

    private int maxTokens(GenerationRequest request) {
        return request.maxTokens()
                .orElse(model.directory().generationConfig().maxNewTokens().orElse(DEFAULT_MAX_TOKENS));
    }

    private int[] stops(GenerationRequest request) {
        if (request.ignoreEos()) {
            return new int[0];
        }
        Set<Integer> all = new HashSet<>(modelStops);
        all.addAll(request.stopIds());
        return all.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The scales of an adapter; computed once for as long as the adapter lives. */
    RowScales scales(Adapter adapter) {
        TransformerWeights weights = model.transformer().weights();
        return switch (adapter) {
            case Adapter.None _ -> weights.base();
            case Adapter.Scaling scaling -> once(scaling, () -> weights.scales(scaling.z()));
            case Adapter.LowRank lowRank -> once(lowRank, () -> weights.lowRank(lowRank.weights()));
        };
    }

    private RowScales once(Adapter adapter, Supplier<RowScales> made) {
        synchronized (scales) {
            return scales.computeIfAbsent(adapter, _ -> made.get());
        }
    }

    /** Holds nothing of any adapter any more: native memory of low-rank ones is freed with the next garbage. */
    @Override
    public void close() {
        synchronized (scales) {
            scales.clear();
        }
    }

    /**
     * The token ids of a request's prompt; the BOS id if it has none.
     *
     * @throws IllegalArgumentException if the prompt does not fit the context, has ids beyond the vocabulary, or needs a
     *     tokenizer or chat template that the folder lacks
     * @throws dev.mimic.engine.jinja.TemplateException if the chat template refuses the conversation
     */
    int[] promptIds(GenerationRequest request) {
        int[] ids = unboundedIds(request);
        if (ids.length > context) {
            throw new IllegalArgumentException(
                    "prompt: it has " + ids.length + " tokens, expected at most " + context + ", the context length");
        }
        return ids;
    }

    /** The same, also where it does not fit the context. */
    int[] unboundedIds(GenerationRequest request) {
        return checked(
                switch (request.prompt()) {
                    case Prompt.Text prompt -> requireTokenizer().encode(prompt.text(), !request.noBos());
                    case Prompt.Ids prompt -> prompt.ids();
                    case Prompt.Chat prompt -> requireTokenizer().encode(render(prompt), false);
                });
    }

    private String render(Prompt.Chat prompt) {
        return model.chatTemplate()
                .orElseThrow(() -> new IllegalArgumentException(
                        "chat: " + model.directory().path().getFileName() + " has no chat template"))
                .render(prompt.messages(), true, prompt.variables());
    }

    /** Checks ids against vocabulary; an empty sequence becomes the BOS id. */
    int[] checked(int[] ids) {
        ModelConfig config = model.directory().config();
        if (ids.length == 0) {
            OptionalInt bos = config.bosId().isPresent()
                    ? config.bosId()
                    : model.directory().generationConfig().bosId();
            return new int[] {
                bos.orElseThrow(() -> new IllegalArgumentException(
                        "prompt: it has no tokens, and config.json names no bos_token_id to begin with"))
            };
        }
        for (int id : ids) {
            if (id < 0 || id >= config.vocabularySize()) {
                throw new IllegalArgumentException("prompt: token id is " + id + ", expected 0 to "
                        + (config.vocabularySize() - 1) + ", the vocabulary of this model");
            }
        }
        return ids;
    }

    /** Checks that a sequence fits the context. */
    void checkFits(String what, int length) {
        if (length > context) {
            throw new IllegalArgumentException(
                    what + ": " + length + " tokens, expected at most " + context + ", the context length");
        }
    }

    Tokenizer requireTokenizer() {
        return model.tokenizer()
                .orElseThrow(() -> new IllegalArgumentException("text: "
                        + model.directory().path().getFileName() + " has no tokenizer.json, expected token ids"));
    }
}
