package dev.mimic.adapt.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What sampling has computed serves the backward pass as well as a forward pass of its own. */
final class RecordedRepliesTest {
    private static final int VOCABULARY = 50;

    /** Of the largest gradient: as between f32 and f64, since attention adds up in another order. */
    private static final double GRADIENT = 1e-4;

    @TempDir
    Path temporary;

    private Engine engine(String type, String className, Map<String, Object> changes, int maxBatch) {
        Path model = TinyModel.write(temporary.resolve(type), type, className, changes);
        Path factors = TrainingGoldens.decompose(model, temporary.resolve(type + "-factors"), "all", 0);
        return open(model, factors, maxBatch, 2);
    }

    private static Engine open(Path model, Path factors, int maxBatch, int threads) {
        return Engine.open(
                model,
                EngineOptions.DEFAULTS
                        .withThreads(threads)
                        .withFactors(factors)
                        .withForm(EngineOptions.Form.FACTORED)
                        .withMaxBatch(maxBatch));
    }

    private static Map<String, float[]> randomZ(Engine engine) {
        Map<String, float[]> z = new LinkedHashMap<>();
        RandomGenerator random = SeededCases.generator(9);
        var factors = engine.factors().orElseThrow();
        for (String name : factors.weightNames()) {
            float[] values = new float[factors.factor(name).orElseThrow().sigma().length];
            for (int k = 0; k < values.length; k++) {
                values[k] = (float) random.nextGaussian(1, 0.2);
            }
            z.put(name, values);
        }
        return z;
    }

    private static List<GenerationRequest> requests(Adapter adapter) {
        return requests(adapter, 7);
    }

    private static List<GenerationRequest> requests(Adapter adapter, int count) {
        RandomGenerator random = SeededCases.generator(31);
        List<GenerationRequest> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(GenerationRequest.ofIds(
                            random.ints(2 + 5 * (i % 3), 0, VOCABULARY).toArray())
                    .withAdapter(adapter)
                    .withMaxTokens(i == 4 ? 0 : 3 + 2 * (i % 7))
                    .withSampling(SamplingOptions.GREEDY.withTemperature(1).withSeed(i)));
        }
        return all;
    }

    /** Prompt, reply and stop token; without the last of these where {@code cut}. */
    private static List<TrainingSequence> sequences(List<GenerationResult> results, boolean cut) {
        List<TrainingSequence> all = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            GenerationResult result = results.get(i);
            int[] reply = result.ids();
            if (result.stopId().isPresent()) {
                reply = Arrays.copyOf(reply, reply.length + 1);
                reply[reply.length - 1] = result.stopId().getAsInt();
            }
            int length = cut && i == 1 ? reply.length - 1 : reply.length;
            all.add(TrainingSequence.of(result.promptIds(), Arrays.copyOf(reply, length), i % 2 == 0 ? 0.7 : -0.9));
        }
        return all;
    }

    private static List<int[]> ids(List<GenerationResult> results) {
        return results.stream().map(GenerationResult::ids).toList();
    }

    private static void near(TrainingResult expected, TrainingResult found, String what) {
        assertEquals(expected.loss(), found.loss(), 1e-5, what);
        assertArrayEquals(expected.logLikelihoods(), found.logLikelihoods(), 1e-4, what);
        assertArrayEquals(expected.divergences(), found.divergences(), 1e-5, what);
        double largest = 0;
        for (double[] gradient : expected.gradient().values()) {
            largest = Math.max(largest, TrainingGoldens.largest(gradient));
        }
        for (Map.Entry<String, double[]> entry : expected.gradient().entrySet()) {
            assertArrayEquals(
                    entry.getValue(),
                    found.gradient().get(entry.getKey()),
                    GRADIENT * largest,
                    what + " " + entry.getKey());
        }
    }

    /** Some rows wait for others to end, so that prompts are read between decoding steps too. */
    private void check(String type, String className, Map<String, Object> changes) {
        for (int maxBatch : new int[] {32, 3}) {
            try (Engine engine = engine(type, className, changes, maxBatch)) {
                Map<String, float[]> z = randomZ(engine);
                Adapter.Scaling adapter = new Adapter.Scaling(z);
                List<String> all = List.copyOf(z.keySet());
                for (List<String> weights : List.of(all, all.subList(8, all.size() - 3))) {
                    for (Objective objective : List.of(Objective.PLAIN, new Objective(0.2, KlForm.CODE))) {
                        try (TrainingPass pass = new TrainingPass(engine, weights, 1L << 28);
                                TrainingPass plain = new TrainingPass(engine, weights, 1L << 28)) {
                            for (int round = 0; round < 2; round++) {
                                RecordedReplies replies = pass.generate(adapter, requests(Adapter.NONE));
                                assertTrue(replies.recorded());
                                // decoding rounds otherwise, which shows in no token of these
                                assertArrayEquals(
                                        ids(engine.generateAll(requests(adapter)))
                                                .toArray(),
                                        ids(replies.results()).toArray());
                                List<TrainingSequence> sequences = sequences(replies.results(), false);
                                assertTrue(replies.are(sequences), "what was recorded serves them");
                                near(
                                        plain.gradient(z, sequences, objective),
                                        pass.gradient(replies, sequences, objective),
                                        type + ", batch " + maxBatch);
                            }
                        }
                    }
                }
            }
        }
    }

    @Test
    void headsWithNorms() {
        check("qwen3", "Qwen3ForCausalLM", Map.of("num_hidden_layers", 3, "head_dim", 10));
    }

    @Test
    void aWindow() {
        check("mistral", "MistralForCausalLM", Map.of("sliding_window", 4));
    }

    @Test
    void biases() {
        check("qwen2", "Qwen2ForCausalLM", Map.of());
    }

    /** Threads take parts of the replies; how they are cut shows in rounding alone, and how many threads there are in nothing. */
    @Test
    void manyRepliesGoByParts() {
        int count = 70;
        Path model = TinyModel.write(temporary.resolve("model"), "llama", "LlamaForCausalLM", Map.of());
        Path factors = TrainingGoldens.decompose(model, temporary.resolve("factors"), "all", 0);
        Objective objective = new Objective(0.2, KlForm.CODE);
        TrainingResult first = null;
        for (int threads : new int[] {2, 1, 7}) {
            try (Engine engine = open(model, factors, 32, threads)) {
                Map<String, float[]> z = randomZ(engine);
                Adapter.Scaling adapter = new Adapter.Scaling(z);
                try (TrainingPass pass = new TrainingPass(engine, z.keySet(), 1L << 28);
                        TrainingPass plain = new TrainingPass(engine, z.keySet(), 1L << 28)) {
                    for (int replyCount : new int[] {count, 33, 5, count}) {
                        RecordedReplies replies = pass.generate(adapter, requests(adapter, replyCount));
                        assertTrue(replies.recorded());
                        assertArrayEquals(
                                ids(engine.generateAll(requests(adapter, replyCount)))
                                        .toArray(),
                                ids(replies.results()).toArray());
                        List<TrainingSequence> sequences = sequences(replies.results(), false);
                        TrainingResult found = pass.gradient(replies, sequences, objective);
                        near(plain.gradient(z, sequences, objective), found, replyCount + " replies");
                        if (replyCount == count) {
                            first = first == null ? found : first;
                            same(first, found);
                        }
                    }
                }
            }
        }
    }

    private static void same(TrainingResult expected, TrainingResult found) {
        assertEquals(expected.loss(), found.loss());
        assertArrayEquals(expected.logLikelihoods(), found.logLikelihoods());
        assertArrayEquals(expected.divergences(), found.divergences());
        expected.gradient()
                .forEach((name, gradient) ->
                        assertArrayEquals(gradient, found.gradient().get(name), name));
    }

    @Test
    void otherSequencesAreRunAgain() {
        try (Engine engine = engine("llama", "LlamaForCausalLM", Map.of(), 32)) {
            Map<String, float[]> z = randomZ(engine);
            Adapter.Scaling adapter = new Adapter.Scaling(z);
            try (TrainingPass pass = new TrainingPass(engine, z.keySet(), 1L << 28)) {
                RecordedReplies first = pass.generate(adapter, requests(adapter));
                List<TrainingSequence> cut = sequences(first.results(), true);
                TrainingResult expected = pass.gradient(z, cut, Objective.PLAIN);
                for (boolean stale : new boolean[] {true, false}) { // each beside a recording that is still there
                    RecordedReplies second = pass.generate(adapter, requests(adapter));
                    assertFalse(second.are(cut));
                    TrainingResult found = pass.gradient(stale ? first : second, cut, Objective.PLAIN);
                    expected.gradient()
                            .forEach((name, gradient) ->
                                    assertArrayEquals(gradient, found.gradient().get(name), name));
                }
            }
        }
    }

    @Test
    void nothingIsRecordedWhereMemoryDoesNotHoldIt() {
        try (Engine engine = engine("llama", "LlamaForCausalLM", Map.of(), 32)) {
            Map<String, float[]> z = randomZ(engine);
            Adapter.Scaling adapter = new Adapter.Scaling(z);
            try (TrainingPass pass = new TrainingPass(engine, z.keySet(), 1000)) {
                RecordedReplies replies = pass.generate(adapter, requests(adapter));
                assertFalse(replies.recorded());
                List<TrainingSequence> sequences = sequences(replies.results(), false);
                near(
                        pass.gradient(z, sequences, Objective.PLAIN),
                        pass.gradient(replies, sequences, Objective.PLAIN),
                        "not recorded");
            }
        }
    }
}
