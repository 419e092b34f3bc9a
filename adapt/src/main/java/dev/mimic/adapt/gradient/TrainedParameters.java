package dev.mimic.adapt.gradient;

import dev.mimic.engine.Adapter;
import java.util.Map;
import java.util.random.RandomGenerator;

/** The numbers that are trained, one flat array for all weights, and their two ways: to an adapter, and back. */
public sealed interface TrainedParameters permits ScalingParameters, LowRankParameters {
    /** How many numbers there are. */
    int size();

    /**
     * Where training starts.
     *
     * @return [size]
     */
    double[] initial(RandomGenerator random);

    /**
     * What the numbers make of the model.
     *
     * @param parameters [size]
     */
    Adapter adapter(double[] parameters);

    /**
     * The gradient of the numbers.
     *
     * @param parameters [size]
     * @param found as {@link TrainingResult#gradient()} has it
     * @return [size]
     */
    double[] gradient(double[] parameters, Map<String, double[]> found);
}
