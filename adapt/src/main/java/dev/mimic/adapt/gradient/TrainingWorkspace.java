package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.ForwardTrace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory of a {@link TrainingPass} and what it does with it: all arrays, for steps of up to so many rows. Lives on the
 * engine's thread.
 */
final class TrainingWorkspace implements AutoCloseable {
    private final Transformer transformer;
    private final Trained trained;

    /** The trained weights by whole name. */
    private final Map<String, Linear> linears;

    private final int rows;
    private final int keep;
    private int packRows;
    private long dropoutKey;
    private final PackedRows packed;
    private final CompletionLoss loss;
    private final Map<String, double[]> gradients = new LinkedHashMap<>();
    private final float[] dx;
    private final float[] chosen;
    private final float[] base;
    private KeptActivations kept;
    private BackwardPass backward;

    /**
     * Takes the memory.
     *
     * @param transformer the engine's own
     * @param linears the trained weights by whole name
     * @param memory bytes for activations, that the plan was made for
     */
    TrainingWorkspace(
            Transformer transformer, Trained trained, Map<String, Linear> linears, MemoryPlan plan, long memory) {
        this.transformer = transformer.withRows(plan.rows());
        this.trained = trained;
        this.linears = linears;
        this.rows = plan.rows();
        this.keep = plan.keep();
        packed = new PackedRows(this.transformer);
        loss = new CompletionLoss(this.transformer, memory);
        int hidden = transformer.config().hiddenSize();
        dx = new float[rows * hidden];
        chosen = new float[rows * hidden];
        base = new float[rows * hidden];
        linears.forEach((name, linear) -> gradients.put(name, new double[size(linear)]));
    }

    /** Numbers that are trained of a weight. */
    private int size(Linear linear) {
        return switch (trained) {
            case Trained.Scaling _ -> ((Linear.Svf) linear).factors().rank();
            case Trained.LowRank lowRank -> lowRank.rank() * (linear.in() + linear.out());
        };
    }

    /** Rows of the largest step. */
    int rows() {
        return rows;
    }

    /** Whether it keeps all that a plan keeps. */
    boolean holds(MemoryPlan plan) {
        return rows >= plan.rows() && keep >= plan.keep();
    }

    /** Sets the rows of a pack: how sequences are packed must not depend on earlier calls. */
    void pack(MemoryPlan plan) {
        packRows = plan.rows();
    }

    /** The decoder whose steps fit in here. */
    Transformer transformer() {
        return transformer;
    }

    /** Begins to record replies to so many requests, over what was recorded before. */
    RecordedActivations record(int requests) {
        prepareBackward();
        return new RecordedActivations(transformer, trained, kept, chosen, requests);
    }

    private void prepareBackward() {
        if (backward == null) {
            kept = new KeptActivations(transformer, trained, keep);
            backward = new BackwardPass(transformer, kept, trained, gradients);
        }
    }

    /** Cuts the sequences, in order, into packs of at most so many rows. */
    private List<List<TrainingSequence>> packs(List<TrainingSequence> sequences) {
        List<List<TrainingSequence>> packs = new ArrayList<>();
        int filled = 0;
        for (TrainingSequence sequence : sequences) {
            if (packs.isEmpty() || filled + sequence.rows() > packRows) {
                packs.add(new ArrayList<>());
                filled = 0;
            }
            packs.getLast().add(sequence);
            filled += sequence.rows();
        }
        return packs;
    }

    /** The objective and its gradient, after a forward pass of all sequences. */
    TrainingResult gradient(RowScales scales, long key, List<TrainingSequence> sequences, Objective objective) {
        dropoutKey = key;
        prepareBackward();
        gradients.values().forEach(dz -> Arrays.fill(dz, 0));
        double[] likelihoods = new double[sequences.size()];
        double[] kl = new double[sequences.size()];
        int first = 0;
        for (List<TrainingSequence> pack : packs(sequences)) {
            double[] someLikelihoods = new double[pack.size()];
            double[] someKl = new double[pack.size()];
            packed.choose(pack, first);
            if (packed.predicted.count > 0) {
                step(scales, pack, sequences.size(), objective, someLikelihoods, someKl);
            }
            System.arraycopy(someLikelihoods, 0, likelihoods, first, pack.size());
            System.arraycopy(someKl, 0, kl, first, pack.size());
            first += pack.size();
        }
        return result(scales, sequences, sequences.size(), objective, likelihoods, kl);
    }

    /**
     * The same where the last steps were recorded; of a batch these sequences' part.
     *
     * @param scales what they ran with
     * @param recorded holds these sequences
     * @param batch sequences of the whole batch
     */
    TrainingResult gradient(
            RowScales scales,
            RecordedActivations recorded,
            List<TrainingSequence> sequences,
            int batch,
            Objective objective) {
        gradients.values().forEach(dz -> Arrays.fill(dz, 0));
        double[] likelihoods = new double[sequences.size()];
        double[] kl = new double[sequences.size()];
        Step step = recorded.whole(scales);
        PredictedTokens predicted = recorded.predicted(sequences);
        if (predicted.count > 0) {
            if (objective.klWeight() > 0) {
                reference(sequences, recorded, predicted);
            }
            loss.gradient(predicted, sequences, batch, objective, chosen, base, likelihoods, kl);
            throughFinalNorm(predicted.count);
            backward.run(step, scales, dx);
        }
        return result(scales, sequences, batch, objective, likelihoods, kl);
    }

    /** What the head sees of the base model, into {@code base}, in the order of the recorded rows. */
    private void reference(List<TrainingSequence> sequences, RecordedActivations recorded, PredictedTokens predicted) {
        int hidden = transformer.config().hiddenSize();
        float[][] bySequence = new float[sequences.size()][];
        int first = 0;
        for (List<TrainingSequence> pack : packs(sequences)) {
            packed.choose(pack, first);
            if (packed.predicted.count > 0) {
                forward(transformer.weights().base(), ForwardTrace.NONE, base, 0);
            }
            int at = 0;
            for (TrainingSequence sequence : pack) {
                int elements = sequence.completionLength() * hidden;
                bySequence[first++] = Arrays.copyOfRange(base, at, at + elements);
                at += elements;
            }
        }
        for (int i = 0; i < predicted.count; i++) {
            int owner = predicted.owners[i];
            int place = recorded.position(i) - (sequences.get(owner).promptLength() - 1);
            System.arraycopy(bySequence[owner], place * hidden, base, i * hidden, hidden);
        }
    }

    private TrainingResult result(
            RowScales scales,
            List<TrainingSequence> sequences,
            int batch,
            Objective objective,
            double[] likelihoods,
            double[] kl) {
        double total = 0;
        for (int s = 0; s < likelihoods.length; s++) {
            total += -sequences.get(s).advantage() * likelihoods[s] + objective.klWeight() * kl[s];
        }
        Map<String, double[]> found = new LinkedHashMap<>();
        linears.forEach((name, linear) -> found.put(name, finished(linear, scales, gradients.get(name))));
        return new TrainingResult(total / Math.max(1, batch), likelihoods, kl, found);
    }

    private double[] finished(Linear linear, RowScales scales, double[] sums) {
        return switch (trained) {
            case Trained.Scaling _ -> sums.clone();
            case Trained.LowRank lowRank ->
                LowRankBackward.scaled(
                        linear, lowRank.rank(), scales.lowRank(linear.place()).scale(), sums);
        };
    }

    private void step(
            RowScales scales,
            List<TrainingSequence> pack,
            int batch,
            Objective objective,
            double[] likelihoods,
            double[] kl) {
        if (objective.klWeight() > 0) {
            forward(transformer.weights().base(), ForwardTrace.NONE, base, 0);
        }
        double dropout = trained instanceof Trained.LowRank lowRank ? lowRank.dropout() : 0;
        Step step = forward(scales, kept, chosen, dropout);
        loss.gradient(packed.predicted, pack, batch, objective, chosen, base, likelihoods, kl);
        throughFinalNorm(packed.predicted.count);
        backward.run(step, scales, dx);
    }

    /** Runs the packed sequences; {@code seen} gets what the head sees of the completions' rows. */
    private Step forward(RowScales scales, ForwardTrace trace, float[] seen, double dropout) {
        Step step = packed.step(scales, dropout, dropoutKey);
        transformer.forward(step, trace);
        transformer.normed(packed.predicted.count, seen);
        return step;
    }

    /** From the gradient of what the head sees of the wanted rows to that of what the last layer gave them. */
    private void throughFinalNorm(int wanted) {
        transformer
                .backend()
                .gradient()
                .rmsNorm(
                        wanted,
                        kept.residual(transformer.config().layers()),
                        transformer.weights().finalNorm(),
                        transformer.config().rmsNormEpsilon(),
                        chosen,
                        dx);
    }

    /** Natural log-probabilities of the tokens of completions, [sequences][completion]. */
    double[][] score(RowScales scales, List<TrainingSequence> sequences) {
        List<double[]> all = new ArrayList<>();
        for (List<TrainingSequence> pack : packs(sequences)) {
            packed.choose(pack, 0);
            double[] logprobs = new double[packed.predicted.count];
            if (packed.predicted.count > 0) {
                forward(scales, ForwardTrace.NONE, chosen, 0);
                loss.score(packed.predicted, chosen, logprobs);
            }
            int at = 0;
            for (TrainingSequence sequence : pack) {
                all.add(Arrays.copyOfRange(logprobs, at, at + sequence.completionLength()));
                at += sequence.completionLength();
            }
        }
        return all.toArray(double[][]::new);
    }

    /** Frees the memory. */
    @Override
    public void close() {
        packed.close();
    }
}
