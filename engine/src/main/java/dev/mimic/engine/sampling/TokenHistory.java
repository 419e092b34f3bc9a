package dev.mimic.engine.sampling;

/** Which tokens a row holds and how often it generated each, and what that does to its logits. */
final class TokenHistory {
    private final int[] generated;
    private final boolean[] seen;
    private final int[] distinct;
    private int distinctCount;

    TokenHistory(int vocabularySize) {
        this.generated = new int[vocabularySize];
        this.seen = new boolean[vocabularySize];
        this.distinct = new int[vocabularySize];
    }

    void addPrompt(int id) {
        if (!seen[id]) {
            seen[id] = true;
            distinct[distinctCount++] = id;
        }
    }

    void addGenerated(int id) {
        addPrompt(id);
        generated[id]++;
    }

    /**
     * Applies the three penalties.
     *
     * @param logits changed in place from {@code offset}
     */
    void penalize(float[] logits, int offset, SamplingOptions options) {
        float repetition = options.repetitionPenalty();
        float presence = options.presencePenalty();
        float frequency = options.frequencyPenalty();
        for (int i = 0; i < distinctCount; i++) {
            int id = distinct[i];
            float logit = logits[offset + id];
            // Keskar et al. 2019 (CTRL), with the sign taken into account as Hugging Face does
            logit = logit < 0 ? logit * repetition : logit / repetition;
            if (generated[id] > 0) {
                logit = logit - generated[id] * frequency - presence;
            }
            logits[offset + id] = Sampler.finite(logit);
        }
    }
}
