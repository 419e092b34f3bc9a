package dev.mimic.engine;

import dev.mimic.engine.model.LowRankFactors;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** Random low-rank adapters of all linear layers of a folder. */
final class LowRankSamples {
    private LowRankSamples() {}

    static Adapter.LowRank adapter(Path model, int rank, long seed) {
        RandomGenerator random = SeededCases.generator(seed);
        Map<String, LowRankFactors> weights = new TreeMap<>();
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            for (String name : directory.tensorNames().stream().sorted().toList()) {
                if (TestFactors.isLinear(name)) {
                    List<Long> shape = directory.tensor(name).orElseThrow().shape();
                    weights.put(
                            name, factors(shape.get(0).intValue(), shape.get(1).intValue(), rank, random));
                }
            }
        }
        return new Adapter.LowRank(weights);
    }

    static LowRankFactors factors(int out, int in, int rank, RandomGenerator random) {
        float[] a = normal(random, rank * in, 1 / Math.sqrt(in));
        float[] b = normal(random, out * rank, 1);
        return new LowRankFactors(rank, in, out, a, b, 0.5f / rank);
    }

    private static float[] normal(RandomGenerator random, int length, double deviation) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian(0, deviation);
        }
        return x;
    }
}
