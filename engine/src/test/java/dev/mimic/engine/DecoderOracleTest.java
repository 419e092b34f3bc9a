package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The decoder against the pack's float64 goldens: every model, every case. */
final class DecoderOracleTest {
    private static final String SUITE = "decoder";

    /** For f32 arithmetic, by the pack's README. */
    private static final double LOGITS = 5e-4;

    private static final double LOGPROB_SUM = 1e-3;

    @TestFactory
    Stream<DynamicTest> everyModelAgreesWithItsGoldens() {
        return models().map(model ->
                DynamicTest.dynamicTest(model.getFileName().toString(), () -> check(model, EngineOptions.DEFAULTS)));
    }

    @TestFactory
    Stream<DynamicTest> everyModelAgreesWithItsGoldensOnTheShim() {
        return models().map(model -> DynamicTest.dynamicTest(
                model.getFileName().toString(), () -> OnShim.run(options -> check(model, options))));
    }

    private static Stream<Path> models() {
        List<Path> models = TestFolders.subFolders(TestFolders.oracle().resolve("models"));
        if (models.isEmpty()) {
            throw TestFolders.skip(SUITE, "the pack has no models");
        }
        return models.stream();
    }

    private static void check(Path folder, EngineOptions options) {
        String name = folder.getFileName().toString();
        Path goldens = TestFolders.oracle().resolve("goldens");
        Path forward = goldens.resolve(name + ".forward.json");
        Path logits = goldens.resolve(name + ".logits.safetensors");
        if (!Files.exists(forward) || !Files.exists(logits)) {
            throw TestFolders.skip(SUITE + " of " + name, "the pack has no forward goldens for it");
        }
        TestFolders.used(SUITE, name);
        List<JsonObject> cases = Goldens.objects(Goldens.json(forward), "cases");
        assertTrue(!cases.isEmpty(), "no cases in " + forward);
        try (Engine engine = Engine.open(folder, options);
                SafetensorsFile tensors = SafetensorsFile.open(logits)) {
            for (int i = 0; i < cases.size(); i++) {
                JsonObject golden = cases.get(i);
                checkForward(engine, Goldens.ids(golden, "input_ids"), tensors, "case" + i + ".", name);
                checkGreedy(engine, golden, name + " case " + i);
                checkScore(engine, golden, name + " case " + i);
            }
        }
    }

    private static void checkForward(Engine engine, int[] ids, SafetensorsFile tensors, String prefix, String name) {
        double[][] expected = Goldens.matrix(tensors.tensor(prefix + "logits").orElseThrow());
        List<double[][]> hidden = new ArrayList<>();
        while (tensors.tensor(prefix + "hidden" + hidden.size()).isPresent()) {
            hidden.add(Goldens.matrix(
                    tensors.tensor(prefix + "hidden" + hidden.size()).orElseThrow()));
        }
        assertTrue(hidden.isEmpty() || hidden.size() == engine.config().layers() + 2, name);
        assertEquals(expected.length, ids.length, name);
        int[] rows = new int[2];
        engine.forward(ids, Adapter.NONE, new ForwardSink() {
            @Override
            public void logits(int position, float[] row) {
                assertClose(expected[position], row, name + " " + prefix + "logits at " + position);
                rows[0]++;
            }

            @Override
            public void hidden(int stage, int position, float[] row) {
                if (stage < hidden.size()) {
                    assertClose(hidden.get(stage)[position], row, name + " " + prefix + "hidden" + stage);
                    rows[1]++;
                }
            }
        });
        assertEquals(ids.length, rows[0], name);
        assertEquals(ids.length * hidden.size(), rows[1], name);
    }

    private static void assertClose(double[] expected, float[] found, String what) {
        double distance = Goldens.distance(expected, found);
        assertTrue(distance <= LOGITS, () -> what + ": off by " + distance);
    }

    private static void checkGreedy(Engine engine, JsonObject golden, String what) {
        int[] expected = Goldens.ids(golden, "greedy");
        GenerationResult result = engine.generate(GenerationRequest.ofIds(Goldens.ids(golden, "input_ids"))
                .withMaxTokens(expected.length)
                .withIgnoreEos(true));
        assertArrayEquals(expected, result.ids(), what);
        assertEquals(GenerationResult.FinishReason.LENGTH, result.finishReason(), what);
    }

    private static void checkScore(Engine engine, JsonObject golden, String what) {
        double[] expected = Goldens.doubles(golden, "completion_logprobs");
        Score score = engine.score(Goldens.ids(golden, "input_ids"), Goldens.ids(golden, "completion"), Adapter.NONE);
        assertArrayEquals(expected, score.logprobs(), LOGITS, what);
        assertEquals(golden.number("completion_loglik").orElseThrow(), score.logprob(), LOGPROB_SUM, what);
    }
}
