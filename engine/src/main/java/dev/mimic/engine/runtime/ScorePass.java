package dev.mimic.engine.runtime;

import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * Log-probabilities of many completions. Sequences are packed into prefill steps one behind the other, each with its own
 * adapter; one that does not fit goes on in the next step. A sequence's numbers are those that it gets alone, bit for bit.
 * A cache lives as long as its sequence is under way.
 */
public final class ScorePass {
    /**
     * One sequence.
     *
     * @param ids prompt and completion, at least two; the last is only predicted; read only
     * @param first index of the completion's first token, at least 1
     * @param scales its adapter
     * @param logprobs [ids - first] natural log-probability of each token of the completion; overwritten
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Sequence(int[] ids, int first, RowScales scales, double[] logprobs) {
        /** Tokens that go through the model. */
        int length() {
            return ids.length - 1;
        }
    }

    private final Transformer transformer;
    private final KeyValueType type;
    private final Step step;

    /** Rows of the step that predict a token of a completion: the row, its sequence, the token's index there. */
    private final int[] chosen;

    private final Sequence[] sequences;
    private final int[] predicted;
    private int count;

    /** Of sequences in the step; the last may go on in the next. */
    private final Deque<KeyValueCache> caches = new ArrayDeque<>();

    private Sequence current;
    private int done;
    private float[] logits = {};

    /** A pass over a decoder, with keys and values held as a type; on the scheduler's thread. */
    public ScorePass(Transformer transformer, KeyValueType type) {
        this.transformer = transformer;
        this.type = type;
        this.step = transformer.newStep();
        this.chosen = new int[step.capacity()];
        this.sequences = new Sequence[step.capacity()];
        this.predicted = new int[step.capacity()];
    }

    /**
     * Scores sequences.
     *
     * @throws IllegalStateException if a logit is not finite
     */
    public void run(List<Sequence> all) {
        Iterator<Sequence> waiting = all.iterator();
        try {
            while (current != null || waiting.hasNext()) {
                fill(waiting);
                step.want(chosen, count);
                transformer.forward(step, ForwardTrace.NONE);
                score();
                while (caches.size() > (current == null ? 0 : 1)) {
                    caches.removeFirst().close();
                }
            }
        } finally {
            caches.forEach(KeyValueCache::close);
        }
    }

    private void fill(Iterator<Sequence> waiting) {
        step.prefill();
        count = 0;
        while (step.rows() < step.capacity() && (current != null || waiting.hasNext())) {
            if (current == null) {
                current = waiting.next();
                caches.addLast(KeyValueCache.of(transformer.config(), type, current.length()));
                done = 0;
            }
            int row = step.rows();
            int rows = Math.min(step.capacity() - row, current.length() - done);
            step.addBlock(current.ids(), done, rows, current.length(), caches.getLast(), current.scales());
            for (int i = Math.max(0, current.first() - 1 - done); i < rows; i++) {
                chosen[count] = row + i;
                sequences[count] = current;
                predicted[count++] = done + i + 1;
            }
            done += rows;
            current = done == current.length() ? null : current;
        }
    }

    private void score() {
        int vocabulary = transformer.config().vocabularySize();
        int most = Math.clamp(PromptPass.MOST_LOGITS / vocabulary, 1, step.capacity());
        int atOnce = Math.min(most, count);
        if (logits.length < atOnce * vocabulary) {
            logits = new float[atOnce * vocabulary];
        }
        for (int from = 0; from < count; from += most) {
            int rows = Math.min(most, count - from);
            transformer.logits(Phase.PREFILL, from, rows, logits);
            int first = from;
            transformer.backend().pool().run(rows, 1, (begin, end) -> {
                for (int i = begin; i < end; i++) {
                    score(first + i, i * vocabulary, vocabulary);
                }
            });
        }
    }

    private void score(int which, int offset, int vocabulary) {
        Sequence sequence = sequences[which];
        int index = predicted[which];
        PromptPass.checkFinite(index - 1, logits, offset, vocabulary);
        sequence.logprobs()[index - sequence.first()] = logprob(offset, vocabulary, sequence.ids()[index]);
    }

    /** The natural log-probability of a token, {@code row[id] - log Σ exp(row)}. */
    private double logprob(int offset, int vocabulary, int id) {
        float[] row = logits;
        float max = Float.NEGATIVE_INFINITY;
        for (int i = offset; i < offset + vocabulary; i++) {
            max = Math.max(max, row[i]);
        }
        double sum = 0;
        for (int i = offset; i < offset + vocabulary; i++) {
            sum += Math.exp((double) row[i] - max);
        }
        return (double) row[offset + id] - max - Math.log(sum);
    }
}
