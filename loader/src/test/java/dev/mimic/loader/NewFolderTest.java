package dev.mimic.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NewFolderTest {
    @TempDir
    private Path folder;

    private List<Path> listed() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    @Test
    void aNewOneGoesIfNothingCameOfIt() throws IOException {
        NewFolder made = NewFolder.at(folder.resolve("a"));
        assertTrue(Files.isDirectory(folder.resolve("a")));
        made.close();
        assertEquals(List.of(), listed());
        made.close(); // does nothing
    }

    @Test
    void aNewOneStaysIfSomethingDid() throws IOException {
        Path file = folder.resolve("a/b/file");
        try (NewFolder _ = NewFolder.at(file.getParent())) {
            Files.writeString(file, "text");
        }
        assertEquals("text", Files.readString(file));
    }

    @Test
    void oneThatWasThereStays() throws IOException {
        Path old = Files.createDirectory(folder.resolve("old"));
        try (NewFolder _ = NewFolder.at(old)) {
            assertTrue(Files.isDirectory(old));
        }
        assertTrue(Files.isDirectory(old));
        Path link = Files.createSymbolicLink(folder.resolve("link"), old);
        NewFolder.at(link).close();
        assertTrue(Files.isSymbolicLink(link));
    }

    @Test
    void thoseAboveItGoTooUpToTheFirstThatIsNotNewOrNotEmpty() throws IOException {
        Path old = Files.createDirectory(folder.resolve("old"));
        NewFolder.at(old.resolve("a/b/c")).close();
        assertEquals(List.of(old), listed());
        assertFalse(Files.exists(old.resolve("a")));
        try (NewFolder _ = NewFolder.at(old.resolve("a/b/c"))) {
            Files.writeString(old.resolve("a/file"), "text");
        }
        assertTrue(Files.exists(old.resolve("a/file")));
        assertFalse(Files.exists(old.resolve("a/b")));
    }

    @Test
    void whatSomebodyElseDeletedIsNotMissed() throws IOException {
        try (NewFolder _ = NewFolder.at(folder.resolve("a/b"))) {
            Files.delete(folder.resolve("a/b"));
        }
        assertEquals(List.of(), listed());
    }

    @Test
    void aFileInTheWayIsNamedAndNothingIsLeft() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "text");
        Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nowhere"));
        refused(file, file);
        refused(file.resolve("a/b"), file);
        refused(dangling, dangling);
        Path around = folder.resolve("new/../file");
        refused(around.resolve("a"), around); // after `new` was made
        assertEquals(2, listed().size(), listed()::toString);
        assertEquals("text", Files.readString(file));
    }

    private static void refused(Path path, Path named) {
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> NewFolder.at(path));
        assertTrue(e.getMessage().startsWith(path + ": cannot be written: "), e.getMessage());
        assertEquals(
                named.toString(),
                assertInstanceOf(NotDirectoryException.class, e.getCause()).getFile());
    }

    @Test
    void oneThatCannotBeWrittenToIsRefused() throws IOException {
        Path old = Files.createDirectory(folder.resolve("old"));
        assertTrue(old.toFile().setWritable(false));
        assumeFalse(Files.isWritable(old), "root may write everywhere");
        for (Path path : List.of(old, old.resolve("a"))) {
            UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> NewFolder.at(path));
            assertEquals(
                    path.toString(),
                    assertInstanceOf(AccessDeniedException.class, e.getCause()).getFile());
        }
    }
}
