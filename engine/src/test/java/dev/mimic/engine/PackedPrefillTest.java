package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.engine.model.WeightReader;
import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.testkit.RandomFolder;
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

/** Prompts of several sequences go through the model in one step, each bit for bit as it goes alone. */
final class PackedPrefillTest {
    private static final int VOCABULARY = 150;
    private static final int PROMPTS = 8;

    @TempDir
    Path temporary;

    private final List<int[]> prompts = new ArrayList<>();
    private final List<RowScales> scales = new ArrayList<>();

    private void makePrompts(TransformerWeights weights, Map<String, float[]> sigmas) {
        for (int i = 0; i < PROMPTS; i++) {
            RandomGenerator random = SeededCases.generator(200 + i);
            prompts.add(random.ints(1 + 6 * i, 0, VOCABULARY).toArray());
            Map<String, float[]> z = new LinkedHashMap<>();
            sigmas.forEach((name, sigma) -> {
                float[] values = new float[sigma.length];
                for (int k = 0; k < values.length; k++) {
                    values[k] = (float) random.nextGaussian(1, 0.4);
                }
                z.put(name, values);
            });
            scales.add(i == 0 ? weights.base() : weights.scales(z));
        }
    }

    @Test
    void eightPromptsWithEightExpertsArePackedAsAlone() {
        for (TransformerWeights.SvfForm form : TransformerWeights.SvfForm.values()) {
            Path folder = RandomFolder.write(
                    temporary.resolve("model-" + form),
                    "mistral",
                    "MistralForCausalLM",
                    3,
                    Map.of("sliding_window", 20));
            Path factorsFolder = temporary.resolve("factors-" + form);
            Map<String, float[]> sigmas = TestFactors.write(folder, factorsFolder, TestFactors::isLinear, 16);
            try (ModelDirectory model = ModelDirectory.open(folder);
                    Factors factors = Factors.open(factorsFolder);
                    WorkerPool pool = WorkerPool.of(2)) {
                Map<String, Factor> named = new LinkedHashMap<>();
                factors.weightNames()
                        .forEach(name -> named.put(name, factors.factor(name).orElseThrow()));
                TransformerWeights weights =
                        new TransformerWeights(model.config(), new WeightReader(model), named, form);
                Transformer transformer = new Transformer(model.config(), weights, Backend.best(pool), 256);
                prompts.clear();
                scales.clear();
                makePrompts(weights, sigmas);
                check(transformer, 256);
                check(transformer, 40); // prompts span steps
                checkRows(transformer);
                checkWanted(transformer);
            }
        }
    }

    private void check(Transformer transformer, int most) {
        float[][] packed = packed(transformer, most);
        for (int i = 0; i < PROMPTS; i++) {
            float[] alone = alone(transformer, i);
            assertEquals(prompts.get(i).length * VOCABULARY, alone.length);
            assertArrayEquals(alone, packed[i], "prompt " + i + " in steps of " + most);
        }
    }

    private float[] alone(Transformer transformer, int i) {
        int[] ids = prompts.get(i);
        Step step = transformer.newStep();
        float[] logits = new float[ids.length * VOCABULARY];
        try (KeyValueCache cache = KeyValueCache.of(transformer.config(), KeyValueType.F32, ids.length)) {
            step.prefill();
            step.addBlock(ids, 0, ids.length, ids.length, cache, scales.get(i));
            transformer.forward(step, ForwardTrace.NONE);
            transformer.logits(Phase.PREFILL, 0, ids.length, logits);
        }
        return logits;
    }

    /** Logits of all prompts, run in steps of at most that many rows. */
    private float[][] packed(Transformer transformer, int most) {
        float[][] all = new float[PROMPTS][];
        int[] done = new int[PROMPTS];
        Step step = transformer.newStep();
        List<KeyValueCache> caches = new ArrayList<>();
        for (int i = 0; i < PROMPTS; i++) {
            all[i] = new float[prompts.get(i).length * VOCABULARY];
            caches.add(KeyValueCache.of(transformer.config(), KeyValueType.F32, prompts.get(i).length));
        }
        int next = 0;
        while (next < PROMPTS) {
            step.prefill();
            int first = next;
            int[] before = done.clone();
            while (next < PROMPTS && step.rows() < most) {
                int[] ids = prompts.get(next);
                int count = Math.min(most - step.rows(), ids.length - done[next]);
                step.addBlock(ids, done[next], count, ids.length, caches.get(next), scales.get(next));
                done[next] += count;
                next += done[next] == ids.length ? 1 : 0;
            }
            transformer.forward(step, ForwardTrace.NONE);
            float[] logits = new float[step.rows() * VOCABULARY];
            transformer.logits(Phase.PREFILL, 0, step.rows(), logits);
            for (int i = first, from = 0; i < PROMPTS && done[i] > before[i]; i++) {
                int elements = (done[i] - before[i]) * VOCABULARY;
                System.arraycopy(logits, from, all[i], before[i] * VOCABULARY, elements);
                from += elements;
            }
        }
        caches.forEach(KeyValueCache::close);
        return all;
    }

    /** The rows that tokens are drawn from: chosen ones of a packed step, and the last of a step of its own. */
    private void checkRows(Transformer transformer) {
        Step step = transformer.newStep();
        List<KeyValueCache> caches = new ArrayList<>();
        int[] last = new int[PROMPTS];
        step.prefill();
        for (int i = 0; i < PROMPTS; i++) {
            int[] ids = prompts.get(i);
            caches.add(KeyValueCache.of(transformer.config(), KeyValueType.F32, ids.length));
            step.addBlock(ids, 0, ids.length, ids.length, caches.get(i), scales.get(i));
            last[i] = step.rows() - 1;
        }
        step.want(last, PROMPTS);
        transformer.forward(step, ForwardTrace.NONE);
        float[] logits = new float[PROMPTS * VOCABULARY];
        transformer.logits(Phase.DECODE, 0, PROMPTS, logits);
        caches.forEach(KeyValueCache::close);
        for (int i = 0; i < PROMPTS; i++) {
            alone(transformer, i);
            float[] row = new float[VOCABULARY];
            transformer.logits(Phase.DECODE, prompts.get(i).length - 1, 1, row);
            assertArrayEquals(row, Arrays.copyOfRange(logits, i * VOCABULARY, (i + 1) * VOCABULARY), "prompt " + i);
        }
    }

    /** Chosen rows, some side by side, some sequences without any; and none at all, as of the middle of a long prompt. */
    private void checkWanted(Transformer transformer) {
        Step step = transformer.newStep();
        List<KeyValueCache> caches = new ArrayList<>();
        int[] chosen = new int[transformer.rows()];
        int[] owners = new int[transformer.rows()];
        int[] indices = new int[transformer.rows()];
        int count = 0;
        step.prefill();
        for (int i = 0; i < PROMPTS; i++) {
            int[] ids = prompts.get(i);
            caches.add(KeyValueCache.of(transformer.config(), KeyValueType.F32, ids.length + 1));
            for (int j = 0; j < ids.length && i % 3 != 1; j++) {
                if (j % 5 < 2 || j == ids.length - 1) {
                    owners[count] = i;
                    indices[count] = j;
                    chosen[count++] = step.rows() + j;
                }
            }
            step.addBlock(ids, 0, ids.length, ids.length, caches.get(i), scales.get(i));
        }
        step.want(chosen, count);
        transformer.forward(step, ForwardTrace.NONE);
        float[] logits = new float[count * VOCABULARY];
        transformer.logits(Phase.PREFILL, 0, count, logits);
        for (int i = 0; i < count; i++) {
            float[] row = Arrays.copyOfRange(logits, i * VOCABULARY, (i + 1) * VOCABULARY);
            int from = indices[i] * VOCABULARY;
            float[] alone = Arrays.copyOfRange(alone(transformer, owners[i]), from, from + VOCABULARY);
            assertArrayEquals(alone, row, "prompt " + owners[i] + ", position " + indices[i]);
        }
        caches.forEach(KeyValueCache::close);
        int[] ids = prompts.getLast();
        float[] alone = alone(transformer, PROMPTS - 1);
        try (KeyValueCache cache = KeyValueCache.of(transformer.config(), KeyValueType.F32, ids.length)) {
            step.prefill();
            step.addBlock(ids, 0, ids.length - 3, ids.length, cache, scales.getLast());
            step.want(chosen, 0);
            transformer.forward(step, ForwardTrace.NONE);
            step.prefill();
            step.addBlock(ids, ids.length - 3, 3, ids.length, cache, scales.getLast());
            transformer.forward(step, ForwardTrace.NONE);
            float[] rest = new float[3 * VOCABULARY];
            transformer.logits(Phase.PREFILL, 0, 3, rest);
            assertArrayEquals(Arrays.copyOfRange(alone, alone.length - rest.length, alone.length), rest);
        }
    }
}
