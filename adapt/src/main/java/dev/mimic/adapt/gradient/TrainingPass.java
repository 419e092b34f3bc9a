package dev.mimic.adapt.gradient;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.LowRankFactors;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.ForwardTrace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Losses and gradients of z, or of low-rank changes, over many completions at once, by an engine's own decoder, weights
 * and kernels. Sequences are packed into steps of whole sequences; as much of a step is kept for the backward pass as the
 * memory given allows, the rest is computed again. A sequence's values do not depend on what is packed beside it. Serves
 * one calling thread at a time; the engine's requests wait while it works.
 */
public final class TrainingPass implements AutoCloseable {
    /** Memory for activations where nobody says. */
    public static final long DEFAULT_MEMORY = 1L << 30;

    private final Engine engine;
    private final long memory;

    /** The trained weights by whole name. */
    private final Map<String, Linear> linears = new LinkedHashMap<>();

    private final Trained trained;
    private Workspace workspace;

    /**
     * Prepares a pass over singular values; takes no memory yet.
     *
     * @param engine with factors; must outlive the pass
     * @param weights whole names of the weights that are trained
     * @param memoryBytes for activations, on the Java heap; the longest sequence is run whatever it takes
     * @throws IllegalArgumentException naming a weight that is not in factors
     */
    public TrainingPass(Engine engine, Collection<String> weights, long memoryBytes) {
        this(engine, new Trained.Scaling(Set.copyOf(weights)), memoryBytes);
        choose(weights, true);
    }

    private TrainingPass(Engine engine, Trained trained, long memoryBytes) {
        this.engine = engine;
        this.trained = trained;
        this.memory = memoryBytes;
    }

    /**
     * Prepares a pass over low-rank changes; takes no memory yet.
     *
     * @param engine with or without factors; must outlive the pass
     * @param weights whole names of the weights whose change is trained
     * @param rank of all changes
     * @param dropout share of the elements of x that the changes do not see in training; from 0, and below 1
     * @param memoryBytes as above
     * @throws IllegalArgumentException naming a weight that is no linear layer of the model
     */
    public static TrainingPass lowRank(
            Engine engine, Collection<String> weights, int rank, double dropout, long memoryBytes) {
        TrainingPass pass =
                new TrainingPass(engine, new Trained.LowRank(Set.copyOf(weights), rank, dropout), memoryBytes);
        pass.choose(weights, false);
        return pass;
    }

    private void choose(Collection<String> weights, boolean inFactors) {
        Map<String, Linear> all =
                engine.withDecoder(transformer -> transformer.weights().linears());
        for (String name : weights) {
            Linear linear = all.get(name);
            if (linear == null || (inFactors && !(linear instanceof Linear.Svf))) {
                throw new IllegalArgumentException("train: '" + name + "' is not among the "
                        + (inFactors ? "factors of this engine" : "linear layers of this model"));
            }
            linears.put(name, linear);
        }
        if (linears.isEmpty()) {
            throw new IllegalArgumentException("train: no weight is to be trained");
        }
    }

    /**
     * The objective over a batch, and its gradient with respect to z.
     *
     * @param z of the trained weights and, if wanted, of others; one for all sequences
     * @throws IllegalArgumentException if a sequence does not fit the context, an id is beyond the vocabulary, or z does
     *     not fit the factors
     */
    public TrainingResult gradient(Map<String, float[]> z, List<TrainingSequence> sequences, Objective objective) {
        check(sequences);
        return engine.withDecoder(transformer -> {
            Workspace work = workspace(transformer, sequences);
            Map<String, float[]> all = new LinkedHashMap<>(z);
            linears.forEach((name, linear) -> all.computeIfAbsent(name, _ -> ones(linear)));
            return work.gradient(transformer.weights().trainingScales(all), 0, sequences, objective);
        });
    }

    /**
     * The objective over a batch, and its gradient with respect to A and B.
     *
     * @param adapter changes of the trained weights, all of one rank and scale, and, if wanted, of others
     * @param dropoutKey what the masks of this step depend on
     * @throws IllegalArgumentException as above, or if the adapter does not fit the model, or has another rank
     */
    public TrainingResult gradient(
            Adapter.LowRank adapter, long dropoutKey, List<TrainingSequence> sequences, Objective objective) {
        check(sequences);
        linears.keySet().forEach(name -> checkRank(name, adapter.weights().get(name)));
        return engine.withDecoder(transformer -> {
            Workspace work = workspace(transformer, sequences);
            return work.gradient(transformer.weights().lowRank(adapter.weights()), dropoutKey, sequences, objective);
        });
    }

    private void checkRank(String name, LowRankFactors factors) {
        int expected = trained instanceof Trained.LowRank lowRank ? lowRank.rank() : 0;
        if (factors == null || factors.rank() != expected) {
            throw new IllegalArgumentException("train: '" + name + "' has "
                    + (factors == null ? "no low-rank change" : "one of rank " + factors.rank()) + ", expected rank "
                    + expected);
        }
    }

    private static float[] ones(Linear linear) {
        float[] ones = new float[((Linear.Svf) linear).factors().rank()];
        Arrays.fill(ones, 1);
        return ones;
    }

    /**
     * Natural log-probabilities of the tokens of completions.
     *
     * @param z as of {@link #gradient}; empty for the base model
     * @return [sequences][completion]
     */
    public double[][] score(Map<String, float[]> z, List<TrainingSequence> sequences) {
        check(sequences);
        return engine.withDecoder(transformer ->
                workspace(transformer, sequences).score(transformer.weights().scales(z), sequences));
    }

    private void check(List<TrainingSequence> sequences) {
        int vocabulary = engine.config().vocabularySize();
        for (TrainingSequence sequence : sequences) {
            if (sequence.ids().length > engine.contextLength()) {
                throw new IllegalArgumentException("train: a sequence has " + sequence.ids().length
                        + " tokens, expected at most " + engine.contextLength() + ", the context length");
            }
            for (int id : sequence.ids()) {
                if (id < 0 || id >= vocabulary) {
                    throw new IllegalArgumentException("train: token id is " + id + ", expected 0 to "
                            + (vocabulary - 1) + ", the vocabulary of this model");
                }
            }
        }
    }

    private Workspace workspace(Transformer transformer, List<TrainingSequence> sequences) {
        int longest = 1;
        long total = 0;
        for (TrainingSequence sequence : sequences) {
            longest = Math.max(longest, sequence.rows());
            total += sequence.rows();
        }
        MemoryPlan plan = MemoryPlan.of(transformer, trained, memory, longest, total);
        if (workspace == null || workspace.rows < plan.rows()) {
            close();
            workspace = new Workspace(transformer.withRows(plan.rows()), plan);
        }
        workspace.packRows = plan.rows(); // how sequences are packed must not depend on earlier calls
        return workspace;
    }

    /** Frees the memory. */
    @Override
    public void close() {
        if (workspace != null) {
            workspace.packed.close();
            workspace = null;
        }
    }

    /** All arrays, for steps of up to so many rows. */
    private final class Workspace {
        private final Transformer transformer;
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

        Workspace(Transformer transformer, MemoryPlan plan) {
            this.transformer = transformer;
            this.rows = plan.rows();
            this.keep = plan.keep();
            packed = new PackedRows(transformer);
            loss = new CompletionLoss(transformer);
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
                if (packed.count > 0) {
                    step(scales, pack, sequences.size(), objective, someLikelihoods, someKl);
                }
                System.arraycopy(someLikelihoods, 0, likelihoods, first, pack.size());
                System.arraycopy(someKl, 0, kl, first, pack.size());
                first += pack.size();
            }
            double total = 0;
            for (int s = 0; s < likelihoods.length; s++) {
                total += -sequences.get(s).advantage() * likelihoods[s] + objective.klWeight() * kl[s];
            }
            Map<String, double[]> found = new LinkedHashMap<>();
            linears.forEach((name, linear) -> found.put(name, finished(linear, scales, gradients.get(name))));
            return new TrainingResult(total / Math.max(1, sequences.size()), likelihoods, kl, found);
        }

        private double[] finished(Linear linear, RowScales scales, double[] sums) {
            return switch (trained) {
                case Trained.Scaling _ -> sums.clone();
                case Trained.LowRank lowRank ->
                    LowRankBackward.scaled(
                            linear,
                            lowRank.rank(),
                            scales.lowRank(linear.place()).scale(),
                            sums);
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
            loss.gradient(packed, pack, batch, objective, chosen, base, likelihoods, kl);
            throughFinalNorm();
            backward.run(step, scales, dx);
        }

        /** Runs the packed sequences; {@code seen} gets what the head sees of the completions' rows. */
        private Step forward(RowScales scales, ForwardTrace trace, float[] seen, double dropout) {
            Step step = packed.step(scales, dropout, dropoutKey);
            transformer.forward(step, trace);
            transformer.normed(packed.count, seen);
            return step;
        }

        /** From the gradient of what the head sees of the wanted rows to that of what the last layer gave them. */
        private void throughFinalNorm() {
            transformer
                    .backend()
                    .gradient()
                    .rmsNorm(
                            packed.count,
                            kept.residual(transformer.config().layers()),
                            transformer.weights().finalNorm(),
                            transformer.config().rmsNormEpsilon(),
                            chosen,
                            dx);
        }

        double[][] score(RowScales scales, List<TrainingSequence> sequences) {
            List<double[]> all = new ArrayList<>();
            for (List<TrainingSequence> pack : packs(sequences)) {
                packed.choose(pack, 0);
                double[] logprobs = new double[packed.count];
                if (packed.count > 0) {
                    forward(scales, ForwardTrace.NONE, chosen, 0);
                    loss.score(packed, chosen, logprobs);
                }
                int at = 0;
                for (TrainingSequence sequence : pack) {
                    all.add(Arrays.copyOfRange(logprobs, at, at + sequence.completionLength()));
                    at += sequence.completionLength();
                }
            }
            return all.toArray(double[][]::new);
        }
    }
}
