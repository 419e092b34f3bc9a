package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A real trained model, karpathy's stories260K, against its goldens. */
final class StoriesOracleTest {
    private static final String SUITE = "stories260K";

    /** For f32 arithmetic, by the pack's README. */
    private static final double LOGITS = 5e-4;

    private static final double LOGPROB_SUM = 1e-3;

    /** What computes. */
    enum Where {
        PROCESSOR,
        SHIM;

        void run(Consumer<EngineOptions> test) {
            switch (this) {
                case PROCESSOR -> test.accept(EngineOptions.DEFAULTS);
                case SHIM -> OnShim.run(test);
            }
        }
    }

    private Path folder;
    private JsonObject golden;

    @TempDir
    Path temporary;

    @BeforeEach
    void find() {
        folder = TestFolders.sharedOrSkip(SUITE, "stories260K", "oracle/stories260K");
        golden = Goldens.json(folder.resolve("stories260K.json"));
        TestFolders.used(SUITE, "stories260K.json");
    }

    @ParameterizedTest
    @EnumSource
    void logitsAndHiddenStatesAgree(Where where) {
        where.run(this::logitsAndHiddenStatesAgree);
    }

    private void logitsAndHiddenStatesAgree(EngineOptions options) {
        try (Engine engine = Engine.open(folder.resolve("model"), options);
                SafetensorsFile tensors = goldens()) {
            int layers = engine.config().layers();
            List<double[][]> hidden = new ArrayList<>();
            for (int stage = 0; stage <= layers + 1; stage++) {
                hidden.add(Goldens.matrix(tensors.tensor("hidden0." + stage).orElseThrow()));
            }
            checkLogits(engine, tensors, "logits0", "logits0_ids", Adapter.NONE);
            checkLogits(engine, tensors, "logits1", "logits1_ids", Adapter.NONE);
            int[] ids = Goldens.ids(golden, "logits0_ids");
            int[] states = new int[1];
            engine.forward(ids, Adapter.NONE, new ForwardSink() {
                @Override
                public void logits(int position, float[] row) {
                    assertEquals((layers + 2) * ids.length, states[0], "hidden states come before logits");
                }

                @Override
                public void hidden(int stage, int position, float[] row) {
                    states[0]++;
                    assertClose(hidden.get(stage)[position], row, "hidden state " + stage);
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void bf16CopyAgrees(Where where) {
        where.run(this::bf16CopyAgrees);
    }

    private void bf16CopyAgrees(EngineOptions options) {
        try (Engine engine = Engine.open(folder.resolve("model-bf16"), options);
                SafetensorsFile tensors = goldens()) {
            checkLogits(engine, tensors, "bf16_logits0", "logits0_ids", Adapter.NONE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void tenContinuationsAreTheSameTokensAndText(Where where) {
        where.run(this::tenContinuationsAreTheSameTokensAndText);
    }

    private void tenContinuationsAreTheSameTokensAndText(EngineOptions options) {
        try (Engine engine = Engine.open(folder.resolve("model"), options)) {
            List<JsonObject> cases = Goldens.objects(golden, "greedy");
            assertTrue(!cases.isEmpty());
            List<GenerationRequest> requests = new ArrayList<>();
            for (JsonObject one : cases) {
                requests.add(GenerationRequest.of(one.text("prompt").orElseThrow())
                        .withMaxTokens(Goldens.ids(one, "new_ids").length));
            }
            List<GenerationResult> results = engine.generateAll(requests);
            for (int i = 0; i < cases.size(); i++) {
                JsonObject one = cases.get(i);
                String prompt = one.text("prompt").orElseThrow();
                assertArrayEquals(Goldens.ids(one, "prompt_ids"), results.get(i).promptIds(), prompt);
                assertArrayEquals(Goldens.ids(one, "new_ids"), results.get(i).ids(), prompt);
                assertEquals(
                        one.text("text").orElseThrow(), prompt + results.get(i).text());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void logLikelihoodsAgree(Where where) {
        where.run(this::logLikelihoodsAgree);
    }

    private void logLikelihoodsAgree(EngineOptions options) {
        try (Engine engine = Engine.open(folder.resolve("model"), options)) {
            for (JsonObject one : Goldens.objects(golden, "loglik")) {
                Score score = engine.score(
                        one.text("prompt").orElseThrow(), one.text("completion").orElseThrow(), Adapter.NONE);
                assertArrayEquals(Goldens.ids(one, "completion_ids"), score.ids());
                assertArrayEquals(Goldens.doubles(one, "logprobs"), score.logprobs(), LOGITS);
                assertEquals(one.number("sum").orElseThrow(), score.logprob(), LOGPROB_SUM);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void scaledSingularValuesAgree(Where where) {
        where.run(this::scaledSingularValuesAgree);
    }

    private void scaledSingularValuesAgree(EngineOptions options) {
        Path factors = temporary.resolve("factors");
        TestFactors.write(folder.resolve("model"), factors, TestFactors::isMlp, Integer.MAX_VALUE);
        Adapter plain = new Adapter.Scaling(Goldens.vectors(folder.resolve("stories260K.z.safetensors")));
        JsonObject greedy = golden.object("svf_plain_greedy").orElseThrow();
        for (EngineOptions.Form form : List.of(EngineOptions.Form.FACTORED, EngineOptions.Form.RESIDUAL)) {
            EngineOptions factored = options.withFactors(factors).withForm(form);
            try (Engine engine = Engine.open(folder.resolve("model"), factored);
                    SafetensorsFile tensors = goldens()) {
                checkLogits(engine, tensors, "svf_plain_logits0", "logits0_ids", plain);
                GenerationRequest request = GenerationRequest.ofIds(Goldens.ids(greedy, "prompt_ids"))
                        .withMaxTokens(Goldens.ids(greedy, "new_ids").length)
                        .withAdapter(plain);
                assertArrayEquals(
                        Goldens.ids(greedy, "new_ids"), engine.generate(request).ids(), form.name());
            }
        }
    }

    private SafetensorsFile goldens() {
        return SafetensorsFile.open(folder.resolve("stories260K.goldens.safetensors"));
    }

    private void checkLogits(Engine engine, SafetensorsFile tensors, String name, String ids, Adapter adapter) {
        double[][] expected = Goldens.matrix(tensors.tensor(name).orElseThrow());
        float[][] found = engine.logits(Goldens.ids(golden, ids), adapter);
        assertEquals(expected.length, found.length, name);
        for (int i = 0; i < found.length; i++) {
            assertClose(expected[i], found[i], name + " at " + i);
        }
    }

    private static void assertClose(double[] expected, float[] found, String what) {
        double distance = Goldens.distance(expected, found);
        assertTrue(distance <= LOGITS, () -> what + ": off by " + distance);
    }
}
