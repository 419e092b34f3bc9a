package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.loader.model.ModelConfig;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * How a training step is cut to fit the memory given: fewer rows at a time first, which costs nothing, and when a step is
 * down to the longest sequence, fewer layers kept, which costs computing them again.
 *
 * @param rows rows of a step
 * @param keep layers kept whole, the upper ones; the others are computed again
 */
record MemoryPlan(int rows, int keep) {
    /** Rows of a step at most, but for a longer sequence: enough for the matrix products, few enough for the caches. */
    static final int ROWS = 1024;

    /** Part of the rows that a plan for all sequences has room for beyond them, at most. */
    private static final int ROOM = 8;

    /**
     * Plans.
     *
     * @param trained the weights that are trained
     * @param memory bytes for activations
     * @param longest rows of the longest sequence
     * @param total rows of all sequences
     */
    static MemoryPlan of(Transformer transformer, Trained trained, long memory, int longest, long total) {
        ModelConfig config = transformer.config();
        List<TransformerWeights.Block> blocks = transformer.weights().blocks();
        int lowest = KeptActivations.lowest(transformer.weights(), trained);
        int wanted = (int) Math.max(longest, Math.min(total, ROWS));
        long always = fixedRowBytes(transformer, trained, blocks.size() - lowest);
        long left = memory - Float.BYTES * CompletionLoss.floats(config.vocabularySize(), wanted, memory);
        long affordable = left / (always + layerRowBytes(transformer, trained));
        if (affordable >= longest) {
            return new MemoryPlan((int) Math.min(affordable, wanted), blocks.size());
        }
        // one layer's room is needed to compute the others again
        long one = Float.BYTES * LayerActivations.rowFloats(config, blocks.getLast(), trained);
        long spare = left / longest - always - one;
        return new MemoryPlan(longest, Math.clamp(spare / one, 0, blocks.size()));
    }

    /**
     * A plan for one step of all sequences, with everything kept, and with room for some more where the memory holds it: a
     * batch that is a little longer than the last one shall not take new memory.
     *
     * @param total rows of all sequences; at least 1
     * @return empty if the memory does not hold that
     */
    static Optional<MemoryPlan> whole(Transformer transformer, Trained trained, long memory, long total) {
        List<TransformerWeights.Block> blocks = transformer.weights().blocks();
        ModelConfig config = transformer.config();
        int lowest = KeptActivations.lowest(transformer.weights(), trained);
        // of one layer there are two: where later steps leave it, before it is put behind what is there
        long row = fixedRowBytes(transformer, trained, blocks.size() - lowest)
                + layerRowBytes(transformer, trained)
                + Float.BYTES * LayerActivations.rowFloats(config, blocks.getLast(), trained);
        long unit = Math.max(1, Long.highestOneBit(total) / ROOM);
        return LongStream.of(Math.ceilDiv(total, unit) * unit, total)
                .filter(rows -> rows <= Integer.MAX_VALUE)
                .filter(rows ->
                        memory - Float.BYTES * CompletionLoss.floats(config.vocabularySize(), (int) rows, memory)
                                >= rows * row)
                .mapToObj(rows -> new MemoryPlan((int) rows, blocks.size()))
                .findFirst();
    }

    /** Bytes of a row in all layers that are gone back through. */
    private static long layerRowBytes(Transformer transformer, Trained trained) {
        List<TransformerWeights.Block> blocks = transformer.weights().blocks();
        long bytes = 0;
        for (int layer = KeptActivations.lowest(transformer.weights(), trained); layer < blocks.size(); layer++) {
            bytes += Float.BYTES * LayerActivations.rowFloats(transformer.config(), blocks.get(layer), trained);
        }
        return bytes;
    }

    /** Bytes of a row whatever is kept: the residual stream, the forward pass's own arrays, the backward pass's. */
    private static long fixedRowBytes(Transformer transformer, Trained trained, int layers) {
        ModelConfig config = transformer.config();
        long forward = 3L * config.hiddenSize()
                + (2L * config.heads() + 2L * config.kvHeads() + 1) * config.headSize()
                + 2L * config.intermediateSize();
        long floats = (layers + 4L) * config.hiddenSize()
                + forward
                + BackwardPass.rowFloats(config)
                + 2L * transformer.weights().largestRank()
                + (trained instanceof Trained.LowRank lowRank ? LowRankBackward.rowFloats(config, lowRank) : 0);
        return Float.BYTES * floats;
    }
}
