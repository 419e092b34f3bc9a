package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.kernels.lowrank.Dropout;
import java.util.ArrayList;
import java.util.List;

/**
 * Whole sequences packed into one step, and where their completions' tokens are predicted. The caches are kept from step
 * to step; each holds one layer at a time.
 */
final class PackedRows implements AutoCloseable {
    private final Transformer transformer;
    private final Step step;
    private final List<KeyValueCache> caches = new ArrayList<>();
    private List<TrainingSequence> sequences = List.of();
    private int firstSequence;

    /** Rows that predict a completion's token. */
    private final int[] rows;

    /** What each of them predicts. */
    final PredictedTokens predicted;

    PackedRows(Transformer transformer) {
        this.transformer = transformer;
        this.step = transformer.newStep();
        this.rows = new int[transformer.rows()];
        this.predicted = new PredictedTokens(transformer.rows());
    }

    /**
     * Chooses the sequences; together they have at most as many rows as the transformer.
     *
     * @param firstOfAll the place of the first one in the whole batch
     */
    void choose(List<TrainingSequence> chosen, int firstOfAll) {
        sequences = chosen;
        firstSequence = firstOfAll;
        predicted.count = 0;
        int first = 0;
        for (int s = 0; s < chosen.size(); s++) {
            TrainingSequence sequence = chosen.get(s);
            for (int i = sequence.promptLength(); i < sequence.ids().length; i++) {
                rows[predicted.count] = first + i - 1;
                predicted.add(sequence.ids()[i], s);
            }
            first += sequence.rows();
        }
    }

    /**
     * The step of all sequences, with an adapter's scales; wanted of it are the rows that predict.
     *
     * @param dropout rate of what low-rank changes do not see; 0 for none
     * @param key what the masks depend on, beside a sequence's place in the whole batch
     */
    Step step(RowScales scales, double dropout, long key) {
        step.prefill();
        for (int s = 0; s < sequences.size(); s++) {
            TrainingSequence sequence = sequences.get(s);
            if (sequence.rows() > 0) {
                KeyValueCache cache = cache(s, sequence.rows());
                RowScales own = scales.withDropout(dropout, Dropout.key(key, firstSequence + s));
                step.addBlock(sequence.ids(), 0, sequence.rows(), sequence.rows(), cache, own);
            }
        }
        step.want(rows, predicted.count);
        return step;
    }

    private KeyValueCache cache(int s, int positions) {
        while (caches.size() <= s) {
            caches.add(KeyValueCache.passing(transformer.config(), (positions + 31) / 32 * 32));
        }
        if (caches.get(s).capacity() < positions) {
            caches.set(s, KeyValueCache.passing(transformer.config(), (positions + 31) / 32 * 32))
                    .close();
        }
        return caches.get(s);
    }

    /** Frees the caches. */
    @Override
    public void close() {
        caches.forEach(KeyValueCache::close);
        caches.clear();
    }
}
