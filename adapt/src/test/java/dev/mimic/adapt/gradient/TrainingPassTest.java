package dev.mimic.adapt.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.svf.Parametrisation;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.EngineOptions.Form;
import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionKernels;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.gradient.GradientKernels;
import dev.mimic.kernels.lowrank.LowRankKernels;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.matrix.WeightMemory;
import dev.mimic.kernels.row.RowKernels;
import dev.mimic.kernels.svd.DoubleKernels;
import dev.mimic.kernels.svd.SvdSolver;
import dev.mimic.kernels.svf.SvfKernels;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.CountedRows;
import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gradients of z against differences in double, and what must not show in them. */
final class TrainingPassTest {
    private static final int VOCABULARY = 50;
    private static final int MOST_STEPS = 1000;

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

    private static Map<String, float[]> randomZ(Engine engine) {
        Map<String, float[]> z = new LinkedHashMap<>();
        RandomGenerator random = SeededCases.generator(9);
        var factors = engine.factors().orElseThrow();
        for (String name : factors.weightNames()) {
            float[] values = new float[factors.factor(name).orElseThrow().sigma().length];
            for (int k = 0; k < values.length; k++) {
                values[k] = (float) random.nextGaussian(1, 0.3);
            }
            z.put(name, values);
        }
        return z;
    }

    /** Every gradient of z by a central difference of the loss in double. */
    private void checkBySlope(String type, String className, Map<String, Object> changes, Form form, Objective kl) {
        checkBySlope(type, className, changes, form, kl, DType.F32);
    }

    private void checkBySlope(
            String type, String className, Map<String, Object> changes, Form form, Objective kl, DType dtype) {
        String id = type + changes.hashCode() + form + kl.klForm() + dtype;
        Path model = TinyModel.write(temporary.resolve(id), type, className, changes);
        int rank = form == Form.RESIDUAL ? 5 : 0;
        Path folder = TrainingGoldens.decompose(model, temporary.resolve(id + "-factors"), "all", rank, dtype);
        List<TrainingSequence> batch = sequences(5, 1, 9);
        try (Engine engine = TrainingGoldens.open(model, folder, form);
                TrainingPass pass =
                        new TrainingPass(engine, engine.factors().orElseThrow().weightNames(), 1 << 24)) {
            var factors = engine.factors().orElseThrow();
            Map<String, float[]> z = randomZ(engine);
            DoubleDecoder decoder = new DoubleDecoder(model, factors, form == Form.RESIDUAL);
            DoubleDecoder base = new DoubleDecoder(model, factors, form == Form.RESIDUAL);
            z.forEach((name, values) -> decoder.scale(name, wide(values)));
            if (form == Form.FACTORED) { // then the base model is what the factors make of it
                z.forEach((name, values) -> base.scale(name, ones(values.length)));
            }
            TrainingResult result = pass.gradient(z, batch, kl);
            double exact = decoder.loss(batch, kl, base);
            assertEquals(exact, result.loss(), 1e-4 * Math.max(1, Math.abs(exact)), id);
            Map<String, double[]> slopes = new LinkedHashMap<>();
            z.forEach((name, values) -> slopes.put(name, slopes(decoder, base, name, values, batch, kl)));
            double largest = 0;
            for (double[] slope : slopes.values()) {
                largest = Math.max(largest, TrainingGoldens.largest(slope));
            }
            for (String name : slopes.keySet()) {
                assertTrue(TrainingGoldens.largest(slopes.get(name)) > 1e-3 * largest, name + " counts");
                assertArrayEquals(slopes.get(name), result.gradient().get(name), GRADIENT * largest, id + " " + name);
            }
        }
    }

    private static double[] slopes(
            DoubleDecoder decoder,
            DoubleDecoder base,
            String name,
            float[] z,
            List<TrainingSequence> batch,
            Objective kl) {
        double[] slopes = new double[z.length];
        double[] values = wide(z);
        double step = 1e-5;
        for (int k = 0; k < z.length; k++) {
            values[k] = z[k] + step;
            decoder.scale(name, values);
            double above = decoder.loss(batch, kl, base);
            values[k] = z[k] - step;
            decoder.scale(name, values);
            double below = decoder.loss(batch, kl, base);
            values[k] = z[k];
            slopes[k] = (above - below) / (2 * step);
        }
        decoder.scale(name, values);
        return slopes;
    }

    private static double[] wide(float[] x) {
        double[] wide = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            wide[i] = x[i];
        }
        return wide;
    }

    private static double[] ones(int length) {
        double[] ones = new double[length];
        Arrays.fill(ones, 1);
        return ones;
    }

    @Test
    void llamaWithTheCodesDivergence() {
        checkBySlope("llama", "LlamaForCausalLM", Map.of(), Form.FACTORED, new Objective(0.3, KlForm.CODE));
    }

    @Test
    void aWindowAndThePapersDivergence() {
        checkBySlope(
                "mistral",
                "MistralForCausalLM",
                Map.of("sliding_window", 4),
                Form.FACTORED,
                new Objective(0.3, KlForm.PAPER));
    }

    @Test
    void biasesAndTheSampledDivergence() {
        checkBySlope("qwen2", "Qwen2ForCausalLM", Map.of(), Form.FACTORED, new Objective(0.3, KlForm.K3));
    }

    @Test
    void normsOfHeadsAndHeadsOfTheirOwnSize() {
        checkBySlope("qwen3", "Qwen3ForCausalLM", Map.of("head_dim", 10), Form.FACTORED, Objective.PLAIN);
    }

    @Test
    void factorsInEightBits() {
        Map<String, Object> window = Map.of("sliding_window", 6);
        Objective kl = new Objective(0.3, KlForm.CODE);
        for (Form form : List.of(Form.FACTORED, Form.RESIDUAL)) {
            checkBySlope("mistral", "MistralForCausalLM", window, form, kl, DType.I8);
        }
    }

    @Test
    void truncatedFactorsInResidualForm() {
        checkBySlope(
                "mistral",
                "MistralForCausalLM",
                Map.of("sliding_window", 6),
                Form.RESIDUAL,
                new Objective(0.3, KlForm.CODE));
    }

    /** An engine of three layers, four heads on two, 48 wide: its weights, of whatever kind. */
    private Engine engine(Form form, String targets, int rank) {
        Path model = TinyModel.write(
                temporary.resolve("model"),
                "qwen3",
                "Qwen3ForCausalLM",
                Map.of("num_hidden_layers", 3, "hidden_size", 48, "intermediate_size", 72, "head_dim", 12));
        Path factors = TrainingGoldens.decompose(model, temporary.resolve("factors" + targets + rank), targets, rank);
        return TrainingGoldens.open(model, factors, form);
    }

    @Test
    void memoryDoesNotShow() {
        List<TrainingSequence> batch = sequences(7, 3, 0, 12, 5, 20);
        Objective objective = new Objective(0.1, KlForm.CODE);
        try (Engine engine = engine(Form.FACTORED, "all", 0)) {
            Map<String, float[]> z = randomZ(engine);
            List<String> weights = List.copyOf(engine.factors().orElseThrow().weightNames());
            TrainingResult expected = null;
            for (long memory : new long[] {1L << 30, 300_000, 200_000, 100_000, 0}) {
                try (TrainingPass pass = new TrainingPass(engine, weights, memory)) {
                    TrainingResult found = pass.gradient(z, batch, objective);
                    expected = expected == null ? found : expected;
                    assertArrayEquals(expected.logLikelihoods(), found.logLikelihoods(), "memory " + memory);
                    assertArrayEquals(expected.divergences(), found.divergences(), "memory " + memory);
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
            assertEquals(0, expected.logLikelihoods()[2], "no completion, no loss");
        }
    }

    @Test
    void lessMemoryMeansFewerRowsAndThenFewerLayersKept() {
        try (Engine engine = engine(Form.FACTORED, "all", 0)) {
            engine.withDecoder(transformer -> {
                Trained trained = new Trained.Scaling(Set.copyOf(
                        List.copyOf(transformer.weights().linears().keySet()).subList(0, 8)));
                MemoryPlan ample = MemoryPlan.of(transformer, trained, 1L << 40, 40, 10_000);
                assertEquals(new MemoryPlan(MemoryPlan.ROWS, 3), ample);
                assertEquals(new MemoryPlan(1500, 3), MemoryPlan.of(transformer, trained, 1L << 40, 1500, 10_000));
                assertEquals(new MemoryPlan(90, 3), MemoryPlan.of(transformer, trained, 1L << 40, 40, 90));
                assertEquals(new MemoryPlan(40, 0), MemoryPlan.of(transformer, trained, 0, 40, 10_000));
                MemoryPlan last = ample;
                boolean fewerRows = false;
                boolean fewerLayers = false;
                for (long memory = 1 << 26; memory > 1000; memory -= memory / 20) {
                    MemoryPlan plan = MemoryPlan.of(transformer, trained, memory, 40, 10_000);
                    assertTrue(plan.rows() <= last.rows() && plan.keep() <= last.keep(), plan + " after " + last);
                    fewerRows |= plan.rows() > 40 && plan.rows() < MemoryPlan.ROWS && plan.keep() == 3;
                    fewerLayers |= plan.rows() == 40 && (plan.keep() == 1 || plan.keep() == 2);
                    last = plan;
                }
                assertTrue(fewerRows && fewerLayers);
                return null;
            });
        }
    }

    @Test
    void onlyWhatIsTrainedIsGivenAndItDoesNotDependOnWhatElseIs() {
        try (Engine engine = engine(Form.FACTORED, "all", 0)) {
            Map<String, float[]> z = randomZ(engine);
            List<String> all = List.copyOf(engine.factors().orElseThrow().weightNames());
            TrainingResult expected = gradient(engine, all, z, 1L << 30);
            for (List<String> some : List.of(
                    List.of("model.layers.1.mlp.gate_proj.weight"),
                    List.of("model.layers.2.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight"),
                    List.of("model.layers.0.self_attn.v_proj.weight"))) {
                for (long memory : new long[] {1L << 30, 0}) {
                    TrainingResult found = gradient(engine, some, z, memory);
                    assertEquals(some.size(), found.gradient().size());
                    for (String name : some) {
                        assertArrayEquals(
                                expected.gradient().get(name), found.gradient().get(name), name);
                    }
                }
            }
        }
    }

    private static TrainingResult gradient(Engine engine, List<String> weights, Map<String, float[]> z, long memory) {
        try (TrainingPass pass = new TrainingPass(engine, weights, memory)) {
            return pass.gradient(z, sequences(4).subList(0, 1), Objective.PLAIN);
        }
    }

    /** With and without a divergence: its forward pass of the base model is narrowed too. */
    @Test
    void ofTheLastLayerOnlyKeysAndValuesAreComputedOfRowsThatPredictNothing() {
        CountedRows counted = new CountedRows();
        Path model = TinyModel.write(temporary.resolve("model"), "llama", "LlamaForCausalLM", Map.of());
        Path factors = TrainingGoldens.decompose(model, temporary.resolve("factors"), "attention", 0);
        EngineOptions options = EngineOptions.DEFAULTS.withFactors(factors).withBackend(pool -> counted(counted, pool));
        List<TrainingSequence> batch = sequences(5, 1, 0, 9);
        long all = batch.stream().mapToLong(TrainingSequence::rows).sum();
        try (Engine engine = Engine.open(model, options)) {
            List<TransformerWeights.Block> blocks =
                    engine.withDecoder(transformer -> transformer.weights().blocks());
            var last = blocks.getLast();
            List<Linear> narrow = List.of(
                    last.attention().q(),
                    last.attention().o(),
                    last.feedForward().gate(),
                    last.feedForward().up(),
                    last.feedForward().down());
            List<Linear> whole = List.of(
                    last.attention().k(),
                    last.attention().v(),
                    blocks.getFirst().feedForward().up());
            for (long memory : new long[] {1 << 24, 0}) { // kept, and computed again
                try (TrainingPass pass =
                        new TrainingPass(engine, randomZ(engine).keySet(), memory)) {
                    pass.score(Map.of(), batch);
                    narrow.forEach(linear -> assertEquals(15, taken(counted, linear), linear.name()));
                    whole.forEach(linear -> assertEquals(all, taken(counted, linear), linear.name()));
                    pass.gradient(Map.of(), batch, new Objective(0.1, KlForm.CODE));
                    int passes = memory > 0 ? 3 : 4;
                    narrow.forEach(linear -> assertEquals(passes * 15L, taken(counted, linear), linear.name()));
                    whole.forEach(linear -> assertEquals((long) passes * all, taken(counted, linear), linear.name()));
                }
            }
        }
    }

    private static Backend counted(CountedRows counted, WorkerPool pool) {
        MatrixKernels matrix = counted.over(MatrixKernels.class, MatrixKernels.scalar(pool));
        DoubleKernels doubles = DoubleKernels.scalar();
        return new Backend(
                "counted",
                pool,
                matrix,
                RowKernels.scalar(pool),
                AttentionKernels.scalar(pool),
                SvfKernels.of(matrix, pool),
                new LowRankKernels(matrix),
                GradientKernels.scalar(pool),
                doubles,
                SvdSolver.processor(doubles, matrix, pool),
                WeightMemory.BORROWED);
    }

    private static long taken(CountedRows counted, Linear linear) {
        return counted.take(
                switch (linear) {
                    case Linear.Dense dense -> dense.weight();
                    case Linear.Svf svf -> svf.factors().u();
                });
    }

    @Test
    void scoresAreTheEnginesOwn() {
        for (Form form : List.of(Form.FACTORED, Form.RESIDUAL)) {
            try (Engine engine = engine(form, "mlp", form == Form.RESIDUAL ? 6 : 0)) {
                Map<String, float[]> z = randomZ(engine);
                List<TrainingSequence> batch = sequences(6, 1, 0, 11);
                try (TrainingPass pass = new TrainingPass(engine, z.keySet(), 1 << 20)) {
                    double[][] scores = pass.score(z, batch);
                    double[] likelihoods =
                            pass.gradient(z, batch, Objective.PLAIN).logLikelihoods();
                    for (int s = 0; s < batch.size(); s++) {
                        int[] ids = batch.get(s).ids();
                        int length = batch.get(s).promptLength();
                        double[] alone = engine.score(
                                        Arrays.copyOf(ids, length),
                                        Arrays.copyOfRange(ids, length, ids.length),
                                        new Adapter.Scaling(z))
                                .logprobs();
                        assertArrayEquals(alone, scores[s], 1e-5);
                        assertEquals(Arrays.stream(alone).sum(), likelihoods[s], 1e-4);
                    }
                }
            }
        }
    }

    @Test
    void nextTokenLossIsTheMeanOfATokensNegativeLogLikelihood() {
        try (Engine engine = engine(Form.FACTORED, "mlp", 0);
                TrainingPass pass = new TrainingPass(engine, List.of("model.layers.0.mlp.up_proj.weight"), 1 << 20)) {
            List<TrainingSequence> batch = sequences(6, 1, 11);
            double sum = 0;
            for (double[] logprobs : pass.score(Map.of(), batch)) {
                sum += Arrays.stream(logprobs).sum();
            }
            TrainingResult result = pass.gradient(Map.of(), TrainingSequence.nextToken(batch), Objective.PLAIN);
            assertEquals(-sum / 18, result.loss(), 1e-5);
        }
    }

    /** In both forms: nothing of a weight's size is allocated, neither dW nor W'. */
    @Test
    void noStepAllocatesAWeight() {
        Path model = TinyModel.write(
                temporary.resolve("wide"),
                "llama",
                "LlamaForCausalLM",
                Map.of("hidden_size", 256, "intermediate_size", 1024, "num_hidden_layers", 1));
        Path factors = TrainingGoldens.decompose(model, temporary.resolve("wide-factors"), "mlp", 0);
        long weight = 256L * 1024 * Float.BYTES;
        for (Form form : List.of(Form.FACTORED, Form.RESIDUAL)) {
            try (Engine engine = TrainingGoldens.open(model, factors, form)) {
                Map<String, float[]> z = randomZ(engine);
                List<TrainingSequence> batch = sequences(4, 6);
                try (TrainingPass pass = new TrainingPass(engine, z.keySet(), 1 << 24)) {
                    Runnable step = () -> pass.gradient(z, batch, new Objective(0.1, KlForm.CODE));
                    step.run(); // takes the memory
                    long fewest = Long.MAX_VALUE;
                    // vector kernels box until they are compiled
                    for (int i = 0; i < MOST_STEPS && fewest >= weight / 4; i++) {
                        fewest = Math.min(fewest, Allocations.during("mimic-", step));
                    }
                    assertTrue(fewest < weight / 4, form + ": " + fewest + " bytes, a weight has " + weight);
                }
            }
        }
    }

    @Test
    void theChainToTheAuthorsParametersIsTheSlopeOfTheirFormula() {
        try (Engine engine = engine(Form.FACTORED, "mlp", 0)) {
            List<String> weights = List.of("model.layers.0.mlp.up_proj.weight", "model.layers.2.mlp.gate_proj.weight");
            ScalingParameters parameters =
                    new ScalingParameters(engine.factors().orElseThrow(), weights, Parametrisation.SAKANA, 2);
            RandomGenerator random = SeededCases.generator(12);
            double[] values = parameters.initial(random);
            Map<String, double[]> dz = new LinkedHashMap<>();
            weights.forEach(name -> dz.put(name, random.doubles(48, -1, 1).toArray()));
            double[] gradient = parameters.gradient(values, dz);
            for (int i = 0; i < values.length; i += 7) {
                // z is float: a wide step, and its rounding over that
                double step = 1e-2;
                double value = values[i];
                values[i] = value + step;
                double above = product(parameters.z(values), dz);
                values[i] = value - step;
                double below = product(parameters.z(values), dz);
                values[i] = value;
                assertEquals((above - below) / (2 * step), gradient[i], 1e-4, "parameter " + i);
            }
        }
    }

    private static double product(Map<String, float[]> z, Map<String, double[]> dz) {
        double sum = 0;
        for (String name : dz.keySet()) {
            for (int k = 0; k < dz.get(name).length; k++) {
                sum += z.get(name)[k] * dz.get(name)[k];
            }
        }
        return sum;
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Engine engine = engine(Form.FACTORED, "mlp", 0)) {
            refused("train: 'x' is not among", () -> new TrainingPass(engine, List.of("x"), 0));
            refused("train: no weight", () -> new TrainingPass(engine, List.of(), 0));
            try (TrainingPass pass = new TrainingPass(engine, List.of("model.layers.0.mlp.up_proj.weight"), 0)) {
                TrainingSequence bad = TrainingSequence.of(new int[] {1}, new int[] {VOCABULARY}, 1);
                refused("train: token id is 50", () -> pass.score(Map.of(), List.of(bad)));
                TrainingSequence longOne = TrainingSequence.of(new int[] {1}, new int[128], 1);
                refused("train: a sequence has 129", () -> pass.score(Map.of(), List.of(longOne)));
            }
            refused("training sequence: the prompt has 0", () -> TrainingSequence.of(new int[0], new int[1], 1));
        }
    }

    private static void refused(String message, Runnable call) {
        String actual = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(actual.startsWith(message), actual);
    }
}
