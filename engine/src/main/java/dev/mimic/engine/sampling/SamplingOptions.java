package dev.mimic.engine.sampling;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * How the next token is chosen from the logits. The defaults choose greedily; every {@code with…} method gives a changed
 * copy.
 *
 * @param temperature divides the logits; 0 is greedy, whatever the other limits say
 * @param topK keeps the K largest logits and those equal to the K-th; 0 is no limit
 * @param topP keeps the most probable tokens until their probabilities sum to at least this, in (0, 1]; 1 is no limit
 * @param minP keeps tokens at least this share as probable as the most probable one, in [0, 1]; 0 is no limit
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens that are in the prompt or were
 *     generated; 1 is none
 * @param presencePenalty is taken once from the logit of every generated token; 0 is none
 * @param frequencyPenalty is taken from a token's logit once per time it was generated; 0 is none
 * @param logitBias added to the logits of these token ids
 * @param seed of the row's own random numbers: same seed, same tokens
 * @param logprobs how many of the most probable tokens to report at each position beside the chosen one; 0 reports the
 *     chosen one alone, {@link #NO_LOGPROBS} none
 */
public record SamplingOptions(
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        float presencePenalty,
        float frequencyPenalty,
        Map<Integer, Float> logitBias,
        long seed,
        int logprobs) {

    /** The value of {@link #logprobs} that computes none. */
    public static final int NO_LOGPROBS = -1;

    /** Greedy: the largest logit, and nothing else. */
    public static final SamplingOptions GREEDY = new SamplingOptions(0, 0, 1, 0, 1, 0, 0, Map.of(), 0, NO_LOGPROBS);

    /**
     * Checks every field.
     *
     * @throws IllegalArgumentException naming the field, its range and the value
     */
    public SamplingOptions {
        require(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "0 or more");
        require(topK >= 0, "top-k", topK, "0 or more");
        require(topP > 0 && topP <= 1, "top-p", topP, "more than 0 and at most 1");
        require(minP >= 0 && minP <= 1, "min-p", minP, "0 to 1");
        require(
                repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
                "repetition penalty",
                repetitionPenalty,
                "more than 0");
        require(Float.isFinite(presencePenalty), "presence penalty", presencePenalty, "a finite number");
        require(Float.isFinite(frequencyPenalty), "frequency penalty", frequencyPenalty, "a finite number");
        require(logprobs >= NO_LOGPROBS, "logprobs", logprobs, "0 or more, or -1 for none");
        logitBias = Map.copyOf(logitBias);
        // in order of id, so that of several wrong entries the same one is named every time
        for (Map.Entry<Integer, Float> bias : new TreeMap<>(logitBias).entrySet()) {
            require(bias.getKey() >= 0, "logit bias: token id", bias.getKey(), "0 or more");
            require(
                    Float.isFinite(bias.getValue()),
                    "logit bias of token " + bias.getKey(),
                    bias.getValue(),
                    "a finite number");
        }
    }

    private static void require(boolean holds, String name, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException("sampling: " + name + " is " + value + ", expected " + expected);
        }
    }

    /** Whether the largest logit is taken. */
    public boolean greedy() {
        return temperature == 0;
    }

    /** Whether earlier tokens change the logits. */
    public boolean penalizes() {
        return repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0;
    }

    /** A copy with another temperature; 0 is greedy. */
    public SamplingOptions withTemperature(float value) {
        return change(c -> c.temperature = value);
    }

    /** A copy with another number of largest logits; 0 is no limit. */
    public SamplingOptions withTopK(int value) {
        return change(c -> c.topK = value);
    }

    /** A copy with another probability to reach; 1 is no limit. */
    public SamplingOptions withTopP(float value) {
        return change(c -> c.topP = value);
    }

    /** A copy with another least share of the largest probability; 0 is no limit. */
    public SamplingOptions withMinP(float value) {
        return change(c -> c.minP = value);
    }

    /** A copy with another repetition penalty; 1 is none. */
    public SamplingOptions withRepetitionPenalty(float value) {
        return change(c -> c.repetitionPenalty = value);
    }

    /** A copy with another presence penalty; 0 is none. */
    public SamplingOptions withPresencePenalty(float value) {
        return change(c -> c.presencePenalty = value);
    }

    /** A copy with another frequency penalty; 0 is none. */
    public SamplingOptions withFrequencyPenalty(float value) {
        return change(c -> c.frequencyPenalty = value);
    }

    /** A copy with other biases by token id. */
    public SamplingOptions withLogitBias(Map<Integer, Float> value) {
        return change(c -> c.logitBias = value);
    }

    /** A copy with another seed. */
    public SamplingOptions withSeed(long value) {
        return change(c -> c.seed = value);
    }

    /** A copy that reports another number of most probable tokens; {@link #NO_LOGPROBS} is none. */
    public SamplingOptions withLogprobs(int value) {
        return change(c -> c.logprobs = value);
    }

    private SamplingOptions change(Consumer<Changed> change) {
        Changed changed = new Changed(this);
        change.accept(changed);
        return changed.options();
    }

    /** The fields of a copy, open for a change. */
    private static final class Changed {
        private float temperature;
        private int topK;
        private float topP;
        private float minP;
        private float repetitionPenalty;
        private float presencePenalty;
        private float frequencyPenalty;
        private Map<Integer, Float> logitBias;
        private long seed;
        private int logprobs;

        Changed(SamplingOptions from) {
            temperature = from.temperature;
            topK = from.topK;
            topP = from.topP;
            minP = from.minP;
            repetitionPenalty = from.repetitionPenalty;
            presencePenalty = from.presencePenalty;
            frequencyPenalty = from.frequencyPenalty;
            logitBias = from.logitBias;
            seed = from.seed;
            logprobs = from.logprobs;
        }

        SamplingOptions options() {
            return new SamplingOptions(
                    temperature,
                    topK,
                    topP,
                    minP,
                    repetitionPenalty,
                    presencePenalty,
                    frequencyPenalty,
                    logitBias,
                    seed,
                    logprobs);
        }
    }
}
