package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.engine.trace.LayerArrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Keeps what a forward step shows of itself for the backward pass: the residual stream before every layer, and all else
 * of as many layers as memory was given for; the others are computed again when the backward pass comes to them. Layers
 * below the lowest one that is trained leave nothing. Of the last layer there are the wanted rows alone, but for its keys
 * and values.
 */
final class KeptActivations implements ForwardTrace {
    private static final int NONE = -1;

    private final Transformer transformer;
    private final int hidden;
    private final int lowest;

    /** The residual stream before each layer and after the last, [layers + 1][rows, hidden]; null below the lowest. */
    private final float[][] residual;

    /** What is kept of each layer; null where it is computed again. */
    private final LayerActivations[] layers;

    private final LayerActivations spare;
    private final Map<Integer, Place> places = new HashMap<>();
    private int recomputed = NONE;

    /** Where a trained weight stands: its layer and its place there. */
    record Place(int layer, int index) {}

    /**
     * Takes the memory.
     *
     * @param trained the weights that are trained
     * @param keep layers to keep whole, the upper ones first
     */
    KeptActivations(Transformer transformer, Trained trained, int keep) {
        this.transformer = transformer;
        hidden = transformer.config().hiddenSize();
        List<TransformerWeights.Block> blocks = transformer.weights().blocks();
        lowest = lowest(transformer.weights(), trained);
        int rows = transformer.rows();
        residual = new float[blocks.size() + 1][];
        layers = new LayerActivations[blocks.size()];
        for (int layer = lowest; layer < blocks.size(); layer++) {
            residual[layer] = new float[rows * hidden];
            if (blocks.size() - layer <= keep) {
                TransformerWeights.Block block = blocks.get(layer);
                layers[layer] = activations(
                        LayerActivations.ranks(block, trained), LayerActivations.needsAttended(block, trained));
            }
            List<Linear> linears = LayerActivations.linears(blocks.get(layer));
            for (int index = 0; index < linears.size(); index++) {
                if (linears.get(index) instanceof Linear.Svf svf && trained.projection(svf) > 0) {
                    places.put(svf.slot(), new Place(layer, index));
                }
            }
        }
        residual[blocks.size()] = new float[rows * hidden];
        spare = blocks.size() - lowest <= keep
                ? null
                : activations(
                        largestRanks(blocks, trained),
                        blocks.stream().anyMatch(block -> LayerActivations.needsAttended(block, trained)));
    }

    private LayerActivations activations(int[] ranks, boolean attended) {
        boolean norms = LayerActivations.norms(transformer.weights().blocks().getFirst());
        return new LayerActivations(transformer.config(), norms, attended, ranks, transformer.rows());
    }

    /** Room for whichever layer is computed again. */
    static int[] largestRanks(List<TransformerWeights.Block> blocks, Trained trained) {
        int[] largest = new int[LayerActivations.ranks(blocks.getFirst(), trained).length];
        for (TransformerWeights.Block block : blocks) {
            int[] ranks = LayerActivations.ranks(block, trained);
            for (int i = 0; i < largest.length; i++) {
                largest[i] = Math.max(largest[i], ranks[i]);
            }
        }
        return largest;
    }

    /** The lowest layer with a trained weight. */
    static int lowest(TransformerWeights weights, Trained trained) {
        for (int layer = 0; layer < weights.blocks().size(); layer++) {
            for (Linear linear : LayerActivations.linears(weights.blocks().get(layer))) {
                if (trained.contains(linear)) {
                    return layer;
                }
            }
        }
        throw new IllegalArgumentException("train: no weight is to be trained");
    }

    int lowest() {
        return lowest;
    }

    float[] residual(int layer) {
        return residual[layer];
    }

    /** What a layer left, computed again if it was not kept. */
    LayerActivations layer(int layer, Step step) {
        if (layers[layer] != null) {
            return layers[layer];
        }
        recomputed = layer;
        try {
            transformer.recompute(layer, step, residual[layer], this);
        } finally {
            recomputed = NONE;
        }
        return spare;
    }

    /** What is kept of a layer; null where it is computed again, or below the lowest. */
    LayerActivations whole(int layer) {
        return layers[layer];
    }

    /** Where the layer of a slot stands, if its projection is wanted; else null. */
    Place place(int slot) {
        return places.get(slot);
    }

    private LayerActivations at(int layer) {
        return layer == recomputed ? spare : layers[layer];
    }

    private static void copy(float[] from, float[] to, int elements) {
        System.arraycopy(from, 0, to, 0, elements);
    }

    @Override
    public void embeddings(int rows, int[] positions, float[] x) {
        if (lowest == 0) {
            copy(x, residual[0], rows * hidden);
        }
    }

    @Override
    public void layer(int layer, int rows, int[] positions, float[] x) {
        if (layer + 1 >= lowest) {
            copy(x, residual[layer + 1], rows * hidden);
        }
    }

    @Override
    public void middle(int layer, int rows, float[] x) {
        LayerActivations kept = at(layer);
        if (kept != null) {
            copy(x, kept.middle, rows * hidden);
        }
    }

    @Override
    public void queries(int layer, int rows, float[] q) {
        LayerActivations kept = at(layer);
        if (kept != null) {
            copy(q, kept.rawQ, rows * querySize());
        }
    }

    @Override
    public void keys(int layer, int rows, float[] k) {
        LayerActivations kept = at(layer);
        if (kept != null) {
            copy(k, kept.rawK, rows * keySize());
        }
    }

    @Override
    public void attended(int layer, int rows, float[] attended) {
        LayerActivations kept = at(layer);
        if (kept != null && kept.attended.length > 0) {
            copy(attended, kept.attended, rows * querySize());
        }
    }

    private int querySize() {
        return transformer.attentionShape().querySize();
    }

    private int keySize() {
        return transformer.config().kvHeads() * transformer.config().headSize();
    }

    @Override
    public LayerArrays arrays(int layer) {
        LayerActivations kept = at(layer);
        return kept == null ? null : kept.arrays;
    }

    @Override
    public float[] projection(int slot) {
        Place place = places.get(slot);
        LayerActivations kept = place == null ? null : at(place.layer());
        return kept == null ? null : kept.projections[place.index()];
    }
}
