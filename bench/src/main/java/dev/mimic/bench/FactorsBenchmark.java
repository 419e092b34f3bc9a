package dev.mimic.bench;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.model.Factors;
import dev.mimic.engine.sampling.SamplingOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Decoding with every mlp matrix as factors in 8 bits and a z of its own for each row, beside decoding of the same model as
 * it is: the 1.2 B shape with random weights in BF16, turn by turn in one process.
 */
public final class FactorsBenchmark {
    private static final int WARM = 2;

    private FactorsBenchmark() {}

    /**
     * Measures.
     *
     * @param args THREADS, ROWS (each a list with commas), NEW_TOKENS, ROUNDS
     */
    public static void main(String[] args) {
        if (args.length != 4) {
            System.err.println("usage: factors THREADS,… ROWS,… NEW_TOKENS ROUNDS");
            System.exit(2);
        }
        if (Integer.parseInt(args[3]) < 1) {
            System.err.println("factors: ROUNDS is " + args[3] + ", expected at least 1");
            System.exit(2);
        }
        try (RandomFolder model = RandomFolder.of("1.2b", "BF16")) {
            Path factors = model.path().resolve("factors");
            RandomFactors.write(model.path(), factors);
            for (String threads : args[0].split(",", -1)) {
                EngineOptions options = EngineOptions.DEFAULTS
                        .withThreads(Integer.parseInt(threads))
                        .withContextLength(512);
                try (Engine plain = Engine.open(model.path(), options);
                        Engine adapted = Engine.open(model.path(), options.withFactors(factors))) {
                    for (String rows : args[1].split(",", -1)) {
                        compare(plain, adapted, threads, Integer.parseInt(rows), args);
                    }
                }
            }
        }
    }

    private static void compare(Engine plain, Engine adapted, String threads, int rows, String[] args) {
        int tokens = Integer.parseInt(args[2]);
        int rounds = Integer.parseInt(args[3]);
        List<Adapter> none = new ArrayList<>();
        List<Adapter> experts = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            none.add(Adapter.NONE);
            experts.add(expert(adapted.factors().orElseThrow(), row));
        }
        double[] dense = new double[rounds];
        double[] eightBits = new double[rounds];
        double[] ratios = new double[rounds];
        for (int round = -WARM; round < rounds; round++) {
            double one = decode(plain, none, tokens);
            double other = decode(adapted, experts, tokens);
            if (round >= 0) {
                dense[round] = one;
                eightBits[round] = other;
                ratios[round] = other / one;
            }
        }
        Arrays.sort(dense);
        Arrays.sort(eightBits);
        Arrays.sort(ratios);
        System.out.printf(
                Locale.ROOT,
                "%s threads, %d rows: BF16 %.2f tokens/s, 8-bit factors %.2f tokens/s, ratio %.2f (%.2f to %.2f)%n",
                threads,
                rows,
                dense[rounds / 2],
                eightBits[rounds / 2],
                ratios[rounds / 2],
                ratios[0],
                ratios[rounds - 1]);
    }

    private static Adapter expert(Factors factors, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, float[]> z = new LinkedHashMap<>();
        for (String name : factors.weightNames()) {
            float[] values = new float[factors.factor(name).orElseThrow().sigma().length];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian(1, 0.1);
            }
            z.put(name, values);
        }
        return new Adapter.Scaling(z);
    }

    /** Tokens a second of all rows together, after a prompt of one token. */
    private static double decode(Engine engine, List<Adapter> rows, int tokens) {
        List<GenerationRequest> requests = rows.stream()
                .map(adapter -> GenerationRequest.ofIds(2)
                        .withAdapter(adapter)
                        .withSampling(SamplingOptions.GREEDY)
                        .withMaxTokens(tokens + 1)
                        .withIgnoreEos(true))
                .toList();
        GenerationResult last = engine.generateAll(requests).getLast();
        return rows.size() * last.decodeTokensPerSecond();
    }
}
