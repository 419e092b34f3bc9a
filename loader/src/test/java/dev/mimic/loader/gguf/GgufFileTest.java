package dev.mimic.loader.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
    private static final int TENSOR_COUNT = 8;
    private static final int PAIR_COUNT = 16;

    @TempDir
    Path folder;

    private Path file(byte[] bytes) {
        try {
            return Files.write(folder.resolve("m.gguf"), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private GgufFile open(TestGguf gguf) {
        return GgufFile.open(file(gguf.bytes()));
    }

    private void assertRefused(byte[] bytes, String... words) {
        String message = assertThrows(
                        InvalidModelException.class,
                        () -> GgufFile.open(file(bytes)).close())
                .getMessage();
        assertTrue(message.startsWith("m.gguf: "), message);
        for (String word : words) {
            assertTrue(message.contains(word), message + " should hold " + word);
        }
    }

    private static byte[] patched(byte[] bytes, int at, byte[] value) {
        byte[] copy = bytes.clone();
        System.arraycopy(value, 0, copy, at, value.length);
        return copy;
    }

    private static TestGguf oneTensor() {
        return new TestGguf().tensor("t", GgufType.F32, TestGguf.floatBytes(1, 2, 3, 4, 5, 6), 2, 3);
    }

    @Test
    void everyKindOfValueIsRead() {
        TestGguf gguf = new TestGguf()
                .raw("u8", 0, new byte[] {(byte) 200})
                .raw("i8", 1, new byte[] {-5})
                .raw("u16", 2, new byte[] {(byte) 0xFE, (byte) 0xFF})
                .raw("i16", 3, new byte[] {(byte) 0xFE, (byte) 0xFF})
                .put("u32", -1)
                .raw("i32", 5, TestGguf.int32(-7))
                .put("f32", 1e-5f)
                .put("bool", true)
                .put("text", "né\u2581")
                .raw("u64", 10, TestGguf.int64(-1))
                .raw("i64", 11, TestGguf.int64(-2))
                .raw("f64", 12, TestGguf.int64(Double.doubleToLongBits(0.1)))
                .texts("texts", List.of("a", ""))
                .floats("floats", 0.5f, -1f)
                .ints("empty")
                .raw(
                        "nested",
                        9,
                        TestGguf.join(
                                TestGguf.int32(9), TestGguf.int64(1), TestGguf.int32(0), TestGguf.int64(2), new byte[] {
                                    1, 2
                                }));
        try (GgufFile file = open(gguf)) {
            GgufMetadata metadata = file.metadata();
            assertEquals(
                    Arrays.asList(
                            200L,
                            -5L,
                            65534L,
                            -2L,
                            4294967295L,
                            -7L,
                            1e-5f,
                            true,
                            "né\u2581",
                            new BigInteger("18446744073709551615"),
                            -2L,
                            0.1,
                            List.of("a", ""),
                            List.of(0.5f, -1f),
                            List.of(),
                            List.of(List.of(1L, 2L))),
                    List.copyOf(metadata.asMap().values()));
            assertEquals(Optional.of("né\u2581"), metadata.text("text"));
            assertEquals(Optional.of(List.of("a", "")), metadata.texts("texts"));
            assertEquals(Optional.of(200), metadata.integer("u8"));
            assertEquals(Optional.empty(), metadata.integer("absent"));
        }
    }

    @Test
    void keysOfTheWrongKindAreRefusedByName() {
        try (GgufFile file = open(new TestGguf()
                .put("k", "x")
                .ints("many", 3, 4)
                .ints("same", 3, 3)
                .put("n", -1))) {
            GgufMetadata metadata = file.metadata();
            assertEquals(Optional.of(3), metadata.integer("same"));
            for (Runnable read : List.<Runnable>of(
                    () -> metadata.integer("k"),
                    () -> metadata.bool("k"),
                    () -> metadata.number("k"),
                    () -> metadata.texts("k"),
                    () -> metadata.integer("many"),
                    () -> metadata.texts("many"),
                    () -> metadata.integer("n"),
                    () -> metadata.text("n"))) {
                String message =
                        assertThrows(InvalidModelException.class, read::run).getMessage();
                assertTrue(message.matches("m\\.gguf: (k|many|n): expected .*, found .*"), message);
            }
        }
    }

    @Test
    void bothVersionsAndOtherAlignmentsAreRead() {
        for (int version : new int[] {2, 3}) {
            for (int alignment : new int[] {8, 32, 256}) {
                TestGguf gguf = oneTensor().tensor("second", GgufType.F16, new byte[] {0, 60, 0, 64}, 2);
                gguf.version = version;
                gguf.alignment = alignment;
                try (GgufFile file = open(gguf.put("general.alignment", alignment))) {
                    assertEquals(version, file.version());
                    assertEquals(alignment, file.alignment());
                    GgufTensor t = file.tensor("t").orElseThrow();
                    assertEquals(List.of(2L, 3L), t.shape());
                    float[] row = new float[3];
                    t.readRow(1, new byte[12], row);
                    assertEquals(List.of(4f, 5f, 6f), List.of(row[0], row[1], row[2]));
                    file.tensor("second").orElseThrow().readRow(0, new byte[4], row);
                    assertEquals(List.of(1f, 2f), List.of(row[0], row[1]));
                }
            }
        }
    }

    @Test
    void whatIsNoGgufIsRefused() {
        assertRefused(new byte[0], "magic", "truncated");
        assertRefused("GGML....".getBytes(StandardCharsets.US_ASCII), "magic", "GGUF");
        assertRefused(patched(oneTensor().bytes(), 4, TestGguf.int32(1)), "version", "2 or 3", "found 1");
        assertRefused(patched(oneTensor().bytes(), 4, new byte[] {0, 0, 0, 3}), "big-endian");
        assertRefused(patched(oneTensor().bytes(), 4, TestGguf.int32(4)), "found 4");
        String missing = assertThrows(InvalidModelException.class, () -> GgufFile.open(folder.resolve("none.gguf")))
                .getMessage();
        assertTrue(missing.contains("no such file"), missing);
    }

    @Test
    void wildCountsAreRefusedBeforeAnythingIsAllocated() {
        byte[] sound = oneTensor().texts("list", List.of("a")).bytes();
        for (long count : new long[] {-1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 40, 1000}) {
            assertRefused(patched(sound, TENSOR_COUNT, TestGguf.int64(count)), "tensor count", "at most");
            assertRefused(patched(sound, PAIR_COUNT, TestGguf.int64(count)), "metadata count", "at most");
            assertRefused(patched(sound, 24, TestGguf.int64(count)), "metadata key 0", "at most");
            int items = 24 + 8 + 4 + 4 + 4;
            assertRefused(patched(sound, items, TestGguf.int64(count)), "list", "items", "at most");
            assertRefused(patched(sound, items + 8, TestGguf.int64(count)), "list", "bytes of text", "at most");
        }
    }

    @Test
    void brokenMetadataIsRefused() {
        assertRefused(new TestGguf().raw("k", 13, new byte[20]).bytes(), "k: value type", "found 13");
        assertRefused(new TestGguf().raw("k", 7, new byte[] {2}).bytes(), "k: expected a truth value", "found 2");
        assertRefused(new TestGguf().put("", 1).bytes(), "metadata key 0", "1 to 65535");
        byte[] twice = new TestGguf().put("key1", 1).put("key2", 2).bytes();
        twice[24 + 8 + 4 + 8 + 8 + 3] = '1';
        assertRefused(twice, "metadata key 'key1' stands twice");
        byte[] notUtf8 = new TestGguf().put("k", "ab").bytes();
        notUtf8[24 + 9 + 4 + 8] = (byte) 0xFF;
        assertRefused(notUtf8, "k: expected UTF-8");
        byte[] deep = new byte[0];
        for (int i = 0; i < 100; i++) {
            deep = TestGguf.join(TestGguf.int32(9), TestGguf.int64(1), deep);
        }
        assertRefused(
                new TestGguf().raw("k", 9, TestGguf.join(deep, new byte[64])).bytes(), "k: arrays are nested");
        for (int alignment : new int[] {0, 1, 4, 24, -8}) {
            assertRefused(new TestGguf().put("general.alignment", alignment).bytes(), "general.alignment", "expected");
        }
    }

    @Test
    void brokenTensorInfosAreRefused() {
        byte[] six = TestGguf.floatBytes(1, 2, 3, 4, 5, 6);
        assertRefused(oneTensor().tensor("t", GgufType.F32, six, 6).bytes(), "tensor 't' stands twice");
        assertRefused(
                new TestGguf().tensorAt("t", 23, six, 0, 6).bytes(), "tensor 't'", "IQ4_XS (23)", "not supported");
        assertRefused(new TestGguf().tensorAt("t", 99, six, 0, 6).bytes(), "tensor 't'", "type 99", "not supported");
        assertRefused(new TestGguf().tensor("t", GgufType.F32, six).bytes(), "tensor 't'", "dimensions", "found 0");
        assertRefused(
                new TestGguf().tensor("t", GgufType.F32, six, 1, 1, 1, 1, 6).bytes(), "tensor 't'", "found 5");
        assertRefused(new TestGguf().tensor("t", GgufType.F32, six, 0, 6).bytes(), "tensor 't'", "from 1 on", "[0, 6]");
        assertRefused(new TestGguf().tensor("t", GgufType.F32, six, 6, -1).bytes(), "tensor 't'", "[6, -1]");
        assertRefused(
                new TestGguf()
                        .tensor("t", GgufType.F32, six, 1L << 40, 1L << 40)
                        .bytes(),
                "tensor 't'",
                "overflow");
        assertRefused(
                new TestGguf()
                        .tensor("t", GgufType.F32, six, 1L << 31, 1L << 31)
                        .bytes(),
                "tensor 't'",
                "overflow");
        assertRefused(
                new TestGguf().tensor("t", GgufType.Q4_0, new byte[18], 33).bytes(), "tensor 't'", "multiple of 32");
        assertRefused(
                new TestGguf().tensor("t", GgufType.Q4_K, new byte[144], 32).bytes(), "tensor 't'", "multiple of 256");
    }

    @Test
    void tensorsOutsideTheirPlaceAreRefused() {
        byte[] eight = TestGguf.floatBytes(1, 2, 3, 4, 5, 6, 7, 8);
        int f32 = GgufType.F32.number();
        assertRefused(
                new TestGguf().tensorAt("t", f32, eight, 4, 7).bytes(),
                "tensor 't': offset",
                "multiple of 32",
                "found 4");
        assertRefused(
                new TestGguf()
                        .tensorAt("t", f32, eight, Long.MIN_VALUE, 8)
                        .bytes()
                        .clone(),
                "tensor");
        assertRefused(new TestGguf().tensorAt("t", f32, eight, 32, 8).bytes(), "tensor 't': truncated", "32 bytes");
        assertRefused(new TestGguf().tensorAt("t", f32, eight, 1L << 62, 8).bytes(), "tensor 't': truncated");
        assertRefused(new TestGguf().tensor("t", GgufType.F32, eight, 9).bytes(), "tensor 't': truncated", "36 bytes");
        TestGguf overlapping =
                new TestGguf().tensorAt("a", f32, new byte[64], 0, 16).tensorAt("b", f32, eight, 32, 8);
        assertRefused(overlapping.bytes(), "tensor 'b': offset 32 lies inside tensor 'a'");
    }

    @Test
    void everyTruncationIsRefused() {
        byte[] sound = oneTensor().put("a", "text").ints("b", 1, 2).bytes();
        int end = sound.length - 8; // the padding behind the last tensor may be missing
        for (int length = 0; length < end; length++) {
            assertRefused(Arrays.copyOf(sound, length), "found");
        }
        GgufFile.open(file(Arrays.copyOf(sound, end))).close();
    }

    @Test
    void aFileCutWhileMappedIsNoticed() throws IOException {
        Path path = file(oneTensor().bytes());
        try (GgufFile gguf = GgufFile.open(path)) {
            gguf.checkStillWhole();
            Files.write(path, new byte[10]);
            String message = assertThrows(InvalidModelException.class, gguf::checkStillWhole)
                    .getMessage();
            assertTrue(message.contains("was cut while in use") && message.contains("found 10"), message);
        }
    }
}
