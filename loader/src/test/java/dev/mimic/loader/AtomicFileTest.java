package dev.mimic.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AtomicFileTest {
    @TempDir
    private Path folder;

    @Test
    void aTextReplacesWhatStoodThere() throws IOException {
        Path file = folder.resolve("a.json");
        AtomicFile.writeText(file, "old and longer");
        AtomicFile.writeText(file, "néw 你");
        assertEquals("néw 你", Files.readString(file));
        assertEquals(List.of(file), listed());
    }

    @Test
    void nothingIsSeenUnderTheNameBeforeTheEnd() {
        Path file = folder.resolve("a.json");
        AtomicFile.write(file, channel -> {
            channel.write(ByteBuffer.wrap(new byte[10]));
            assertTrue(Files.notExists(file));
        });
        assertTrue(Files.exists(file));
    }

    @Test
    void aFailureLeavesNothingBehindAndNamesTheFile() throws IOException {
        Path file = folder.resolve("a.json");
        UncheckedIOException e = assertThrows(
                UncheckedIOException.class,
                () -> AtomicFile.write(file, channel -> {
                    channel.write(ByteBuffer.wrap(new byte[10]));
                    throw new IOException("disk full");
                }));
        assertTrue(e.getMessage().startsWith(file + ": cannot be written"), e.getMessage());
        assertEquals(List.of(), listed());
    }

    @Test
    void anInterruptLeavesNothingBehind() throws IOException {
        Path file = folder.resolve("a.json");
        assertThrows(
                UncheckedIOException.class,
                () -> AtomicFile.write(file, channel -> {
                    channel.write(ByteBuffer.wrap(new byte[10]));
                    Thread.currentThread().interrupt();
                    channel.write(ByteBuffer.wrap(new byte[10]));
                }));
        assertTrue(Thread.interrupted());
        assertEquals(List.of(), listed());
    }

    @Test
    void aMissingFolderIsNamed() {
        Path file = folder.resolve("missing/a.json");
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> AtomicFile.writeText(file, "x"));
        assertTrue(e.getMessage().startsWith(file + ": cannot be written"), e.getMessage());
        NoSuchFileException cause = assertInstanceOf(NoSuchFileException.class, e.getCause());
        assertEquals(file.getParent().toString(), cause.getFile());
    }

    @Test
    void noErrorNamesTheTemporaryFile() {
        String longName = "a".repeat(250); // fits a name, but not with what the temporary file adds
        UncheckedIOException e =
                assertThrows(UncheckedIOException.class, () -> AtomicFile.writeText(folder.resolve(longName), "x"));
        FileSystemException cause = assertInstanceOf(FileSystemException.class, e.getCause());
        assertEquals(folder.resolve(longName).toString(), cause.getFile());
        UncheckedIOException full = assertThrows(
                UncheckedIOException.class,
                () -> AtomicFile.write(folder.resolve("b"), channel -> {
                    throw new IOException("No space left on device");
                }));
        assertEquals(
                folder.resolve("b") + ": cannot be written: No space left on device",
                full.getCause().getMessage());
    }

    private List<Path> listed() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.toList();
        }
    }
}
