package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the oracle pack's models do not have, against a decoder in double. */
final class FamiliesTest {
    /** As the oracle pack advises for f32 arithmetic on logits of this size. */
    private static final double TOLERANCE = 5e-4;

    @TempDir
    Path folder;

    @Test
    void qwen2HasBiasesOnQueryKeyAndValue() {
        check("qwen2", "Qwen2ForCausalLM", Map.of("tie_word_embeddings", true));
    }

    @Test
    void qwen3NormsHeadsAndHasItsOwnHeadSize() {
        check("qwen3", "Qwen3ForCausalLM", Map.of("head_dim", 24, "rope_theta", 1e6));
    }

    @Test
    void llamaMayHaveBiasesEverywhere() {
        check("llama", "LlamaForCausalLM", Map.of("attention_bias", true, "mlp_bias", true));
    }

    @Test
    void slidingWindowCoversBlocksAndSteps() {
        check("mistral", "MistralForCausalLM", Map.of("sliding_window", 5));
    }

    @Test
    void linearRopeScalingDividesPositions() {
        check(
                "llama",
                "LlamaForCausalLM",
                Map.of("rope_scaling", Map.of("rope_type", "linear", "factor", 2.5), "max_position_embeddings", 64));
    }

    @Test
    void dynamicRopeScalingGrowsWithTheSequence() {
        check(
                "llama",
                "LlamaForCausalLM",
                Map.of("rope_scaling", Map.of("rope_type", "dynamic", "factor", 2.0), "max_position_embeddings", 16));
    }

    private void check(String modelType, String className, Map<String, Object> changes) {
        RandomFolder.write(folder, modelType, className, 7, changes);
        RandomGenerator random = SeededCases.generator(11);
        int[] ids = random.ints(41, 0, 150).toArray();
        // a block size that cuts the prompt, and a context beyond what dynamic scaling calls the original one
        EngineOptions options = EngineOptions.DEFAULTS.withBlockSize(16).withContextLength(128);
        try (Engine engine = Engine.open(folder, options)) {
            double[][] expected = new ReferenceDecoder(folder).logits(ids);
            float[][] found = engine.logits(ids, Adapter.NONE);
            for (int i = 0; i < ids.length; i++) {
                double distance = Goldens.distance(expected[i], found[i]);
                int position = i;
                assertTrue(distance <= TOLERANCE, () -> "position " + position + ": off by " + distance);
            }
            int[] greedy = new ReferenceDecoder(folder).greedy(ids, 24);
            GenerationRequest request =
                    GenerationRequest.ofIds(ids).withMaxTokens(24).withIgnoreEos(true);
            assertArrayEquals(greedy, engine.generate(request).ids());
        }
    }
}
