package dev.mimic.adapt.train;

import dev.mimic.adapt.gradient.LowRankParameters;
import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.gradient.TrainedParameters;
import dev.mimic.adapt.gradient.TrainingPass;
import dev.mimic.adapt.gradient.TrainingResult;
import dev.mimic.adapt.gradient.TrainingSequence;
import dev.mimic.adapt.lora.LowRankSettings;
import dev.mimic.adapt.lora.PeftAdapter;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.model.Linear;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Low-rank changes of weights (Hu et al. 2021), the baseline of the comparison. */
final class LowRankTrainee implements Trainee {
    private final Engine engine;
    private final LowRankSettings settings;
    private final LowRankParameters parameters;
    private final TrainingPass pass;

    LowRankTrainee(Engine engine, TrainingOptions options) {
        this.engine = engine;
        settings = options.lowRank().orElseThrow();
        Set<String> held = engine.withDecoder(
                transformer -> transformer.weights().linears().keySet());
        List<String> weights = Trainee.weights(engine, options, held, "the layers");
        requireRank(engine, weights, settings.rank());
        parameters = new LowRankParameters(engine, weights, settings.rank(), settings.scale());
        pass = TrainingPass.lowRank(engine, weights, settings.rank(), settings.dropout(), options.memory());
    }

    /** Beyond the smaller side of a matrix a rank only costs. */
    private static void requireRank(Engine engine, List<String> weights, int rank) {
        Map<String, Linear> linears =
                engine.withDecoder(transformer -> transformer.weights().linears());
        for (String weight : weights) {
            Linear linear = linears.get(weight);
            int largest = Math.min(linear.in(), linear.out());
            if (rank > largest) {
                throw new IllegalArgumentException("train: rank is " + rank + ", expected at most " + largest + " for '"
                        + weight + "' [" + linear.out() + ", " + linear.in() + "]");
            }
        }
    }

    @Override
    public TrainedParameters parameters() {
        return parameters;
    }

    @Override
    public List<GenerationResult> generate(Adapter adapter, List<GenerationRequest> requests) {
        return engine.generateAll(
                requests.stream().map(one -> one.withAdapter(adapter)).toList());
    }

    @Override
    public TrainingResult gradient(
            Adapter adapter, long dropoutKey, List<TrainingSequence> sequences, Objective objective) {
        return pass.gradient((Adapter.LowRank) adapter, dropoutKey, sequences, objective);
    }

    @Override
    public Map<String, String> fingerprints() {
        return Map.of("base", engine.fingerprint());
    }

    @Override
    public TrainedAdapter trained(double[] best, String name, Map<String, String> origin) {
        PeftAdapter peft = new PeftAdapter(name, parameters.adapter(best), origin);
        return new TrainedAdapter.LowRank(peft, settings, engine.config().layers());
    }

    @Override
    public void close() {
        pass.close();
    }
}
