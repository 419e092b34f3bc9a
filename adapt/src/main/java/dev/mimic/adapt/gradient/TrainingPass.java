package dev.mimic.adapt.gradient;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.LowRankFactors;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.model.TransformerWeights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private TrainingWorkspace workspace;

    /** What replies are recorded in where they are cut into parts; null unless they were, last. */
    private TrainingParts parts;

    /** What is kept of the last replies; null for nothing. */
    private RecordedParts recorded;

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
        recorded = null;
        return engine.withDecoder(transformer -> {
            TrainingWorkspace work = workspace(transformer, sequences);
            return work.gradient(trainingScales(transformer, z), 0, sequences, objective);
        });
    }

    private RowScales trainingScales(Transformer transformer, Map<String, float[]> z) {
        Map<String, float[]> all = new LinkedHashMap<>(z);
        linears.forEach((name, linear) -> all.computeIfAbsent(name, _ -> ones(linear)));
        return transformer.weights().trainingScales(all);
    }

    /**
     * Replies to requests that carry an adapter of z, one each, and for a gradient of them at the same z all that their
     * forward pass showed, if the memory given holds it and the factors replace the weights. What was recorded
     * holds until the next call of this pass.
     */
    public RecordedReplies generate(Adapter.Scaling adapter, List<GenerationRequest> requests) {
        List<GenerationRequest> adapted =
                requests.stream().map(one -> one.withAdapter(adapter)).toList();
        recorded = null;
        Optional<RecordedParts> room = trained instanceof Trained.Scaling
                ? engine.withDecoder(transformer -> roomToRecord(transformer, adapted))
                : Optional.empty();
        if (room.isEmpty()) {
            return new RecordedReplies(engine.generateAll(adapted), adapter, null);
        }
        recorded = room.get();
        List<GenerationResult> results =
                engine.generateAll(adapted, recorded.share(), recorded.decoders(), recorded.traces());
        return new RecordedReplies(results, adapter, recorded);
    }

    /** What holds all rows that replies to these requests may take, if the memory given does. */
    private Optional<RecordedParts> roomToRecord(Transformer transformer, List<GenerationRequest> requests) {
        boolean plain = engine.cacheFormat() == EngineOptions.CacheFormat.F32
                && transformer.weights().form() == TransformerWeights.SvfForm.FACTORED
                && requests.stream().allMatch(one -> one.maxTokens().isPresent() && one.n() == 1);
        if (!plain || requests.isEmpty()) {
            return Optional.empty();
        }
        int share = TrainingParts.share(transformer, requests.size());
        int count = Math.ceilDiv(requests.size(), share);
        List<MemoryPlan> plans = new ArrayList<>();
        for (int first = 0; first < requests.size(); first += share) {
            long rows = rows(requests.subList(first, Math.min(requests.size(), first + share)));
            Optional<MemoryPlan> plan =
                    rows > 0 ? MemoryPlan.whole(transformer, trained, memory / count, rows) : Optional.empty();
            if (plan.isEmpty()) {
                return Optional.empty();
            }
            plans.add(plan.get());
        }
        return Optional.of(new RecordedParts(workspaces(transformer, plans), requests.size(), share));
    }

    /** Rows that replies may take. */
    private long rows(List<GenerationRequest> requests) {
        long rows = 0;
        for (GenerationRequest request : requests) {
            int prompt = engine.promptIds(request).length;
            // the last token drawn does not run
            rows += Math.min(
                            engine.contextLength(),
                            prompt + (long) request.maxTokens().getAsInt())
                    - 1;
        }
        return rows;
    }

    private List<TrainingWorkspace> workspaces(Transformer transformer, List<MemoryPlan> plans) {
        if (plans.size() == 1) {
            MemoryPlan plan = plans.getFirst();
            return List.of(workspace(transformer, plan, workspace != null && workspace.holds(plan)));
        }
        if (parts == null || !parts.holds(plans)) {
            close();
            parts = new TrainingParts(transformer, trained, linears, plans, memory / plans.size());
        }
        for (int i = 0; i < plans.size(); i++) {
            parts.workspaces().get(i).pack(plans.get(i));
        }
        return parts.workspaces();
    }

    /**
     * The objective over replies, and its gradient with respect to z: that of {@link #gradient(Map, List, Objective)} but
     * for rounding, since the forward pass is that of the sampling.
     *
     * @param replies the last that this pass has given
     * @param sequences the replies, in order
     * @throws IllegalArgumentException as above
     */
    public TrainingResult gradient(RecordedReplies replies, List<TrainingSequence> sequences, Objective objective) {
        check(sequences);
        RecordedParts last = recorded;
        recorded = null; // the backward pass writes over it
        if (last == null || !replies.heldBy(last) || !replies.are(sequences)) {
            return gradient(replies.adapter().z(), sequences, objective);
        }
        return engine.withDecoder(transformer -> last.gradient(
                transformer.backend().pool(),
                trainingScales(transformer, replies.adapter().z()),
                sequences,
                objective));
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
            TrainingWorkspace work = workspace(transformer, sequences);
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
        recorded = null;
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

    private TrainingWorkspace workspace(Transformer transformer, List<TrainingSequence> sequences) {
        int longest = 1;
        long total = 0;
        for (TrainingSequence sequence : sequences) {
            longest = Math.max(longest, sequence.rows());
            total += sequence.rows();
        }
        MemoryPlan plan = MemoryPlan.of(transformer, trained, memory, longest, total);
        return workspace(transformer, plan, workspace != null && workspace.rows() >= plan.rows());
    }

    private TrainingWorkspace workspace(Transformer transformer, MemoryPlan plan, boolean enough) {
        if (!enough) {
            close();
            workspace = new TrainingWorkspace(transformer, trained, linears, plan, memory);
        }
        workspace.pack(plan);
        return workspace;
    }

    /** Frees the memory. */
    @Override
    public void close() {
        recorded = null;
        if (workspace != null) {
            workspace.close();
            workspace = null;
        }
        if (parts != null) {
            parts.close();
            parts = null;
        }
    }
}
