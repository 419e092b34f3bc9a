package dev.mimic.loader.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Every model folder of the pack opens, and its weights have the shapes that its configuration says. */
final class ModelFolderOracleTest {
    private static final String SUITE = "model folders";

    @TempDir
    private Path temporary;

    @TestFactory
    List<DynamicTest> everyModelFolderIsWhole() {
        return eachModel(this::checkWhole);
    }

    @TestFactory
    List<DynamicTest> aModelWrittenAnewAsOneFileHasTheSameFingerprint() {
        return eachModel(this::checkFingerprint);
    }

    private static List<DynamicTest> eachModel(java.util.function.Consumer<Path> check) {
        List<Path> folders = TestFolders.subFolders(TestFolders.oracle().resolve("models"));
        if (folders.isEmpty()) {
            throw TestFolders.skip(SUITE, "the pack has no models");
        }
        List<DynamicTest> tests = new ArrayList<>();
        for (Path folder : folders) {
            TestFolders.used(SUITE, folder.getFileName());
            tests.add(DynamicTest.dynamicTest(folder.getFileName().toString(), () -> check.accept(folder)));
        }
        return tests;
    }

    private void checkWhole(Path folder) {
        JsonObject json = Json.readObject(folder.resolve("config.json"));
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            ModelConfig config = model.config();
            assertEquals(json.integer("hidden_size").orElseThrow(), config.hiddenSize());
            assertEquals(json.integer("num_hidden_layers").orElseThrow(), config.layers());
            Map<String, List<Long>> expected = shapes(config);
            expected.forEach((name, shape) ->
                    assertEquals(shape, model.tensor(name).orElseThrow().shape(), name));
            assertTrue(model.tensorNames().containsAll(expected.keySet()));
            assertTrue(model.verify(_ -> {}).values().stream().allMatch(count -> count == 0));
        }
    }

    private void checkFingerprint(Path folder) {
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            List<TensorView> tensors = model.tensorNames().stream()
                    .map(name -> model.tensor(name).orElseThrow())
                    .toList();
            Path copy = temporary.resolve(folder.getFileName());
            Files.createDirectories(copy);
            Files.copy(folder.resolve("config.json"), copy.resolve("config.json"));
            SafetensorsWriter.write(copy.resolve("model.safetensors"), tensors.reversed(), Map.of());
            try (ModelDirectory rewritten = ModelDirectory.open(copy)) {
                assertEquals(model.fingerprint(), rewritten.fingerprint());
                assertEquals(model.totalBytes(), rewritten.totalBytes());
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The shapes that a configuration implies for the weights of its first layer and those outside layers. */
    private static Map<String, List<Long>> shapes(ModelConfig config) {
        Map<String, List<Long>> shapes = new HashMap<>();
        long hidden = config.hiddenSize();
        long queries = (long) config.heads() * config.headSize();
        long keys = (long) config.kvHeads() * config.headSize();
        shapes.put("model.embed_tokens.weight", List.of((long) config.vocabularySize(), hidden));
        shapes.put("model.norm.weight", List.of(hidden));
        if (!config.tiedHead()) {
            shapes.put("lm_head.weight", List.of((long) config.vocabularySize(), hidden));
        }
        for (long layer : LongStream.range(0, config.layers()).toArray()) {
            String prefix = "model.layers." + layer + ".";
            shapes.put(prefix + "self_attn.q_proj.weight", List.of(queries, hidden));
            shapes.put(prefix + "self_attn.k_proj.weight", List.of(keys, hidden));
            shapes.put(prefix + "self_attn.v_proj.weight", List.of(keys, hidden));
            shapes.put(prefix + "self_attn.o_proj.weight", List.of(hidden, queries));
            shapes.put(prefix + "mlp.gate_proj.weight", List.of((long) config.intermediateSize(), hidden));
            shapes.put(prefix + "mlp.down_proj.weight", List.of(hidden, (long) config.intermediateSize()));
        }
        return shapes;
    }
}
