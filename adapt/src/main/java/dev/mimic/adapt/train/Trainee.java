package dev.mimic.adapt.train;

import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.gradient.TrainedParameters;
import dev.mimic.adapt.gradient.TrainingResult;
import dev.mimic.adapt.gradient.TrainingSequence;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is trained of an engine's model: its numbers, their gradient, and what they make in the end. */
sealed interface Trainee extends AutoCloseable permits ScalingTrainee, LowRankTrainee {
    /**
     * What the options ask for.
     *
     * @throws IllegalArgumentException if the engine does not hold what is to be trained
     */
    static Trainee of(Engine engine, TrainingOptions options) {
        return options.lowRank().isPresent()
                ? new LowRankTrainee(engine, options)
                : new ScalingTrainee(engine, options);
    }

    /** The numbers. */
    TrainedParameters parameters();

    /**
     * Replies to requests, under the adapter, which they need not carry. The next call of {@link #gradient} is of these
     * replies.
     *
     * @param adapter as {@link TrainedParameters#adapter} makes it
     */
    List<GenerationResult> generate(Adapter adapter, List<GenerationRequest> requests);

    /**
     * The objective of a batch and its gradient.
     *
     * @param adapter as {@link TrainedParameters#adapter} makes it
     * @param dropoutKey what the masks of this step depend on, where there are any
     */
    TrainingResult gradient(Adapter adapter, long dropoutKey, List<TrainingSequence> sequences, Objective objective);

    /** What the model and its parts are called by: {@code base}, and {@code factors} where there are some. */
    Map<String, String> fingerprints();

    /**
     * What was made.
     *
     * @param best [size]
     * @param origin texts for its file
     */
    TrainedAdapter trained(double[] best, String name, Map<String, String> origin);

    /** Frees the memory of the backward pass. */
    @Override
    void close();

    /**
     * The weights that the options choose.
     *
     * @param held those there are to choose from
     * @param where what holds them, for the message
     * @throws IllegalArgumentException if targets that are to be complete are not
     */
    static List<String> weights(Engine engine, TrainingOptions options, Set<String> held, String where) {
        List<String> weights = options.targets().choose(held);
        int perLayer = switch (options.targets().text()) {
            case "mlp" -> 3;
            case "attention" -> 4;
            case "all" -> 7;
            default -> 0;
        };
        int expected = perLayer * engine.config().layers();
        if (perLayer > 0 && weights.size() != expected) {
            throw new IllegalArgumentException("train: " + where + " hold " + weights.size()
                    + " weights of the targets " + options.targets().text() + ", expected " + expected);
        }
        return weights;
    }
}
