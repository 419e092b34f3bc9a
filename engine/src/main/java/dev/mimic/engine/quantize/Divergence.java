package dev.mimic.engine.quantize;

import dev.mimic.engine.Engine;
import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import java.util.ArrayList;
import java.util.List;

/**
 * How far the next-token distributions of a changed model are from those of the original, over a text: decoded token by
 * token, as new text is, in windows side by side.
 *
 * @param tokens positions compared
 * @param kl mean of {@code Σ p (log p - log q)} over them, in nats; p of the original
 * @param worst the largest of them
 * @param agreement share of positions where both find the same token most likely
 * @param perplexity of the original over the text
 * @param changedPerplexity of the changed model
 */
public record Divergence(
        int tokens, double kl, double worst, double agreement, double perplexity, double changedPerplexity) {
    /** Tokens of a window at most. */
    private static final int WINDOW = 128;

    /** Windows side by side at most. */
    private static final int ROWS = 16;

    /** Tokens of a text that are looked at, at most. */
    public static final int MOST = WINDOW * ROWS;

    /**
     * Compares two models on the first {@link #MOST} tokens of a text.
     *
     * @param ids at least 2
     * @throws IllegalArgumentException if there are fewer
     */
    public static Divergence measure(Engine original, Engine changed, int[] ids) {
        if (ids.length < 2) {
            throw new IllegalArgumentException(
                    "check: the text has " + ids.length + " tokens, expected at least 2 to compare models on");
        }
        int count = Math.min(ids.length, MOST);
        int rows = Math.ceilDiv(count, WINDOW);
        int length = count / rows;
        int vocabulary = original.config().vocabularySize();
        Sums sums = new Sums(vocabulary);
        try (Rows p = new Rows(original, ids, rows, length);
                Rows q = new Rows(changed, ids, rows, length)) {
            for (int position = 0; position < length; position++) {
                float[] base = p.logits(position);
                float[] other = q.logits(position);
                for (int row = 0; row < rows; row++) {
                    int next = position + 1 < length ? ids[row * length + position + 1] : -1;
                    sums.add(base, other, row * vocabulary, next);
                }
            }
        }
        return sums.result();
    }

    /** The windows of one model. */
    private static final class Rows implements AutoCloseable {
        private final Engine engine;
        private final int[] ids;
        private final int length;
        private final float[] logits;
        private final List<KeyValueCache> caches = new ArrayList<>();
        private Transformer decoder;
        private Step step;

        Rows(Engine engine, int[] ids, int rows, int length) {
            this.engine = engine;
            this.ids = ids;
            this.length = length;
            this.logits = new float[rows * engine.config().vocabularySize()];
            for (int i = 0; i < rows; i++) {
                caches.add(KeyValueCache.of(engine.config(), KeyValueType.F32, length));
            }
        }

        /** [rows, vocabulary]. */
        float[] logits(int position) {
            return engine.withDecoder(transformer -> {
                if (decoder == null) {
                    decoder = transformer.withRows(caches.size());
                    step = decoder.newStep();
                }
                step.decode();
                for (int row = 0; row < caches.size(); row++) {
                    int id = ids[row * length + position];
                    step.add(id, position, caches.get(row), decoder.weights().base());
                }
                decoder.forward(step, ForwardTrace.NONE);
                decoder.logits(Phase.DECODE, 0, caches.size(), logits);
                return logits;
            });
        }

        @Override
        public void close() {
            caches.forEach(KeyValueCache::close);
        }
    }

    /** Sums over positions. */
    private static final class Sums {
        private final int vocabulary;
        private int tokens;
        private int predicted;
        private int agreed;
        private double kl;
        private double worst;
        private double loss;
        private double changedLoss;

        Sums(int vocabulary) {
            this.vocabulary = vocabulary;
        }

        void add(float[] p, float[] q, int offset, int next) {
            double logP = logSum(p, offset);
            double logQ = logSum(q, offset);
            double divergence = 0;
            int bestP = 0;
            int bestQ = 0;
            for (int i = 0; i < vocabulary; i++) {
                double a = p[offset + i] - logP;
                divergence += Math.exp(a) * (a - (q[offset + i] - logQ));
                bestP = p[offset + i] > p[offset + bestP] ? i : bestP;
                bestQ = q[offset + i] > q[offset + bestQ] ? i : bestQ;
            }
            tokens++;
            kl += divergence;
            worst = Math.max(worst, divergence);
            agreed += bestP == bestQ ? 1 : 0;
            if (next >= 0) {
                predicted++;
                loss += logP - p[offset + next];
                changedLoss += logQ - q[offset + next];
            }
        }

        private double logSum(float[] logits, int offset) {
            float most = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < vocabulary; i++) {
                most = Math.max(most, logits[offset + i]);
            }
            double sum = 0;
            for (int i = 0; i < vocabulary; i++) {
                sum += Math.exp(logits[offset + i] - (double) most);
            }
            return most + Math.log(sum);
        }

        Divergence result() {
            return new Divergence(
                    tokens,
                    kl / tokens,
                    worst,
                    (double) agreed / tokens,
                    Math.exp(loss / predicted),
                    Math.exp(changedLoss / predicted));
        }
    }
}
