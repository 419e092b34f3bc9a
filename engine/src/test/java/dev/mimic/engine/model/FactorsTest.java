package dev.mimic.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FactorsTest {
    private static final Map<String, Object> METADATA =
            Map.of("format", "mimic-factors", "version", "1", "base", "abc", "rank", "full");

    @TempDir
    Path folder;

    private static TensorView tensor(String name, DType dtype, long... shape) {
        long count = 1;
        for (long dimension : shape) {
            count *= dimension;
        }
        return TensorView.of(name, dtype, MemorySegment.ofArray(new byte[(int) count * dtype.bytes()]), shape);
    }

    private static TensorView sigma(String name, float... values) {
        return TensorView.of(name, DType.F32, MemorySegment.ofArray(values), values.length);
    }

    private void write(String shard, TensorView... tensors) {
        SafetensorsWriter.write(folder.resolve(shard), List.of(tensors), Map.of());
    }

    private void index(Map<String, Object> metadata, Map<String, Object> weightMap) throws IOException {
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("metadata", metadata);
        index.put("weight_map", new LinkedHashMap<>(weightMap));
        Files.writeString(folder.resolve(Factors.INDEX), Json.write(index));
    }

    private static Map<String, Object> mapOf(String shard) {
        return Map.of("w.U", shard, "w.S", shard, "w.V", shard);
    }

    private void good() throws IOException {
        write(
                "factors-00001.safetensors",
                tensor("w.U", DType.BF16, 5, 3),
                sigma("w.S", 3, 2, 2),
                tensor("w.V", DType.BF16, 3, 3));
        index(METADATA, mapOf("factors-00001.safetensors"));
    }

    private void refused(String part) {
        String message = assertThrows(
                        InvalidModelException.class, () -> Factors.open(folder).close())
                .getMessage();
        assertTrue(message.contains(part) && !message.contains("\n"), message);
    }

    @Test
    void aWholeFolderIsRead() throws IOException {
        good();
        try (Factors factors = Factors.open(folder)) {
            assertEquals(Set.of("w"), factors.weightNames());
            Factor factor = factors.factor("w").orElseThrow();
            assertArrayEquals(new float[] {3, 2, 2}, factor.sigma());
            assertEquals(5, factor.factors().u().rows());
            assertEquals(3, factor.factors().v().rows());
            assertTrue(factor.fullRank() && factors.fullRank());
            assertEquals("abc", factors.baseFingerprint());
            assertEquals(64, factors.fingerprint().length());
            assertFalse(factors.factor("other").isPresent());
        }
    }

    @Test
    void lessThanTheFullRankIsSeen() throws IOException {
        write(
                "factors-00001.safetensors",
                tensor("w.U", DType.F32, 5, 2),
                sigma("w.S", 3, 0),
                tensor("w.V", DType.F32, 3, 2));
        index(METADATA, mapOf("factors-00001.safetensors"));
        try (Factors factors = Factors.open(folder)) {
            assertFalse(factors.fullRank());
        }
    }

    @Test
    void anUnfinishedOrForeignFolderIsRefused() throws IOException {
        refused("the decomposition is not finished");
        good();
        index(Map.of("format", "pt", "version", "1"), Map.of());
        refused("format: expected 'mimic-factors', found 'pt'");
        index(Map.of("format", "mimic-factors", "version", "2"), Map.of());
        refused("version: expected '1', found '2'");
        index(METADATA, mapOf("../factors-00001.safetensors"));
        refused("expected a file named factors-NNNNN.safetensors");
        index(METADATA, mapOf("factors-00002.safetensors"));
        refused("no such file");
        index(METADATA, Map.of("w.U", "factors-00001.safetensors"));
        refused("w.S: missing");
        index(METADATA, Map.of("w.V", "factors-00001.safetensors"));
        refused("there is no .U beside it");
        index(METADATA, Map.of("w", "factors-00001.safetensors"));
        refused("ends in .U, .S or .V");
        index(METADATA, Map.of("x.U", "factors-00001.safetensors"));
        refused("x.U");
        Path none = folder.resolve("none");
        assertThrows(InvalidModelException.class, () -> Factors.open(none));
    }

    @Test
    void shapesThatDoNotFitAreRefused() throws IOException {
        index(METADATA, mapOf("factors-00001.safetensors"));
        TensorView u = tensor("w.U", DType.F32, 5, 3);
        TensorView s = sigma("w.S", 3, 2, 1);
        TensorView v = tensor("w.V", DType.F32, 3, 3);
        TensorView[][] bad = {
            {tensor("w.U", DType.F32, 15), s, v},
            {u, s, tensor("w.V", DType.F32, 3, 2)},
            {u, s, tensor("w.V", DType.F32, 2, 3)},
            {u, sigma("w.S", 2, 1), v},
            {u, tensor("w.S", DType.BF16, 3), v},
            {u, sigma("w.S", 1, 2, 0), v},
            {u, sigma("w.S", 1, 0, -1), v},
            {u, sigma("w.S", Float.NaN, 0, 0), v},
            {u, sigma("w.S", Float.POSITIVE_INFINITY, 0, 0), v},
            {tensor("w.U", DType.F16, 5, 3), s, v},
            {u, s},
        };
        for (TensorView[] tensors : bad) {
            write("factors-00001.safetensors", tensors);
            refused("w");
        }
        write("factors-00001.safetensors", u, s, v);
        Factors.open(folder).close();
    }
}
