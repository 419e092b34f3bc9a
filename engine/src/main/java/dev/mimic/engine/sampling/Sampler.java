package dev.mimic.engine.sampling;

import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Chooses the tokens of one row. It owns the row's random numbers and its memory of earlier tokens, so that the choice
 * depends on the row's logits, options and past alone, never on what else is decoded beside it. Not thread-safe. After
 * construction nothing is allocated.
 *
 * <p>The steps, in this order:
 *
 * <ol>
 *   <li>logprobs, if asked for: the log-softmax of the raw logits, before everything else (as vLLM's {@code
 *       raw_logprobs} and OpenAI report them);
 *   <li>logit bias, then the repetition penalty, then frequency and presence penalties (Hugging Face's {@code
 *       SequenceBiasLogitsProcessor} before {@code RepetitionPenaltyLogitsProcessor}; vLLM's {@code apply_penalties}
 *       repetition first). The repetition penalty sees prompt and generated tokens, the other two generated ones only
 *       (OpenAI);
 *   <li>temperature, top-k, top-p, min-p (the order of Hugging Face's {@code _get_logits_processor}). Top-k keeps all
 *       logits equal to the K-th largest; top-p keeps a token while those more probable sum to less than P, the lower id
 *       first among equals; min-p compares with the most probable token. The most probable token is always kept;
 *   <li>one random number picks from what is left.
 * </ol>
 *
 * Greedy is the largest logit after the second step, of equal ones that with the lowest id; it draws no random number.
 */
public final class Sampler {
    private final SamplingOptions options;
    private final int vocabularySize;
    private final SplittableRandom random;
    private final int[] biasIds;
    private final float[] biases;
    private final TokenHistory history;
    private final TokenLogprobs logprobs;
    private final Candidates candidates;

    /**
     * A sampler at the start of its row.
     *
     * @param options how to choose
     * @param vocabularySize logits per position
     * @param promptIds the prompt's token ids, for the repetition penalty; read only, not kept
     * @throws IllegalArgumentException if a bias or prompt id is not below {@code vocabularySize}
     */
    public Sampler(SamplingOptions options, int vocabularySize, int[] promptIds) {
        if (vocabularySize < 1) {
            throw new IllegalArgumentException(
                    "sampling: vocabulary size is " + vocabularySize + ", expected at least 1");
        }
        this.options = options;
        this.vocabularySize = vocabularySize;
        this.random = new SplittableRandom(options.seed());
        this.biasIds = new int[options.logitBias().size()];
        this.biases = new float[biasIds.length];
        int count = 0;
        for (Map.Entry<Integer, Float> bias : new TreeMap<>(options.logitBias()).entrySet()) {
            biasIds[count] = checkId("logit bias", bias.getKey());
            biases[count++] = bias.getValue();
        }
        this.history = options.penalizes() ? new TokenHistory(vocabularySize) : null;
        this.logprobs = options.logprobs() == SamplingOptions.NO_LOGPROBS
                ? null
                : new TokenLogprobs(vocabularySize, Math.min(options.logprobs(), vocabularySize));
        this.candidates = options.greedy() ? null : new Candidates(vocabularySize, options);
        for (int id : promptIds) {
            checkId("prompt", id);
            if (history != null) {
                history.addPrompt(id);
            }
        }
    }

    /**
     * Chooses the next token and remembers it.
     *
     * @param logits [at least offset + vocabularySize]; the range is changed in place by bias and penalties
     * @param offset where the row's logits begin
     * @return the token id
     * @throws IllegalStateException if a logit is NaN or infinite; the row is unchanged then
     */
    public int sample(float[] logits, int offset) {
        Objects.checkFromIndexSize(offset, vocabularySize, logits.length);
        float[] row = logits;
        checkFinite(row, offset);
        if (logprobs != null) {
            logprobs.read(row, offset);
        }
        for (int i = 0; i < biasIds.length; i++) {
            int at = offset + biasIds[i];
            row[at] = finite(row[at] + biases[i]);
        }
        if (history != null) {
            history.penalize(row, offset, options);
        }
        int id = options.greedy() ? argmax(row, offset) : candidates.draw(row, offset, random);
        if (history != null) {
            history.addGenerated(id);
        }
        if (logprobs != null) {
            logprobs.chose(id);
        }
        return id;
    }

    /**
     * The probabilities at the position sampled last. The object is the sampler's own and is overwritten by the next
     * {@link #sample}.
     *
     * @throws IllegalStateException if the options ask for none, or nothing was sampled yet
     */
    public TokenLogprobs logprobs() {
        if (logprobs == null || logprobs.chosenId() < 0) {
            throw new IllegalStateException(
                    logprobs == null ? "sampling: logprobs were not asked for" : "sampling: no token was sampled yet");
        }
        return logprobs;
    }

    /** The options it was made with. */
    public SamplingOptions options() {
        return options;
    }

    private int checkId(String what, int id) {
        if (id < 0 || id >= vocabularySize) {
            throw new IllegalArgumentException(
                    "sampling: " + what + ": token id is " + id + ", expected 0 to " + (vocabularySize - 1));
        }
        return id;
    }

    private void checkFinite(float[] logits, int offset) {
        for (int i = 0; i < vocabularySize; i++) {
            if (!Float.isFinite(logits[offset + i])) {
                throw new IllegalStateException(
                        "sampling: logit of token " + i + " is " + logits[offset + i] + ", expected a finite number");
            }
        }
    }

    private int argmax(float[] logits, int offset) {
        int best = 0;
        for (int i = 1; i < vocabularySize; i++) {
            if (logits[offset + i] > logits[offset + best]) {
                best = i;
            }
        }
        return best;
    }

    /** A sum or product that left the range of float, brought back: a bias may be as large as float allows. */
    static float finite(float value) {
        return Math.clamp(value, -Float.MAX_VALUE, Float.MAX_VALUE);
    }
}
