package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.EngineOptions.CacheFormat;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Keys and values cached in fewer bits. */
final class CacheFormatTest {
    private static final int VOCABULARY = 150;

    @TempDir
    static Path temporary;

    private static Path model;

    @BeforeAll
    static void write() {
        model = RandomFolder.write(
                temporary.resolve("model"), "mistral", "MistralForCausalLM", 3, Map.of("sliding_window", 20));
    }

    private static int[] ids(int length) {
        return SeededCases.generator(length).ints(length, 0, VOCABULARY).toArray();
    }

    private static Engine open(CacheFormat format) {
        return Engine.open(model, EngineOptions.DEFAULTS.withKeyValueType(format));
    }

    private static List<GenerationRequest> requests() {
        List<GenerationRequest> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            all.add(GenerationRequest.ofIds(ids(4 + 9 * i))
                    .withSampling(SamplingOptions.GREEDY.withLogprobs(VOCABULARY))
                    .withMaxTokens(10 + i)
                    .withIgnoreEos(true));
        }
        return all;
    }

    @ParameterizedTest
    @EnumSource
    void aRowIsTheSameAloneAndAmongOthers(CacheFormat format) {
        try (Engine engine = open(format)) {
            List<GenerationResult> together = engine.generateAll(requests());
            for (int i = 0; i < together.size(); i++) {
                GenerationResult alone = engine.generate(requests().get(i));
                assertArrayEquals(alone.ids(), together.get(i).ids());
                assertEquals(alone.logprobs(), together.get(i).logprobs());
            }
        }
    }

    @Test
    void fewerBitsMoveTheLogitsByLittle() {
        float[][] exact = logits(CacheFormat.F32);
        double bf16 = distance(exact, logits(CacheFormat.BF16));
        double q8 = distance(exact, logits(CacheFormat.Q8));
        assertTrue(bf16 > 0 && bf16 < 0.02, "bf16: " + bf16);
        assertTrue(q8 > 0 && q8 < 0.05, "q8: " + q8);
    }

    private static float[][] logits(CacheFormat format) {
        try (Engine engine = open(format)) {
            return engine.logits(ids(60), Adapter.NONE);
        }
    }

    /** Norm of the difference relative to that of the first. */
    private static double distance(float[][] a, float[][] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[i].length; j++) {
                difference += Math.pow(a[i][j] - b[i][j], 2);
                norm += Math.pow(a[i][j], 2);
            }
        }
        return Math.sqrt(difference / norm);
    }

    @Test
    void cachesTakeTheBytesOfTheirElements() {
        try (Engine engine = open(CacheFormat.F32)) {
            long f32 = CacheFormat.F32.bytes(engine.config(), 4096);
            assertEquals(f32, engine.cacheBytes(4096));
            assertEquals(f32 / 2, CacheFormat.BF16.bytes(engine.config(), 4096));
            // and a factor each of keys and values for a position and head
            long factors =
                    2L * 4 * 4096 * engine.config().layers() * engine.config().kvHeads();
            assertEquals(f32 / 4 + factors, CacheFormat.Q8.bytes(engine.config(), 4096));
        }
    }
}
