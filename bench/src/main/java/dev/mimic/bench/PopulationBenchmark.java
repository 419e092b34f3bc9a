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
 * A generation of a few-shot search in three ways: all candidates' shots as one batch with a z per row, the candidates
 * one after the other with the shots of each as a batch, and row by row. Every way gives the same tokens, or this fails.
 */
public final class PopulationBenchmark {
    private static final int CANDIDATES = 32;
    private static final int SHOTS = 10;
    private static final int WARM_TOKENS = 6;

    private final Engine engine;
    private final int promptTokens;
    private final int newTokens;
    private final List<Adapter> candidates = new ArrayList<>();

    private PopulationBenchmark(Engine engine, int promptTokens, int newTokens) {
        this.engine = engine;
        this.promptTokens = promptTokens;
        this.newTokens = newTokens;
        Factors factors = engine.factors().orElseThrow();
        for (int c = 0; c < CANDIDATES; c++) {
            SplittableRandom random = new SplittableRandom(c);
            Map<String, float[]> z = new LinkedHashMap<>();
            for (String name : factors.weightNames()) {
                float[] values = new float[factors.factor(name).orElseThrow().sigma().length];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextGaussian(1, 0.1);
                }
                z.put(name, values);
            }
            candidates.add(new Adapter.Scaling(z));
        }
    }

    /**
     * Measures.
     *
     * @param args MODEL, its factors, tokens of a prompt, new tokens, and how many of the candidates are also run one after
     *     the other and how many rows one by one: what is left out is taken to cost as much
     */
    public static void main(String[] args) {
        if (args.length != 6) {
            System.err.println(
                    "usage: population MODEL FACTORS PROMPT_TOKENS NEW_TOKENS CANDIDATES_AFTER_ANOTHER ROWS");
            System.exit(2);
        }
        EngineOptions options =
                EngineOptions.DEFAULTS.withFactors(Path.of(args[1])).withMaxBatch(CANDIDATES * SHOTS);
        try (Engine engine = Engine.open(Path.of(args[0]), options)) {
            new PopulationBenchmark(engine, Integer.parseInt(args[2]), Integer.parseInt(args[3]))
                    .run(Math.clamp(Integer.parseInt(args[4]), 1, CANDIDATES), Integer.parseInt(args[5]));
        }
    }

    private void run(int separate, int single) {
        for (int i = 0; i < 2; i++) { // until the loops of both shapes are compiled
            replies(0, CANDIDATES * SHOTS, WARM_TOKENS);
            replies(0, SHOTS, 4 * WARM_TOKENS);
        }
        long start = System.nanoTime();
        List<int[]> batch = replies(0, CANDIDATES * SHOTS, newTokens);
        double together = (System.nanoTime() - start) / 1e9;
        report("one batch of " + CANDIDATES * SHOTS + " rows", together, CANDIDATES * SHOTS, together);

        List<int[]> ids = new ArrayList<>();
        start = System.nanoTime();
        for (int c = 0; c < separate; c++) {
            ids.addAll(replies(c * SHOTS, (c + 1) * SHOTS, newTokens));
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        check(batch, ids);
        report(separate + " candidates one after the other", seconds, separate * SHOTS, together);

        ids.clear();
        start = System.nanoTime();
        for (int i = 0; i < single; i++) {
            ids.addAll(replies(i, i + 1, newTokens));
        }
        seconds = (System.nanoTime() - start) / 1e9;
        check(batch, ids);
        if (single > 0) {
            report(single + " rows one by one", seconds, single, together);
        }
    }

    /** Replies to the rows {@code [first, last)}; row i is shot {@code i % SHOTS} of candidate {@code i / SHOTS}. */
    private List<int[]> replies(int first, int last, int tokens) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = first; i < last; i++) {
            int[] prompt = new SplittableRandom(1000 + i % SHOTS)
                    .ints(promptTokens, 3, engine.config().vocabularySize())
                    .toArray();
            requests.add(GenerationRequest.ofIds(prompt)
                    .withAdapter(candidates.get(i / SHOTS))
                    .withSampling(SamplingOptions.GREEDY)
                    .withMaxTokens(tokens)
                    .withIgnoreEos(true));
        }
        return engine.generateAll(requests).stream().map(GenerationResult::ids).toList();
    }

    private static void check(List<int[]> batch, List<int[]> others) {
        for (int i = 0; i < others.size(); i++) {
            if (!Arrays.equals(batch.get(i), others.get(i))) {
                throw new IllegalStateException("row " + i + " has other tokens alone than in the batch");
            }
        }
    }

    private void report(String way, double seconds, int rows, double together) {
        double whole = seconds * CANDIDATES * SHOTS / rows;
        System.out.printf(
                Locale.ROOT,
                "%-36s %7.2f s, %6.1f new tokens/s, %5.2f of which the batch takes%n",
                way + ":",
                seconds,
                rows * newTokens / seconds,
                together / whole);
    }
}
