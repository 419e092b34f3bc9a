package dev.mimic.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
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
        index(Map.of("format", "mimic-factors", "version", "3"), Map.of());
        refused("version: expected '1' or '2', found '3'");
        index(METADATA, mapOf("../factors-00001.safetensors"));
        refused("expected a file named factors-NNNNN.safetensors");
        index(METADATA, mapOf("factors-00002.safetensors"));
        refused("no such file");
        index(METADATA, Map.of("w.U", "factors-00001.safetensors"));
        refused("w.S: missing");
        index(METADATA, Map.of("w.V", "factors-00001.safetensors"));
        refused("there is no .U beside it");
        index(METADATA, Map.of("w", "factors-00001.safetensors"));
        refused("ends in one of .U, .S, .V in version 1");
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

    private static final Map<String, Object> METADATA_8_BIT = Map.of("format", "mimic-factors", "version", "2");

    private static final Map<String, Object> PARTS_8_BIT = Map.of(
            "w.U", "factors-00001.safetensors",
            "w.US", "factors-00001.safetensors",
            "w.S", "factors-00001.safetensors",
            "w.VT", "factors-00001.safetensors",
            "w.VS", "factors-00001.safetensors");

    private static TensorView bytes(String name, int first, long... shape) {
        byte[] values = new byte[(int) (shape[0] * shape[1])];
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) (first + i);
        }
        return TensorView.of(name, DType.I8, MemorySegment.ofArray(values), shape);
    }

    @Test
    void factorsInEightBitsComeWithTheirScales() throws IOException {
        TensorView u = bytes("w.U", -7, 5, 3);
        TensorView us = sigma("w.US", 0.5f, 0.25f, 0);
        TensorView s = sigma("w.S", 3, 2, 2);
        TensorView vt = bytes("w.VT", 3, 3, 4);
        write("factors-00001.safetensors", u, us, s, vt, sigma("w.VS", 2, 0.125f, 1));
        index(METADATA_8_BIT, PARTS_8_BIT);
        String fingerprint;
        try (Factors factors = Factors.open(folder)) {
            Factor factor = factors.factor("w").orElseThrow();
            assertEquals(5, factor.factors().out());
            assertEquals(4, factor.factors().in());
            assertEquals(3, factor.factors().rank());
            assertTrue(factor.factors().transposed() && !factor.fullRank());
            assertEquals(-7 + 2 * 3 + 1, factor.factors().u().get(2 * 3 + 1));
            assertEquals(3 + 2 * 4 + 3, factor.factors().v().get(2 * 4 + 3));
            assertArrayEquals(new float[] {3, 2, 2}, factor.sigma());
            assertArrayEquals(new float[] {0.5f, 0.25f, 0}, factor.uScales());
            assertArrayEquals(new float[] {2, 0.125f, 1}, factor.vScales());
            assertArrayEquals(new float[] {3, 0.0625f, 0}, factor.scale());
            fingerprint = factors.fingerprint();
        }
        write("factors-00001.safetensors", u, us, s, vt, sigma("w.VS", 2, 0.125f, 2));
        try (Factors factors = Factors.open(folder)) {
            assertNotEquals(fingerprint, factors.fingerprint(), "scales count");
        }
    }

    @Test
    void eightBitsThatDoNotFitAreRefused() throws IOException {
        index(METADATA_8_BIT, PARTS_8_BIT);
        TensorView u = bytes("w.U", 1, 5, 3);
        TensorView us = sigma("w.US", 1, 1, 1);
        TensorView s = sigma("w.S", 3, 2, 1);
        TensorView vt = bytes("w.VT", 1, 3, 4);
        TensorView vs = sigma("w.VS", 1, 1, 1);
        Map<String, TensorView[]> bad = new LinkedHashMap<>();
        bad.put(
                "'w.U': type is BF16, expected I8 in version 2",
                new TensorView[] {tensor("w.U", DType.BF16, 5, 3), us, s, vt, vs});
        bad.put(
                "'w.VT': type is F32, expected I8 in version 2",
                new TensorView[] {u, us, s, tensor("w.VT", DType.F32, 3, 4), vs});
        bad.put(
                "U is [5, 3] and VT is [4, 3], expected [out, rank] and [rank, in]",
                new TensorView[] {u, us, s, bytes("w.VT", 1, 4, 3), vs});
        bad.put("tensor 'w.US': missing", new TensorView[] {u, s, vt, vs});
        bad.put("tensor 'w.VS': missing", new TensorView[] {u, us, s, vt});
        bad.put("US is F32 [2], expected F32 [3]", new TensorView[] {u, sigma("w.US", 1, 1), s, vt, vs});
        bad.put("VS is BF16 [3], expected F32 [3]", new TensorView[] {u, us, s, vt, tensor("w.VS", DType.BF16, 3)});
        bad.put(
                "US[1] is -1.0, expected finite and not negative",
                new TensorView[] {u, sigma("w.US", 1, -1, 1), s, vt, vs});
        bad.put(
                "VS[2] is NaN, expected finite and not negative",
                new TensorView[] {u, us, s, vt, sigma("w.VS", 1, 1, Float.NaN)});
        bad.put(
                "S[1] · US[1] · VS[1] is Infinity, expected finite",
                new TensorView[] {u, sigma("w.US", 1, 1e20f, 1), s, vt, sigma("w.VS", 1, 1e20f, 1)});
        for (Map.Entry<String, TensorView[]> entry : bad.entrySet()) {
            write("factors-00001.safetensors", entry.getValue());
            refused(entry.getKey());
        }
        write("factors-00001.safetensors", u, us, s, vt, vs);
        Factors.open(folder).close();
        index(METADATA, PARTS_8_BIT);
        refused("ends in one of .U, .S, .V in version 1");
        index(METADATA_8_BIT, mapOf("factors-00001.safetensors"));
        refused("ends in one of .U, .US, .S, .VT, .VS in version 2");
        write("factors-00001.safetensors", u, s, bytes("w.V", 1, 4, 3));
        index(METADATA, mapOf("factors-00001.safetensors"));
        refused("'w.U': type is I8, expected F32 or BF16");
    }
}
