package dev.mimic.adapt.gradient;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.LowRankFactors;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** A and B of low-rank changes of one rank and scale: for each weight A [rank, in] and behind it B [out, rank]. */
public final class LowRankParameters implements TrainedParameters {
    private final int rank;
    private final float scale;
    private final List<Linear> linears = new ArrayList<>();
    private final int size;

    /**
     * Chooses the weights.
     *
     * @param weights whole names, in the order of the flat array
     * @param rank rows of A
     * @param scale what multiplies B A
     * @throws IllegalArgumentException naming a weight that is no linear layer of the engine's model, or if there are more
     *     numbers than an array holds
     */
    public LowRankParameters(Engine engine, Collection<String> weights, int rank, float scale) {
        this.rank = rank;
        this.scale = scale;
        Map<String, Linear> all =
                engine.withDecoder(transformer -> transformer.weights().linears());
        long count = 0;
        for (String name : weights) {
            Linear linear = all.get(name);
            if (linear == null) {
                throw new IllegalArgumentException("train: '" + name + "' is no linear layer of this model");
            }
            linears.add(linear);
            count += (long) rank * (linear.in() + linear.out());
        }
        if (count > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "train: rank " + rank + " makes " + count + " numbers, expected fewer than 2^31");
        }
        size = (int) count;
    }

    @Override
    public int size() {
        return size;
    }

    /**
     * A uniform in {@code ±1 / sqrt(in)}, as PEFT's {@code kaiming_uniform_(a = sqrt(5))}; B zero, so that training starts
     * from the base model.
     */
    @Override
    public double[] initial(RandomGenerator random) {
        double[] parameters = new double[size];
        int at = 0;
        for (Linear linear : linears) {
            double bound = 1 / Math.sqrt(linear.in());
            for (int i = 0; i < rank * linear.in(); i++) {
                parameters[at + i] = random.nextDouble(-bound, bound);
            }
            at += rank * (linear.in() + linear.out());
        }
        return parameters;
    }

    @Override
    public Adapter.LowRank adapter(double[] parameters) {
        Map<String, LowRankFactors> all = new LinkedHashMap<>();
        int at = 0;
        for (Linear linear : linears) {
            float[] a = new float[rank * linear.in()];
            float[] b = new float[linear.out() * rank];
            for (int i = 0; i < a.length; i++) {
                a[i] = (float) parameters[at + i];
            }
            for (int i = 0; i < b.length; i++) {
                b[i] = (float) parameters[at + a.length + i];
            }
            all.put(linear.name(), new LowRankFactors(rank, linear.in(), linear.out(), a, b, scale));
            at += a.length + b.length;
        }
        return new Adapter.LowRank(all);
    }

    @Override
    public double[] gradient(double[] parameters, Map<String, double[]> found) {
        double[] gradient = new double[size];
        int at = 0;
        for (Linear linear : linears) {
            double[] one = found.get(linear.name());
            System.arraycopy(one, 0, gradient, at, one.length);
            at += one.length;
        }
        return gradient;
    }
}
