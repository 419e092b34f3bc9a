package dev.mimic.app.command;

import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.sampling.SamplingOptions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;

/** Options that say how tokens are drawn and when a reply ends. What is not given comes from generation_config.json. */
final class SamplingFlags implements CheckedOptions {
    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "New tokens at most (default: max_new_tokens of the model, else 256).")
    private Integer maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "0 is greedy; 1 draws from the model's own distribution.")
    private Float temperature;

    @Option(names = "--top-k", paramLabel = "K", description = "Draw from the K most probable tokens; 0 is no limit.")
    private Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Draw from the most probable tokens whose probabilities sum to P.")
    private Float topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Draw from tokens at least P times as probable as the most probable one.")
    private Float minP;

    @Option(names = "--seed", paramLabel = "N", description = "Same seed, same text (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "R",
            description = "Above 1 makes tokens of the prompt and the reply less likely.")
    private Float repetitionPenalty;

    @Option(
            names = "--presence-penalty",
            paramLabel = "A",
            description = "Taken once from the logit of every token of the reply.")
    private Float presencePenalty;

    @Option(
            names = "--frequency-penalty",
            paramLabel = "A",
            description = "Taken from a token's logit once per time it stands in the reply.")
    private Float frequencyPenalty;

    @Option(names = "--logit-bias", paramLabel = "ID=B", description = "Add B to the logit of token ID; repeatable.")
    private Map<Integer, Float> logitBias = new HashMap<>();

    @Option(names = "--stop", paramLabel = "S", description = "Text that ends the reply; repeatable.")
    private List<String> stopStrings = List.of();

    @Option(names = "--stop-id", paramLabel = "ID", description = "Token id that ends the reply; repeatable.")
    private List<Integer> stopIds = List.of();

    @Option(names = "--ignore-eos", description = "Honour no stop id, not even the model's own.")
    private boolean ignoreEos;

    @Override
    public void check() {
        apply(GenerationRequest.of(""), SamplingOptions.GREEDY);
    }

    long seed() {
        return seed;
    }

    /**
     * A request changed by what was given.
     *
     * @param defaults the model's own way of drawing tokens
     */
    GenerationRequest apply(GenerationRequest request, SamplingOptions defaults) {
        Set<Integer> ids = new HashSet<>(stopIds);
        GenerationRequest changed = request.withSampling(sampling(defaults))
                .withStopStrings(stopStrings)
                .withStopIds(ids)
                .withIgnoreEos(ignoreEos);
        return maxTokens == null ? changed : changed.withMaxTokens(maxTokens);
    }

    private SamplingOptions sampling(SamplingOptions defaults) {
        return new SamplingOptions(
                or(temperature, defaults.temperature()),
                or(topK, defaults.topK()),
                or(topP, defaults.topP()),
                or(minP, defaults.minP()),
                or(repetitionPenalty, defaults.repetitionPenalty()),
                or(presencePenalty, defaults.presencePenalty()),
                or(frequencyPenalty, defaults.frequencyPenalty()),
                logitBias,
                seed,
                defaults.logprobs());
    }

    private static <T> T or(T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
