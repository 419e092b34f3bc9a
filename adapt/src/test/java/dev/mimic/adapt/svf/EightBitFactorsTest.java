package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.model.Factors;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests with experts on factors in 8 bits. */
final class EightBitFactorsTest {
    private static final int VOCABULARY = 96;

    @TempDir
    Path temporary;

    private Path model;

    @BeforeEach
    void makeModel() {
        model = RandomFolder.write(
                temporary.resolve("model"), "llama", "LlamaForCausalLM", 3, Map.of("vocab_size", 96));
    }

    private Path decompose(DType dtype, int rank) {
        Path out = temporary.resolve("factors-" + dtype + rank);
        DecomposeOptions options = DecomposeOptions.defaults()
                .withTargets(new Targets("all"))
                .withRank(rank)
                .withDtype(dtype);
        try (ModelDirectory directory = ModelDirectory.open(model);
                Decomposer decomposer = Decomposer.open(options, 2)) {
            decomposer.decompose(directory, out, DecompositionListener.NONE);
        }
        return out;
    }

    private static Adapter expert(Factors factors, int seed) {
        RandomGenerator random = SeededCases.generator(seed);
        Map<String, float[]> z = new LinkedHashMap<>();
        for (String name : factors.weightNames()) {
            float[] values = new float[factors.factor(name).orElseThrow().sigma().length];
            for (int k = 0; k < values.length; k++) {
                values[k] = (float) random.nextGaussian(1, 0.4);
            }
            z.put(name, values);
        }
        return new Adapter.Scaling(z);
    }

    private static GenerationRequest request(Factors factors, int row) {
        int[] prompt =
                SeededCases.generator(70 + row).ints(3 + 2 * row, 0, VOCABULARY).toArray();
        return GenerationRequest.ofIds(prompt)
                .withAdapter(row == 0 ? Adapter.NONE : expert(factors, row))
                .withSampling(SamplingOptions.GREEDY.withLogprobs(VOCABULARY))
                .withMaxTokens(8)
                .withIgnoreEos(true);
    }

    @Test
    void oneToEightRowsWithAnExpertEachAreAsAlone() {
        for (int rank : new int[] {0, 8}) { // factored, residual
            EngineOptions options = EngineOptions.DEFAULTS.withFactors(decompose(DType.I8, rank));
            try (Engine engine = Engine.open(model, options)) {
                Factors factors = engine.factors().orElseThrow();
                List<GenerationRequest> requests = new ArrayList<>();
                List<GenerationResult> alone = new ArrayList<>();
                for (int row = 0; row < 8; row++) {
                    requests.add(request(factors, row));
                    alone.add(engine.generate(requests.getLast()));
                    List<GenerationResult> together = engine.generateAll(requests);
                    for (int i = 0; i <= row; i++) {
                        assertArrayEquals(alone.get(i).ids(), together.get(i).ids());
                        // doubles compare by bits: all logits of all steps
                        assertEquals(alone.get(i).logprobs(), together.get(i).logprobs());
                    }
                }
            }
        }
    }

    @Test
    void anExpertMovesTheModelAsItDoesOnFactorsInF32() {
        int[] ids = SeededCases.generator(9).ints(20, 0, VOCABULARY).toArray();
        float[][] exact = logits(decompose(DType.F32, 0), ids);
        float[][] rounded = logits(decompose(DType.I8, 0), ids);
        double error = 0;
        double size = 0;
        for (int i = 0; i < ids.length; i++) {
            for (int c = 0; c < VOCABULARY; c++) {
                error += Math.pow(rounded[i][c] - exact[i][c], 2);
                size += Math.pow(exact[i][c], 2);
            }
        }
        double relative = Math.sqrt(error / size);
        // An element is off by half a step at most, evenly: by peak / 127 / sqrt(12) in the root mean square, 0.7 % of
        // a
        // column's length where its peak is three times its root mean square. U and V make that 1 % of what a matrix
        // gives; about five in a row in each layer, independently, add up to sqrt(5 · layers) of it: 3 to 4 %.
        assertTrue(relative > 1e-4 && relative < 0.05, "relative error of the logits is " + relative);
    }

    private float[][] logits(Path factors, int[] ids) {
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withFactors(factors))) {
            return engine.logits(ids, expert(engine.factors().orElseThrow(), 5));
        }
    }
}
