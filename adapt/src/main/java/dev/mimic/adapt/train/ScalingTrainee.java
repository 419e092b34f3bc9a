package dev.mimic.adapt.train;

import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.gradient.RecordedReplies;
import dev.mimic.adapt.gradient.ScalingParameters;
import dev.mimic.adapt.gradient.TrainedParameters;
import dev.mimic.adapt.gradient.TrainingPass;
import dev.mimic.adapt.gradient.TrainingResult;
import dev.mimic.adapt.gradient.TrainingSequence;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.Parametrisation;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.model.Factors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Scales of singular values (Sun et al. 2025). */
final class ScalingTrainee implements Trainee {
    private final Engine engine;
    private final TrainingOptions options;
    private final Factors factors;
    private final ScalingParameters parameters;
    private final TrainingPass pass;
    private Optional<RecordedReplies> replies = Optional.empty();

    ScalingTrainee(Engine engine, TrainingOptions options) {
        this.engine = engine;
        this.options = options;
        factors = engine.factors()
                .orElseThrow(() -> new IllegalArgumentException("train: the engine has no factors, expected some"));
        List<String> weights = Trainee.weights(engine, options, factors.weightNames(), "the factors");
        requireMlp(options, weights);
        parameters = new ScalingParameters(factors, weights, options.parametrisation(), options.maxMult());
        pass = new TrainingPass(engine, weights, options.memory());
    }

    /** The authors' code scales no other matrices. */
    private static void requireMlp(TrainingOptions options, List<String> weights) {
        if (options.parametrisation() == Parametrisation.SAKANA) {
            weights.stream()
                    .filter(weight -> !weight.contains(".mlp."))
                    .findFirst()
                    .ifPresent(other -> {
                        throw new IllegalArgumentException(
                                "train: parametrisation sakana scales mlp matrices only, expected"
                                        + " targets mlp or patterns of theirs, found '" + other + "'");
                    });
        }
    }

    @Override
    public TrainedParameters parameters() {
        return parameters;
    }

    @Override
    public List<GenerationResult> generate(Adapter adapter, List<GenerationRequest> requests) {
        if (!options.stopToken()) { // sequences without what was recorded last: it would serve none
            return engine.generateAll(
                    requests.stream().map(one -> one.withAdapter(adapter)).toList());
        }
        replies = Optional.of(pass.generate((Adapter.Scaling) adapter, requests));
        return replies.get().results();
    }

    @Override
    public TrainingResult gradient(
            Adapter adapter, long dropoutKey, List<TrainingSequence> sequences, Objective objective) {
        Optional<RecordedReplies> last = replies;
        replies = Optional.empty();
        return last.isPresent()
                ? pass.gradient(last.get(), sequences, objective)
                : pass.gradient(((Adapter.Scaling) adapter).z(), sequences, objective);
    }

    @Override
    public Map<String, String> fingerprints() {
        Map<String, String> fingerprints = new LinkedHashMap<>();
        fingerprints.put("base", factors.baseFingerprint());
        fingerprints.put("factors", factors.fingerprint());
        return fingerprints;
    }

    @Override
    public TrainedAdapter trained(double[] best, String name, Map<String, String> origin) {
        Map<String, String> texts = new LinkedHashMap<>(origin);
        texts.put("trained", options.parametrisation().text());
        return new TrainedAdapter.Scaling(Expert.plain(name, parameters.z(best), texts));
    }

    @Override
    public void close() {
        pass.close();
    }
}
