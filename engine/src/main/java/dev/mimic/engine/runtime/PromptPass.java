package dev.mimic.engine.runtime;

import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import java.util.stream.IntStream;

/** Runs given tokens through the model, in blocks, and hands out the logits of every position from one on. */
public final class PromptPass {
    /** Takes the logits of a position; the array is overwritten after the call. */
    @FunctionalInterface
    public interface LogitRows {
        /**
         * Logits of a position, in order.
         *
         * @param row [vocabulary]
         */
        void row(int position, float[] row);
    }

    /** Elements of the largest array of logits: rows of a large vocabulary are computed a few at a time. */
    static final int MOST_LOGITS = 1 << 22;

    private final Transformer transformer;
    private final KeyValueType type;
    private final RowScales scales;
    private final ForwardTrace trace;

    /** A pass with keys and values held as a type and an adapter's scales, seen by a trace. */
    public PromptPass(Transformer transformer, KeyValueType type, RowScales scales, ForwardTrace trace) {
        this.transformer = transformer;
        this.type = type;
        this.scales = scales;
        this.trace = trace;
    }

    /**
     * Runs the tokens; on the scheduler's thread.
     *
     * @param ids at least one; read only
     * @param first first position whose logits are wanted
     * @throws IllegalStateException if a logit is not finite
     */
    public void run(int[] ids, int first, LogitRows rows) {
        Step step = transformer.newStep();
        int vocabulary = transformer.config().vocabularySize();
        int chunk = Math.clamp(MOST_LOGITS / vocabulary, 1, transformer.rows());
        float[] logits = new float[Math.min(chunk, ids.length) * vocabulary];
        float[] row = new float[vocabulary];
        try (KeyValueCache cache = KeyValueCache.of(transformer.config(), type, ids.length)) {
            for (int from = 0; from < ids.length; from += transformer.rows()) {
                int count = Math.min(transformer.rows(), ids.length - from);
                step.prefill();
                step.addBlock(ids, from, count, ids.length, cache, scales);
                int skipped = Math.clamp(first - from, 0, count);
                int[] chosen = IntStream.range(skipped, count).toArray();
                step.want(chosen, chosen.length);
                transformer.forward(step, trace);
                for (int i = 0; i < chosen.length; i += chunk) {
                    int some = Math.min(chunk, chosen.length - i);
                    transformer.logits(Phase.PREFILL, i, some, logits);
                    for (int j = 0; j < some; j++) {
                        System.arraycopy(logits, j * vocabulary, row, 0, vocabulary);
                        int position = from + skipped + i + j;
                        checkFinite(position, row, 0, vocabulary);
                        rows.row(position, row);
                    }
                }
            }
        }
    }

    /** Checks the logits of a position. */
    static void checkFinite(int position, float[] logits, int offset, int vocabulary) {
        for (int id = 0; id < vocabulary; id++) {
            if (!Float.isFinite(logits[offset + id])) {
                throw new IllegalStateException("logits: that of token " + id + " at position " + position + " is "
                        + logits[offset + id] + ", expected a finite number");
            }
        }
    }
}
