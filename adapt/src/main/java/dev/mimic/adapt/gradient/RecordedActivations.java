package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.engine.trace.BatchTrace;
import dev.mimic.engine.trace.LayerArrays;
import dev.mimic.kernels.WorkerPool;
import java.util.List;

/**
 * Keeps what sampling replies shows of itself, step behind step, as {@link KeptActivations} keeps it of one step, so that
 * the backward pass needs no forward pass of its own. Rows stay in the order in which they ran. The first step, the
 * prompts as a rule, is left where it is wanted; later ones are copied behind it, layer by layer, while they are in cache.
 */
final class RecordedActivations implements BatchTrace {
    /** Arrays of a layer that later steps are copied from. */
    private static final int COPIES = 12;

    private final Transformer transformer;
    private final Trained trained;
    private final KeptActivations kept;
    private final int hidden;
    private final int last;

    /** What the head sees of the wanted rows, [rows, hidden]. */
    private final float[] seen;

    /** Where later steps leave a layer. */
    private LayerActivations later;

    private int laterRows;
    private final int[] requests;
    private final int[] positions;
    private final int[] lengths;
    private final int[] wantedRows;

    /** Rows of each request so far. */
    private final int[] sizes;

    /** Rows of the steps before, and how many of them were wanted. */
    private int rows;

    private int wanted;
    private int stepRows;
    private int stepWanted;

    // what is copied: one source, destination, place and length an array
    private final float[][] sources = new float[COPIES][];
    private final float[][] targets = new float[COPIES][];
    private final int[] offsets = new int[COPIES];
    private final int[] counts = new int[COPIES];
    private final WorkerPool.Task copies = this::copy;

    /**
     * Begins with nothing.
     *
     * @param transformer with room for all rows
     * @param kept keeps all layers
     * @param seen [rows, hidden]; overwritten with what the head sees of the wanted rows, in order
     */
    RecordedActivations(
            Transformer transformer, Trained trained, KeptActivations kept, float[] seen, int requestCount) {
        this.transformer = transformer;
        this.trained = trained;
        this.kept = kept;
        this.seen = seen;
        hidden = transformer.config().hiddenSize();
        last = transformer.config().layers() - 1;
        requests = new int[transformer.rows()];
        positions = new int[transformer.rows()];
        lengths = new int[transformer.rows()];
        wantedRows = new int[transformer.rows()];
        sizes = new int[requestCount];
    }

    /** Whether what ran are exactly the rows of these sequences. */
    boolean holds(List<TrainingSequence> sequences) {
        if (sequences.size() != sizes.length) {
            return false;
        }
        for (int s = 0; s < sizes.length; s++) {
            if (sequences.get(s).rows() != sizes[s]) {
                return false;
            }
        }
        return true;
    }

    /**
     * The step of all rows, for the backward pass.
     *
     * @param scales what all rows ran with
     */
    Step whole(RowScales scales) {
        step();
        Step step = transformer.newStep();
        step.prefill();
        int[] first = new int[sizes.length];
        for (int s = 1; s < sizes.length; s++) {
            first[s] = first[s - 1] + sizes[s - 1];
        }
        int[] order = new int[rows];
        for (int row = 0; row < rows; row++) {
            step.addRun(positions[row], lengths[row], scales);
            order[first[requests[row]] + positions[row]] = row;
        }
        step.order(sizes.length, sizes, order);
        step.want(wantedRows, wanted);
        return step;
    }

    /** What the wanted rows predict. */
    PredictedTokens predicted(List<TrainingSequence> sequences) {
        PredictedTokens predicted = new PredictedTokens(wanted);
        for (int i = 0; i < wanted; i++) {
            int row = wantedRows[i];
            predicted.add(sequences.get(requests[row]).ids()[positions[row] + 1], requests[row]);
        }
        return predicted;
    }

    /** The position from which the i-th wanted row predicts. */
    int position(int i) {
        return positions[wantedRows[i]];
    }

    @Override
    public void step() {
        rows += stepRows;
        wanted += stepWanted;
        stepRows = 0;
        stepWanted = 0;
    }

    @Override
    public void rows(int request, int from, int count, int length, boolean isWanted) {
        for (int i = 0; i < count; i++) {
            int row = rows + stepRows + i;
            requests[row] = request;
            positions[row] = from + i;
            lengths[row] = length;
        }
        sizes[request] += count;
        stepRows += count;
        if (isWanted) {
            wantedRows[wanted + stepWanted++] = rows + stepRows - 1;
        }
    }

    private boolean isFirst() {
        return rows == 0;
    }

    /** The rows of a layer that are there, of what the last layer does for wanted rows alone. */
    private int narrow(int layer) {
        return layer == last ? wanted : rows;
    }

    private static void copy(float[] from, float[] to, int toRow, int count, int width) {
        System.arraycopy(from, 0, to, toRow * width, count * width);
    }

    @Override
    public void embeddings(int count, int[] ignored, float[] x) {
        if (kept.lowest() == 0) {
            copy(x, kept.residual(0), rows, count, hidden);
        }
        if (!isFirst() && laterRows < count) {
            later = new LayerActivations(
                    transformer.config(),
                    LayerActivations.norms(transformer.weights().blocks().getFirst()),
                    false,
                    KeptActivations.largestRanks(transformer.weights().blocks(), trained),
                    count);
            laterRows = count;
        }
    }

    @Override
    public void layer(int layer, int count, int[] ignored, float[] x) {
        if (layer + 1 >= kept.lowest()) {
            copy(x, kept.residual(layer + 1), narrow(layer), count, hidden);
        }
        LayerActivations to = kept.whole(layer);
        if (!isFirst() && to != null) {
            putBehind(layer, count, to);
        }
    }

    /** Copies what a later step left of a layer. */
    private void putBehind(int layer, int count, LayerActivations to) {
        TransformerWeights.Block block = transformer.weights().blocks().get(layer);
        int queries = transformer.attentionShape().querySize();
        int keys = transformer.config().kvHeads() * transformer.config().headSize();
        int wide = transformer.config().intermediateSize();
        int[] ranks = LayerActivations.ranks(block, trained);
        LayerArrays from = later.arrays;
        int at = narrow(layer);
        set(0, from.q(), to.arrays.q(), at, count, queries);
        set(1, from.k(), to.arrays.k(), rows, stepRows, keys);
        set(2, from.v(), to.arrays.v(), rows, stepRows, keys);
        set(3, from.gate(), to.arrays.gate(), at, count, wide);
        set(4, from.up(), to.arrays.up(), at, count, wide);
        for (int i = 0; i < ranks.length; i++) {
            boolean ofAll = i == 1 || i == 2; // keys and values
            set(5 + i, later.projections[i], to.projections[i], ofAll ? rows : at, ofAll ? stepRows : count, ranks[i]);
        }
        transformer.backend().pool().run(COPIES, 1, copies);
    }

    private void set(int i, float[] from, float[] to, int toRow, int count, int width) {
        sources[i] = from;
        targets[i] = to;
        offsets[i] = toRow * width;
        counts[i] = count * width;
    }

    private void copy(int begin, int end) {
        for (int i = begin; i < end; i++) {
            System.arraycopy(sources[i], 0, targets[i], offsets[i], counts[i]);
        }
    }

    @Override
    public void finalNorm(int count, int[] ignored, float[] x) {
        copy(x, seen, wanted, count, hidden);
    }

    @Override
    public void middle(int layer, int count, float[] x) {
        LayerActivations to = kept.whole(layer);
        if (to != null) {
            copy(x, to.middle, narrow(layer), count, hidden);
        }
    }

    @Override
    public void queries(int layer, int count, float[] q) {
        LayerActivations to = kept.whole(layer);
        if (to != null) {
            copy(q, to.rawQ, narrow(layer), count, transformer.attentionShape().querySize());
        }
    }

    @Override
    public void keys(int layer, int count, float[] k) {
        LayerActivations to = kept.whole(layer);
        if (to != null) {
            int keySize = transformer.config().kvHeads() * transformer.config().headSize();
            copy(k, to.rawK, rows, count, keySize);
        }
    }

    @Override
    public LayerArrays arrays(int layer) {
        LayerActivations to = kept.whole(layer);
        return to == null ? null : isFirst() ? to.arrays : later.arrays;
    }

    @Override
    public float[] projection(int slot) {
        KeptActivations.Place place = kept.place(slot);
        LayerActivations to = place == null ? null : kept.whole(place.layer());
        return to == null ? null : (isFirst() ? to : later).projections[place.index()];
    }
}
