package dev.mimic.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafetensorsFileTest {
    @TempDir
    private Path folder;

    @Test
    void aFileOverTwoGibibytesIsMappedWhole() throws IOException {
        long elements = (2L << 30) + 100; // of one byte: the last lies beyond what an int can say
        String header = ("{\"big\":{\"dtype\":\"I8\",\"shape\":[" + elements + "],\"data_offsets\":[0," + elements
                + "]},\"last\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[" + elements + "," + (elements + 2)
                + "]}}");
        byte[] start = Crafted.file(header, 1);
        start[start.length - 1] = 11;
        Path file = folder.resolve("sparse.safetensors");
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(start), 0);
            channel.write(ByteBuffer.wrap(new byte[] {22, 33, 44}), start.length - 1 + elements - 1);
        }
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            MemorySegment big = opened.tensor("big").orElseThrow().data();
            MemorySegment last = opened.tensor("last").orElseThrow().data();
            assertEquals(11, big.get(ValueLayout.JAVA_BYTE, 0));
            assertEquals(22, big.get(ValueLayout.JAVA_BYTE, elements - 1));
            assertEquals(33, last.get(ValueLayout.JAVA_BYTE, 0));
            assertEquals(44, last.get(ValueLayout.JAVA_BYTE, 1));
            assertEquals(start.length - 1 + elements + 2, opened.size());
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void aFileCutWhileOpenIsNamedWithExpectedAndFound() throws IOException {
        Path file = written("cut.safetensors");
        long size = Files.size(file);
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            opened.checkStillWhole();
            try (RandomAccessFile shorter = new RandomAccessFile(file.toFile(), "rw")) {
                shorter.setLength(size - 3);
            }
            InvalidModelException e = assertThrows(InvalidModelException.class, opened::checkStillWhole);
            assertEquals(
                    "cut.safetensors: the file was cut while in use, expected " + size + " bytes, found " + (size - 3),
                    e.getMessage());
        }
    }

    @Test
    void aFileThatGrewIsStillWhole() throws IOException {
        Path file = written("grown.safetensors");
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            Files.writeString(file, "more", StandardOpenOption.APPEND);
            opened.checkStillWhole();
        }
    }

    @Test
    void theCheckSurvivesAnInterrupt() throws IOException {
        try (SafetensorsFile opened = SafetensorsFile.open(written("interrupted.safetensors"))) {
            Thread.currentThread().interrupt();
            opened.checkStillWhole();
            assertTrue(Thread.interrupted());
            opened.checkStillWhole();
        }
    }

    @Test
    void aSegmentIsDeadAfterCloseAndCloseMayBeRepeated() throws IOException {
        SafetensorsFile opened = SafetensorsFile.open(written("closed.safetensors"));
        MemorySegment data = opened.tensor("x").orElseThrow().data();
        assertEquals(7, data.get(ValueLayout.JAVA_BYTE, 2));
        opened.close();
        opened.close();
        assertFalse(data.scope().isAlive());
        assertThrows(IllegalStateException.class, () -> data.get(ValueLayout.JAVA_BYTE, 2));
    }

    @Test
    void aMissingFileOrAFolderIsNamed() {
        Path missing = folder.resolve("missing.safetensors");
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> SafetensorsFile.open(missing));
        assertEquals("missing.safetensors: no such file: " + missing, e.getMessage());
        InvalidModelException notAFile = assertThrows(InvalidModelException.class, () -> SafetensorsFile.open(folder));
        assertEquals(folder.getFileName() + ": expected a file, found a folder or device", notAFile.getMessage());
    }

    @Test
    void aBrokenFileIsNotKeptOpen() throws IOException {
        Path file = folder.resolve("broken.safetensors");
        Files.write(file, Crafted.file("{\"a\":1}", 0));
        long before = openFiles();
        for (int i = 0; i < 20; i++) {
            assertThrows(InvalidModelException.class, () -> SafetensorsFile.open(file));
        }
        assertTrue(openFiles() < before + 20, "files stay open");
    }

    @Test
    void anEmptyTensorAtTheEndOfTheFileIsEmpty() throws IOException {
        Path file = folder.resolve("empty.safetensors");
        Files.write(file, Crafted.file("{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0));
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            assertEquals(0, opened.tensor("a").orElseThrow().elements());
        }
    }

    private Path written(String name) {
        Path file = folder.resolve(name);
        SafetensorsWriter.write(
                file,
                List.of(TensorView.of("x", DType.I8, MemorySegment.ofArray(new byte[] {5, 6, 7, 8}), 4)),
                Map.of("note", "é".repeat(20)));
        assertTrue(Files.exists(file));
        return file;
    }

    /** Open files of this process where the system tells; else 0. */
    private static long openFiles() throws IOException {
        Path list = Path.of("/proc/self/fd");
        if (!Files.isDirectory(list)) {
            return 0;
        }
        try (var entries = Files.list(list)) {
            return entries.count();
        }
    }

    @Test
    void messagesStayOnOneLine() throws IOException {
        Path file = folder.resolve("lines.safetensors");
        Files.write(file, Crafted.file("{\"a\\nb\\r\":{}}", 0));
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> SafetensorsFile.open(file));
        assertEquals("lines.safetensors: tensor 'a b ': dtype: missing", e.getMessage());
        assertEquals(
                1,
                new String(e.getMessage().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)
                        .lines()
                        .count());
    }
}
