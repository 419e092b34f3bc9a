package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many completions scored together have the bits that each has alone. */
final class ScoreAllTest {
    private static final int VOCABULARY = 150;
    private static final int ROWS = 11;

    @TempDir
    static Path temporary;

    private static Path model;
    private static Path factors;
    private static Map<String, float[]> sigmas;

    @BeforeAll
    static void write() {
        model = RandomFolder.write(
                temporary.resolve("model"), "mistral", "MistralForCausalLM", 3, Map.of("sliding_window", 20));
        factors = temporary.resolve("factors");
        sigmas = TestFactors.write(model, factors, TestFactors::isLinear, Integer.MAX_VALUE);
    }

    /** Rows of all lengths, a completion of none among them, each with an adapter of its own kind. */
    private static List<ScoreRequest> requests() {
        List<ScoreRequest> all = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            RandomGenerator random = SeededCases.generator(700 + i);
            Map<String, float[]> z = new LinkedHashMap<>();
            sigmas.forEach((name, sigma) -> {
                float[] values = new float[sigma.length];
                for (int k = 0; k < values.length; k++) {
                    values[k] = (float) random.nextGaussian(1, 0.4);
                }
                z.put(name, values);
            });
            Adapter adapter = switch (i % 4) {
                case 0 -> Adapter.NONE;
                case 1 -> LowRankSamples.adapter(model, 3, i);
                default -> new Adapter.Scaling(z);
            };
            int[] prompt = random.ints(1 + 5 * (i % 6), 0, VOCABULARY).toArray();
            int[] completion = random.ints(7 * i % 30, 0, VOCABULARY).toArray();
            all.add(new ScoreRequest(prompt, completion, adapter));
        }
        return all;
    }

    @Test
    void rowsOfAPackedBatchHaveTheBitsTheyHaveAlone() {
        List<ScoreRequest> all = requests();
        EngineOptions options = EngineOptions.DEFAULTS.withFactors(factors);
        List<Score> alone;
        try (Engine engine = Engine.open(model, options)) {
            alone = all.stream()
                    .map(r -> engine.score(r.promptIds(), r.completionIds(), r.adapter()))
                    .toList();
        }
        // steps that hold all rows, that cut most of them, and that hold one token
        for (int block : new int[] {256, 7, 1}) {
            try (Engine engine = Engine.open(model, options.withBlockSize(block).withMaxBatch(1))) {
                List<Score> together = engine.scoreAll(all);
                assertEquals(ROWS, together.size());
                for (int i = 0; i < ROWS; i++) {
                    String what = "row " + i + " in steps of " + block;
                    assertArrayEquals(
                            bits(alone.get(i).logprobs()), bits(together.get(i).logprobs()), what);
                    assertArrayEquals(
                            all.get(i).completionIds(), together.get(i).ids(), what);
                }
            }
        }
    }

    private static long[] bits(double[] values) {
        long[] bits = new long[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Double.doubleToRawLongBits(values[i]);
        }
        return bits;
    }

    @Test
    void aScoreIsTheLogSoftmaxOfTheLogitsBeforeEachToken() {
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withFactors(factors))) {
            for (ScoreRequest request : requests()) {
                int prompt = request.promptIds().length;
                int[] completion = request.completionIds();
                int[] ids = Arrays.copyOf(request.promptIds(), prompt + completion.length);
                System.arraycopy(completion, 0, ids, prompt, completion.length);
                float[][] logits = engine.logits(ids, request.adapter());
                double[] logprobs = engine.scoreAll(List.of(request)).getFirst().logprobs();
                for (int i = 0; i < completion.length; i++) {
                    float[] row = logits[prompt - 1 + i];
                    double sum = 0;
                    for (float logit : row) {
                        sum += Math.exp(logit);
                    }
                    double expected = row[completion[i]] - Math.log(sum);
                    assertEquals(expected, logprobs[i], 1e-9 * (1 + Math.abs(expected)));
                }
            }
        }
    }

    @Test
    void aRowThatDoesNotFitFailsBeforeAnyWork() {
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withContextLength(10))) {
            ScoreRequest fits = new ScoreRequest(new int[4], new int[6], Adapter.NONE);
            ScoreRequest tooLong = new ScoreRequest(new int[5], new int[6], Adapter.NONE);
            assertEquals(6, engine.scoreAll(List.of(fits)).getFirst().logprobs().length);
            IllegalArgumentException failure =
                    assertThrows(IllegalArgumentException.class, () -> engine.scoreAll(List.of(fits, tooLong)));
            assertTrue(failure.getMessage().contains("11 tokens, expected at most 10"), failure.getMessage());
            assertEquals(List.of(), engine.scoreAll(List.of()));
        }
    }
}
