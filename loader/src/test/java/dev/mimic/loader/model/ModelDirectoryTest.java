package dev.mimic.loader.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ModelDirectoryTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void writeConfig() throws IOException {
        Files.writeString(folder.resolve("config.json"), Configs.SMOLLM2);
    }

    @Test
    void aSingleFileIsOpened() throws IOException {
        write("model.safetensors", "a", "b");
        Files.writeString(folder.resolve("generation_config.json"), "{\"top_k\": 3}");
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            assertEquals(Set.of("a", "b"), model.tensorNames());
            assertEquals(576, model.config().hiddenSize());
            assertEquals(3, model.generationConfig().topK().orElseThrow());
            assertEquals(16, model.totalBytes());
            assertEquals(folder, model.path());
            assertEquals(List.of(2L), model.tensor("a").orElseThrow().shape());
            assertTrue(model.tensor("c").isEmpty());
        }
    }

    @Test
    void shardsAreOpenedAndWhatTheIndexLeavesOutIsThereToo() throws IOException {
        write("one.safetensors", "a", "extra");
        write("two.safetensors", "b");
        index("\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"");
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            assertEquals(List.of("a", "extra", "b"), List.copyOf(model.tensorNames()));
            assertEquals(24, model.totalBytes());
            assertEquals(2, model.files().size());
        }
    }

    @Test
    void theSingleFileWinsOverAnIndex() throws IOException {
        write("model.safetensors", "single");
        index("\"a\": \"missing.safetensors\"");
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            assertEquals(Set.of("single"), model.tensorNames());
        }
    }

    @Test
    void aFolderThatIsNoneIsNamed() {
        Path missing = folder.resolve("nowhere");
        assertRefused("nowhere: expected a model folder, found nothing at " + missing, missing);
        assertRefused("config.json: expected a model folder, found a file", folder.resolve("config.json"));
    }

    @Test
    void aFolderWithoutConfigIsNamed() throws IOException {
        Files.delete(folder.resolve("config.json"));
        assertRefused("config.json: expected this file in the model folder " + folder + ", found none", folder);
    }

    @Test
    void aFolderWithoutWeightsIsNamed() {
        assertRefused(
                folder.getFileName()
                        + ": expected model.safetensors or model.safetensors.index.json in the folder, found neither",
                folder);
    }

    @Test
    void anIndexThatNamesAMissingFileIsRefused() throws IOException {
        write("one.safetensors", "a");
        index("\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"");
        assertRefused(
                "model.safetensors.index.json: tensor 'b': expected its shard 'two.safetensors', found no such file",
                folder);
    }

    @Test
    void aShardThatLacksItsTensorIsRefused() throws IOException {
        write("one.safetensors", "a");
        index("\"a\": \"one.safetensors\", \"b\": \"one.safetensors\"");
        assertRefused("one.safetensors: tensor 'b': expected here by model.safetensors.index.json, found none", folder);
    }

    @Test
    void aTensorInTwoShardsIsRefused() throws IOException {
        write("one.safetensors", "a", "b");
        write("two.safetensors", "b");
        index("\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"");
        assertRefused("two.safetensors: tensor 'b': expected in one shard, found in 'one.safetensors' too", folder);
    }

    @Test
    void aTruncatedShardIsRefusedByItsName() throws IOException {
        write("one.safetensors", "a");
        try (RandomAccessFile file =
                new RandomAccessFile(folder.resolve("one.safetensors").toFile(), "rw")) {
            file.setLength(file.length() - 1);
        }
        index("\"a\": \"one.safetensors\"");
        assertRefused(
                "one.safetensors: tensor 'a': data_offsets: expected an end within the 7 bytes of data that the file"
                        + " holds, found [0, 8]",
                folder);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../outside.safetensors",
                "/etc/passwd",
                "sub/one.safetensors",
                "..",
                ".",
                "",
                "..\\\\one",
                "C:one",
                "a\\u0000b",
                "\\ud800"
            })
    void anIndexMayNotLeaveTheFolder(String shard) throws IOException {
        index("\"a\": \"" + shard + "\"");
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> ModelDirectory.open(folder));
        assertTrue(
                e.getMessage()
                        .startsWith("model.safetensors.index.json: weight_map.a: expected the name of a file in this"
                                + " folder, found '"),
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{}", "{\"weight_map\": {}}", "{\"weight_map\": {\"a\": 1}}", "{\"weight_map\": []}", "[]", "{"})
    void anIndexWithoutAMapIsRefused(String json) throws IOException {
        Files.writeString(folder.resolve("model.safetensors.index.json"), json);
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> ModelDirectory.open(folder));
        assertTrue(e.getMessage().startsWith("model.safetensors.index.json: "), e.getMessage());
    }

    @Test
    void aShardCutWhileOpenIsNamed() throws IOException {
        write("model.safetensors", "a");
        Path file = folder.resolve("model.safetensors");
        long size = Files.size(file);
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            model.checkStillWhole();
            try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
                cut.setLength(9);
            }
            String expected = "model.safetensors: the file was cut while in use, expected " + size + " bytes, found 9";
            assertEquals(
                    expected,
                    assertThrows(InvalidModelException.class, model::checkStillWhole)
                            .getMessage());
            assertEquals(
                    expected,
                    assertThrows(InvalidModelException.class, model::fingerprint)
                            .getMessage());
            assertEquals(
                    expected,
                    assertThrows(InvalidModelException.class, () -> model.verify(_ -> {}))
                            .getMessage());
        }
    }

    @Test
    void verifyCountsWhatIsNotFinitePerTensor() {
        SafetensorsWriter.write(
                folder.resolve("model.safetensors"),
                List.of(
                        view("good", 1, 2, 3),
                        view("bad", Float.NaN, 1, Float.POSITIVE_INFINITY),
                        TensorView.of("ids", DType.I64, MemorySegment.ofArray(new long[] {-1}), 1)),
                Map.of());
        AtomicLong bytes = new AtomicLong();
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            assertEquals(Map.of("good", 0L, "bad", 2L, "ids", 0L), model.verify(bytes::addAndGet));
            assertEquals(model.totalBytes(), bytes.get());
        }
    }

    @Test
    void theFingerprintDoesNotDependOnSharding() throws IOException {
        List<TensorView> all = List.of(view("b", 1, 2), view("a", 3), view("c", 4, 5, 6));
        SafetensorsWriter.write(folder.resolve("model.safetensors"), all, Map.of("note", "single"));
        String single = fingerprint();
        Files.delete(folder.resolve("model.safetensors"));
        SafetensorsWriter.write(folder.resolve("one.safetensors"), List.of(all.get(2), all.get(0)), Map.of());
        SafetensorsWriter.write(folder.resolve("two.safetensors"), List.of(all.get(1)), Map.of());
        index("\"a\": \"two.safetensors\", \"b\": \"one.safetensors\", \"c\": \"one.safetensors\"");
        assertEquals(single, fingerprint());
    }

    private String fingerprint() {
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            return model.fingerprint();
        }
    }

    private void write(String file, String... names) {
        SafetensorsWriter.write(
                folder.resolve(file),
                Arrays.stream(names).map(name -> view(name, 1, 2)).toList(),
                Map.of());
    }

    private static TensorView view(String name, float... values) {
        return TensorView.of(name, DType.F32, MemorySegment.ofArray(values), values.length);
    }

    private void index(String map) throws IOException {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"metadata\": {}, \"weight_map\": {" + map + "}}");
    }

    private static void assertRefused(String message, Path folder) {
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> ModelDirectory.open(folder));
        assertEquals(message, e.getMessage());
    }
}
