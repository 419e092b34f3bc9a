package dev.mimic.engine.sampling;

import java.util.Arrays;

/**
 * Natural-log probabilities at one position: the log-softmax of the model's raw logits, before bias, penalties,
 * temperature and limits. Belongs to a {@link Sampler} and holds what it sampled last.
 */
public final class TokenLogprobs {
    private final float[] raw;
    private final double[] block = new double[1024];
    private final int[] topIds;
    private final float[] topLogits;
    private double logSumExp;
    private int chosen = -1;

    TokenLogprobs(int vocabularySize, int top) {
        this.raw = new float[vocabularySize];
        this.topIds = new int[top];
        this.topLogits = new float[top];
    }

    /** Reads a position's raw logits. */
    void read(float[] logits, int offset) {
        System.arraycopy(logits, offset, raw, 0, raw.length);
        float max = Float.NEGATIVE_INFINITY;
        for (float logit : raw) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (int from = 0; from < raw.length; from += block.length) {
            int count = Math.min(block.length, raw.length - from);
            Exponentials.fill(raw, from, count, max, 1, block);
            for (int i = 0; i < count; i++) {
                sum += block[i];
            }
        }
        logSumExp = max + Math.log(sum);
        if (topIds.length > 0) {
            selectTop();
        }
    }

    /** Keeps the largest logits, descending; the lower id first among equals. */
    private void selectTop() {
        Arrays.fill(topLogits, Float.NEGATIVE_INFINITY);
        int last = topIds.length - 1;
        for (int id = 0; id < raw.length; id++) {
            float logit = raw[id];
            if (logit > topLogits[last]) {
                int at = last;
                for (; at > 0 && logit > topLogits[at - 1]; at--) {
                    topLogits[at] = topLogits[at - 1];
                    topIds[at] = topIds[at - 1];
                }
                topLogits[at] = logit;
                topIds[at] = id;
            }
        }
    }

    void chose(int id) {
        chosen = id;
    }

    /** The id of the chosen token. */
    public int chosenId() {
        return chosen;
    }

    /** The log-probability of the chosen token. */
    public double chosen() {
        return of(chosen);
    }

    /** The log-probability of any token. */
    public double of(int id) {
        return raw[id] - logSumExp;
    }

    /** How many of the most probable tokens are held. */
    public int topCount() {
        return topIds.length;
    }

    /** The id of the {@code rank}-th most probable token, 0 first; the lower id first among equals. */
    public int topId(int rank) {
        return topIds[rank];
    }

    /** The log-probability of the {@code rank}-th most probable token, 0 first. */
    public double top(int rank) {
        return topLogits[rank] - logSumExp;
    }
}
