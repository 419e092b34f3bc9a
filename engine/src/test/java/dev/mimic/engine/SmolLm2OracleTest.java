package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.gguf.GgufImport;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.testkit.Smollm2;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real chat model, imported from its GGUF: prompts, greedy replies, logits and likelihoods of the references. */
final class SmolLm2OracleTest {
    private static final String SUITE = "SmolLM2-135M-Instruct, replies";
    private static final int NEW_TOKENS = 40;

    /** As smollm2.json advises. */
    private static final double LOGIT_TOLERANCE = 2e-3;

    private static final double LIKELIHOOD_TOLERANCE = 5e-3;

    @TempDir
    Path temporary;

    @Test
    void everyCaseIsAnsweredAsByTheReferences() {
        Path goldens = Smollm2.goldensOrSkip(SUITE).resolve("smollm2.json");
        Path gguf = Smollm2.ggufOrSkip(SUITE);
        List<JsonObject> cases = objects(Json.readObject(goldens), "cases");
        assertFalse(cases.isEmpty());
        Path folder = temporary.resolve("smollm2");
        GgufImport.run(gguf, folder, DType.F32, (_, _, _) -> {});
        try (Engine engine = Engine.open(folder)) {
            List<PendingGeneration> pending = new ArrayList<>();
            for (JsonObject each : cases) {
                GenerationRequest request = request(each);
                assertArrayEquals(
                        ids(each, "ids"), engine.promptIds(request), () -> "prompt of " + each.get("messages"));
                pending.add(engine.submit(
                        request.withSampling(SamplingOptions.GREEDY).withMaxTokens(NEW_TOKENS), null));
            }
            for (int i = 0; i < cases.size(); i++) {
                assertReply(cases.get(i), pending.get(i).await());
                assertLikelihood(cases.get(i), engine);
            }
        }
    }

    private static GenerationRequest request(JsonObject each) {
        if (each.has("text_of_prompt")) {
            return GenerationRequest.of(each.text("text_of_prompt").orElseThrow());
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        objects(each, "messages").forEach(message -> messages.add(message.asMap()));
        return GenerationRequest.ofChat(messages);
    }

    private static void assertReply(JsonObject expected, GenerationResult reply) {
        int[] ids = ids(expected, "new_ids");
        boolean stopped = reply.finishReason() == GenerationResult.FinishReason.STOP;
        assertArrayEquals(stopped ? Arrays.copyOf(ids, ids.length - 1) : ids, reply.ids());
        assertEquals(expected.text("new_text").orElseThrow(), reply.text());
    }

    private static void assertLikelihood(JsonObject expected, Engine engine) {
        int[] prompt = ids(expected, "ids");
        double likelihood =
                engine.score(prompt, ids(expected, "new_ids"), Adapter.NONE).logprob();
        assertEquals(expected.number("new_loglik").orElseThrow(), likelihood, LIKELIHOOD_TOLERANCE);
        float[] last = new float[engine.config().vocabularySize()];
        engine.forward(prompt, Adapter.NONE, (position, row) -> {
            if (position == prompt.length - 1) {
                System.arraycopy(row, 0, last, 0, last.length);
            }
        });
        for (Object top : expected.list("first_top").orElseThrow()) {
            List<?> pair = (List<?>) top;
            assertEquals(((Number) pair.get(1)).doubleValue(), last[((Long) pair.get(0)).intValue()], LOGIT_TOLERANCE);
        }
    }

    private static List<JsonObject> objects(JsonObject parent, String name) {
        List<JsonObject> objects = new ArrayList<>();
        for (Object each : parent.list(name).orElseThrow()) {
            @SuppressWarnings("unchecked") // objects of parsed JSON have text keys
            Map<String, Object> map = (Map<String, Object>) each;
            objects.add(new JsonObject(parent.file(), name, map));
        }
        return objects;
    }

    private static int[] ids(JsonObject object, String name) {
        return object.list(name).orElseThrow().stream()
                .mapToInt(id -> ((Long) id).intValue())
                .toArray();
    }
}
