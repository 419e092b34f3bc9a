package dev.mimic.adapt.bundled;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled model against the reference implementation's replies, logits and counts of right answers. */
final class BundledGoldensTest {
    /** F32 arithmetic on both sides; the reference itself agrees with float64 to 1.2e-5, the oracle pack advises 5e-4. */
    private static final float TOLERANCE = 5e-4f;

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @TempDir
    private static Path scratch;

    private static JsonObject goldens;
    private static SafetensorsFile logits;
    private static BundledModel bundled;
    private static Engine base;
    private static Engine adapted;

    @BeforeAll
    static void open() throws IOException {
        goldens = Json.parseObject(resource("goldens.json"), "goldens.json");
        Path file = scratch.resolve("goldens-logits.safetensors");
        Files.write(file, resource("goldens-logits.safetensors"));
        logits = SafetensorsFile.open(file);
        bundled = BundledModel.unpack();
        Path factors = bundled.scratch("factors");
        DecomposeOptions all = DecomposeOptions.defaults().withTargets(new Targets("all"));
        try (ModelDirectory model = ModelDirectory.open(bundled.folder());
                Decomposer decomposer = Decomposer.open(all, 0)) {
            decomposer.decompose(model, factors, DecompositionListener.NONE);
        }
        EngineOptions options = EngineOptions.DEFAULTS.withMaxBatch(64);
        base = Engine.open(bundled.folder(), options);
        adapted = Engine.open(bundled.folder(), options.withFactors(factors));
    }

    @AfterAll
    static void close() {
        adapted.close();
        base.close();
        bundled.close();
        logits.close();
    }

    private static byte[] resource(String name) {
        try (InputStream in = BundledGoldensTest.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void textsHaveTheReferencesIds() {
        for (JsonObject text : objects(goldens, "tokenizer")) {
            int[] ids = base.tokenizer().encode(text.text("text").orElseThrow(), false);
            assertArrayEquals(ids(text, "ids"), ids, text.text("text").orElseThrow());
        }
    }

    @Test
    void theBaseReplies() {
        List<JsonObject> cases = objects(goldens, "greedy");
        assertFalse(cases.isEmpty());
        for (JsonObject each : cases) {
            assertReply(base, Adapter.NONE, each);
            assertReply(adapted, Adapter.NONE, each);
        }
    }

    @Test
    void promptsRenderAsTheReferences() {
        for (JsonObject each : objects(goldens, "greedy")) {
            String task = each.text("task").orElseThrow();
            if (!each.has("prompt") || task.equals("system")) {
                continue;
            }
            GenerationRequest request = GenerationRequest.ofChat(List.of(
                    Map.of("role", "user", "content", each.text("prompt").orElseThrow())));
            assertArrayEquals(ids(each, "ids"), base.promptIds(request), task);
        }
    }

    @Test
    void theExpertsReply() {
        for (JsonObject each : objects(goldens, "expert_greedy")) {
            assertReply(adapted, expert(each.text("expert").orElseThrow()), each);
        }
    }

    @Test
    void theMixtureReplies() {
        JsonObject mixture = goldens.object("mixture").orElseThrow();
        Adapter adapter = mixture(mixture);
        for (JsonObject each : objects(mixture, "greedy")) {
            assertReply(adapted, adapter, each);
        }
        JsonObject first = objects(mixture, "greedy").getFirst();
        assertLogits(adapted, adapter, ids(first, "ids"), mixture.text("logits").orElseThrow());
    }

    @Test
    void logitsAreTheReferences() {
        List<JsonObject> greedy = objects(goldens, "greedy");
        JsonObject named = goldens.object("logits").orElseThrow();
        for (Object index : named.list("of_greedy_index").orElseThrow()) {
            int[] ids = ids(greedy.get(((Long) index).intValue()), "ids");
            assertLogits(base, Adapter.NONE, ids, "prompt" + index + ".logits");
            assertLogits(adapted, Adapter.NONE, ids, "prompt" + index + ".logits");
        }
        JsonObject experts = goldens.object("expert_logits").orElseThrow();
        for (String name : experts.names()) {
            String tensor = experts.text(name).orElseThrow();
            String index = tensor.replaceAll("\\D", "");
            assertLogits(adapted, expert(name), ids(greedy.get(Integer.parseInt(index)), "ids"), tensor);
        }
    }

    @Test
    void asManyTestQuestionsAreAnsweredRight() {
        JsonObject counts = goldens.object("base_greedy_accuracy").orElseThrow();
        for (String task : counts.names()) {
            assertCount(base, Adapter.NONE, task, counts.object(task).orElseThrow());
        }
        counts = goldens.object("expert_greedy_accuracy").orElseThrow();
        for (String task : counts.names()) {
            assertCount(adapted, expert(task), task, counts.object(task).orElseThrow());
        }
    }

    private static void assertCount(Engine engine, Adapter adapter, String task, JsonObject expected) {
        List<Answer> answers = new Evaluator(engine)
                .ask(
                        BundledModel.examples(task, "test"),
                        adapter,
                        expected.integer("max_new_tokens").orElseThrow(),
                        _ -> {});
        assertEquals(expected.integer("n").orElseThrow(), answers.size());
        assertEquals(
                expected.integer("correct").orElseThrow(),
                Answer.accuracy(answers).right(),
                task);
    }

    private static void assertReply(Engine engine, Adapter adapter, JsonObject expected) {
        int[] reply = ids(expected, "reply_ids");
        GenerationResult result = engine.generate(GenerationRequest.ofIds(ids(expected, "ids"))
                .withAdapter(adapter)
                .withSampling(SamplingOptions.GREEDY)
                .withMaxTokens(48));
        boolean stopped = result.finishReason() == GenerationResult.FinishReason.STOP;
        assertArrayEquals(stopped ? java.util.Arrays.copyOf(reply, reply.length - 1) : reply, result.ids());
        assertEquals(expected.text("reply").orElseThrow(), result.text());
    }

    private static void assertLogits(Engine engine, Adapter adapter, int[] ids, String name) {
        TensorView tensor = logits.tensor(name).orElseThrow();
        float[][] rows = engine.logits(ids, adapter);
        int vocabulary = rows[0].length;
        int first = (int) (rows.length - tensor.elements() / vocabulary);
        assertTrue(first >= 0 && tensor.elements() % vocabulary == 0, name);
        for (int position = first; position < rows.length; position++) {
            float[] expected = new float[vocabulary];
            for (int i = 0; i < vocabulary; i++) {
                expected[i] = tensor.data().get(FLOAT, 4L * ((position - first) * vocabulary + i));
            }
            assertArrayEquals(expected, rows[position], TOLERANCE, name + ", position " + position);
        }
    }

    private static Adapter expert(String name) {
        return adapter(new ExpertMixture(ExpertMixture.Mode.DELTA, List.of(part(name, 1))));
    }

    private static Adapter mixture(JsonObject mixture) {
        List<Object> names = mixture.list("experts").orElseThrow();
        List<Object> alpha = mixture.list("alpha").orElseThrow();
        List<ExpertMixture.Part> parts = new ArrayList<>();
        IntStream.range(0, names.size())
                .forEach(i -> parts.add(part((String) names.get(i), ((Number) alpha.get(i)).doubleValue())));
        return adapter(new ExpertMixture(ExpertMixture.Mode.DELTA, parts));
    }

    private static ExpertMixture.Part part(String name, double alpha) {
        Path file = bundled.experts().resolve("expert-" + name + ".safetensors");
        return ExpertMixture.Part.of(Expert.read(file, _ -> {}), alpha);
    }

    private static Adapter adapter(ExpertMixture mixture) {
        return new Adapter.Scaling(mixture.scaling(adapted.factors().orElseThrow()));
    }

    private static List<JsonObject> objects(JsonObject parent, String name) {
        List<JsonObject> objects = new ArrayList<>();
        for (Object each : parent.list(name).orElseThrow()) {
            @SuppressWarnings("unchecked") // objects of parsed JSON have text keys
            Map<String, Object> map = (Map<String, Object>) each;
            objects.add(new JsonObject("goldens.json", name, map));
        }
        return objects;
    }

    private static int[] ids(JsonObject object, String name) {
        return object.list(name).orElseThrow().stream()
                .mapToInt(id -> ((Long) id).intValue())
                .toArray();
    }
}
