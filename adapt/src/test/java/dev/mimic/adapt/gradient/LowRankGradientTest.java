package dev.mimic.adapt.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.svf.Targets;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.EngineOptions.Form;
import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.LowRankFactors;
import dev.mimic.kernels.lowrank.Dropout;
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

/** Gradients of A and B against differences in double, with and without dropout, and what must not show in them. */
final class LowRankGradientTest {
    private static final int VOCABULARY = 50;
    private static final int RANK = 3;
    private static final float SCALE = 0.75f;
    private static final long KEY = 77;

    /** Of the largest gradient, as the training goldens advise for f32 arithmetic. */
    private static final double GRADIENT = 1e-4;

    @TempDir
    Path temporary;

    private static List<TrainingSequence> sequences(int... completions) {
        List<TrainingSequence> all = new ArrayList<>();
        for (int i = 0; i < completions.length; i++) {
            RandomGenerator random = SeededCases.generator(500 + i);
            int[] prompt = random.ints(1 + 3 * i, 0, VOCABULARY).toArray();
            int[] completion = random.ints(completions[i], 0, VOCABULARY).toArray();
            all.add(TrainingSequence.of(prompt, completion, i % 2 == 0 ? 0.8 : -0.6));
        }
        return all;
    }

    private static Map<String, Linear> linears(Engine engine) {
        return engine.withDecoder(transformer -> transformer.weights().linears());
    }

    private static Adapter.LowRank adapter(Engine engine, List<String> weights) {
        RandomGenerator random = SeededCases.generator(9);
        Map<String, LowRankFactors> all = new LinkedHashMap<>();
        Map<String, Linear> linears = linears(engine);
        for (String name : weights) {
            Linear linear = linears.get(name);
            float[] a = normal(random, RANK * linear.in(), 1 / Math.sqrt(linear.in()));
            float[] b = normal(random, linear.out() * RANK, 0.5);
            all.put(name, new LowRankFactors(RANK, linear.in(), linear.out(), a, b, SCALE));
        }
        return new Adapter.LowRank(all);
    }

    private static float[] normal(RandomGenerator random, int length, double deviation) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian(0, deviation);
        }
        return x;
    }

    private static double[] wide(float[] x) {
        double[] wide = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            wide[i] = x[i];
        }
        return wide;
    }

    /** The masks of a step, from the rows' keys. */
    private static DoubleDecoder.Mask mask(Map<String, Linear> linears, double rate) {
        return (name, sequence, position, size) -> {
            float[] x = new float[size];
            Arrays.fill(x, 1);
            long key = Dropout.key(Dropout.key(KEY, sequence), linears.get(name).place());
            new Dropout(rate).apply(new long[] {Dropout.key(key, position)}, 1, size, x);
            return wide(x);
        };
    }

    private void checkBySlope(
            String type, String className, Map<String, Object> changes, Objective kl, double dropout) {
        Path model = TinyModel.write(temporary.resolve("model"), type, className, changes);
        List<TrainingSequence> batch = sequences(5, 1, 9);
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withThreads(2))) {
            Map<String, Linear> linears = linears(engine);
            List<String> weights = List.copyOf(linears.keySet());
            Adapter.LowRank adapter = adapter(engine, weights);
            DoubleDecoder base = new DoubleDecoder(model, null, false);
            DoubleDecoder decoder = new DoubleDecoder(model, null, false);
            if (dropout > 0) {
                decoder.mask(mask(linears, dropout));
            }
            adapter.weights().forEach((name, one) -> decoder.change(name, wide(one.a()), wide(one.b()), one.scale()));
            try (TrainingPass pass = TrainingPass.lowRank(engine, weights, RANK, dropout, 1 << 24)) {
                TrainingResult result = pass.gradient(adapter, KEY, batch, kl);
                double exact = decoder.loss(batch, kl, base);
                assertEquals(exact, result.loss(), 1e-4 * Math.max(1, Math.abs(exact)), type);
                Map<String, double[]> slopes = new LinkedHashMap<>();
                adapter.weights().forEach((name, one) -> slopes.put(name, slopes(decoder, base, name, one, batch, kl)));
                double largest = slopes.values().stream()
                        .mapToDouble(TrainingGoldens::largest)
                        .max()
                        .orElseThrow();
                slopes.forEach((name, slope) -> {
                    assertTrue(TrainingGoldens.largest(slope) > 1e-3 * largest, name + " counts");
                    assertArrayEquals(slope, result.gradient().get(name), GRADIENT * largest, type + " " + name);
                });
            }
        }
    }

    /** Of A and behind it B. */
    private static double[] slopes(
            DoubleDecoder decoder,
            DoubleDecoder base,
            String name,
            LowRankFactors one,
            List<TrainingSequence> batch,
            Objective kl) {
        double[] a = wide(one.a());
        double[] b = wide(one.b());
        double[] slopes = new double[a.length + b.length];
        double step = 1e-5;
        for (int i = 0; i < slopes.length; i++) {
            double[] part = i < a.length ? a : b;
            int at = i < a.length ? i : i - a.length;
            double value = part[at];
            part[at] = value + step;
            decoder.change(name, a, b, one.scale());
            double above = decoder.loss(batch, kl, base);
            part[at] = value - step;
            decoder.change(name, a, b, one.scale());
            double below = decoder.loss(batch, kl, base);
            part[at] = value;
            slopes[i] = (above - below) / (2 * step);
        }
        decoder.change(name, a, b, one.scale());
        return slopes;
    }

    @Test
    void llamaWithTheCodesDivergence() {
        checkBySlope("llama", "LlamaForCausalLM", Map.of(), new Objective(0.3, KlForm.CODE), 0);
    }

    @Test
    void aWindowAndThePapersDivergence() {
        Map<String, Object> window = Map.of("sliding_window", 4);
        checkBySlope("mistral", "MistralForCausalLM", window, new Objective(0.3, KlForm.PAPER), 0);
    }

    @Test
    void biasesTheSampledDivergenceAndDropout() {
        checkBySlope("qwen2", "Qwen2ForCausalLM", Map.of(), new Objective(0.3, KlForm.K3), 0.3);
    }

    @Test
    void normsOfHeadsAndHeadsOfTheirOwnSize() {
        checkBySlope("qwen3", "Qwen3ForCausalLM", Map.of("head_dim", 10), Objective.PLAIN, 0);
    }

    private Path model() {
        return TinyModel.write(
                temporary.resolve("model"),
                "qwen3",
                "Qwen3ForCausalLM",
                Map.of("num_hidden_layers", 3, "hidden_size", 48, "intermediate_size", 72, "head_dim", 12));
    }

    @Test
    void memoryAndPackingDoNotShowAlsoWithDropout() {
        List<TrainingSequence> batch = sequences(7, 3, 0, 12, 5, 20);
        Objective objective = new Objective(0.1, KlForm.CODE);
        try (Engine engine = Engine.open(model(), EngineOptions.DEFAULTS.withThreads(2))) {
            List<String> weights = List.copyOf(linears(engine).keySet());
            Adapter.LowRank adapter = adapter(engine, weights);
            TrainingResult expected = null;
            for (long memory : new long[] {1L << 30, 300_000, 200_000, 100_000, 0}) {
                try (TrainingPass pass = TrainingPass.lowRank(engine, weights, RANK, 0.2, memory)) {
                    TrainingResult found = pass.gradient(adapter, KEY, batch, objective);
                    expected = expected == null ? found : expected;
                    assertArrayEquals(expected.logLikelihoods(), found.logLikelihoods(), "memory " + memory);
                    assertEquals(expected.loss(), found.loss());
                    for (String name : weights) {
                        double[] gradient = expected.gradient().get(name);
                        // the same terms in float, added up in other pieces
                        assertArrayEquals(
                                gradient,
                                found.gradient().get(name),
                                1e-5 * TrainingGoldens.largest(gradient),
                                "memory " + memory + ", " + name);
                    }
                }
            }
        }
    }

    @Test
    void onlyWhatIsTrainedIsGivenAndItDoesNotDependOnWhatElseIs() {
        List<TrainingSequence> batch = sequences(7, 3, 12);
        try (Engine engine = Engine.open(model(), EngineOptions.DEFAULTS.withThreads(2))) {
            List<String> all = List.copyOf(linears(engine).keySet());
            Adapter.LowRank adapter = adapter(engine, all);
            TrainingResult expected = gradient(engine, all, adapter, batch);
            for (List<String> some : List.of(
                    List.of("model.layers.1.mlp.gate_proj.weight"),
                    List.of("model.layers.2.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight"),
                    List.of("model.layers.0.self_attn.o_proj.weight"),
                    List.of("model.layers.2.self_attn.v_proj.weight"))) {
                TrainingResult found = gradient(engine, some, adapter, batch);
                assertEquals(some, List.copyOf(found.gradient().keySet()));
                for (String name : some) {
                    assertArrayEquals(
                            expected.gradient().get(name), found.gradient().get(name), name);
                }
            }
        }
    }

    private static TrainingResult gradient(
            Engine engine, List<String> weights, Adapter.LowRank adapter, List<TrainingSequence> batch) {
        try (TrainingPass pass = TrainingPass.lowRank(engine, weights, RANK, 0, 1 << 24)) {
            return pass.gradient(adapter, 0, batch, Objective.PLAIN);
        }
    }

    @Test
    void factorsOfTheEngineDoNotShow() {
        Path model = model();
        Path factors = TrainingGoldens.decompose(model, temporary.resolve("factors"), "all", 0);
        List<TrainingSequence> batch = sequences(7, 3, 12);
        try (Engine plain = Engine.open(model);
                Engine factored = TrainingGoldens.open(model, factors, Form.FACTORED);
                Engine residual = TrainingGoldens.open(model, factors, Form.RESIDUAL)) {
            List<String> weights = new Targets("mlp").choose(linears(plain).keySet());
            Adapter.LowRank adapter = adapter(plain, weights);
            TrainingResult expected = gradient(plain, weights, adapter, batch);
            for (Engine engine : List.of(factored, residual)) {
                TrainingResult found = gradient(engine, weights, adapter, batch);
                for (String name : weights) {
                    double[] gradient = expected.gradient().get(name);
                    assertArrayEquals(
                            gradient, found.gradient().get(name), GRADIENT * TrainingGoldens.largest(gradient), name);
                }
            }
        }
    }

    @Test
    void theKeyOfAStepChoosesTheMasks() {
        List<TrainingSequence> batch = sequences(7, 3);
        try (Engine engine = Engine.open(model())) {
            List<String> weights = List.copyOf(linears(engine).keySet());
            Adapter.LowRank adapter = adapter(engine, weights);
            try (TrainingPass pass = TrainingPass.lowRank(engine, weights, RANK, 0.5, 1 << 24)) {
                double one = pass.gradient(adapter, 1, batch, Objective.PLAIN).loss();
                assertEquals(
                        one, pass.gradient(adapter, 1, batch, Objective.PLAIN).loss());
                assertNotEquals(
                        one, pass.gradient(adapter, 2, batch, Objective.PLAIN).loss());
            }
        }
    }

    @Test
    void parametersAreFlatAndStartAsPeftDoes() {
        try (Engine engine = Engine.open(model())) {
            List<String> weights = List.of("model.layers.0.mlp.up_proj.weight", "model.layers.1.mlp.down_proj.weight");
            LowRankParameters parameters = new LowRankParameters(engine, weights, RANK, SCALE);
            assertEquals(2 * RANK * (48 + 72), parameters.size());
            double[] start = parameters.initial(SeededCases.generator(1));
            Adapter.LowRank adapter = parameters.adapter(start);
            for (LowRankFactors one : adapter.weights().values()) {
                double bound = 1 / Math.sqrt(one.in());
                double largest = TrainingGoldens.largest(wide(one.a()));
                assertTrue(largest <= bound && largest > 0.9 * bound, "largest " + largest);
                assertEquals(0, TrainingGoldens.largest(wide(one.b())));
            }
            LowRankFactors second = adapter.weights().get(weights.get(1));
            assertEquals((float) start[RANK * 120 + 5], second.a()[5]);
            double[] gradient = parameters.gradient(
                    start, Map.of(weights.get(0), new double[RANK * 120], weights.get(1), filled(RANK * 120)));
            assertEquals(0, gradient[RANK * 120 - 1]);
            assertEquals(2, gradient[RANK * 120]);
        }
    }

    private static double[] filled(int length) {
        double[] values = new double[length];
        Arrays.fill(values, 2);
        return values;
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Engine engine = Engine.open(model())) {
            List<String> weights = List.of("model.layers.0.mlp.up_proj.weight");
            refused("train: 'x' is not among the linear", () -> TrainingPass.lowRank(engine, List.of("x"), 1, 0, 0));
            refused("train: 'x' is no linear", () -> new LowRankParameters(engine, List.of("x"), 1, 1));
            try (TrainingPass pass = TrainingPass.lowRank(engine, weights, RANK + 1, 0, 1 << 24)) {
                Adapter.LowRank other = adapter(engine, weights);
                refused(
                        "train: 'model.layers.0.mlp.up_proj.weight' has one of rank 3, expected rank 4",
                        () -> pass.gradient(other, 0, sequences(2), Objective.PLAIN));
                refused(
                        "train: 'model.layers.0.mlp.up_proj.weight' has no low-rank change",
                        () -> pass.gradient(new Adapter.LowRank(Map.of()), 0, sequences(2), Objective.PLAIN));
            }
        }
    }

    private static void refused(String message, Runnable call) {
        String actual = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(actual.startsWith(message), actual);
    }
}
