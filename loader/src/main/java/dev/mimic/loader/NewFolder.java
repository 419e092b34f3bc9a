package dev.mimic.loader;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A folder that is made before the work that is to fill it, so that one that cannot be made is said first. Closing it deletes
 * it, and the folders above that were made for it, as far as they were not there before and nothing came of them.
 */
public final class NewFolder implements AutoCloseable {
    /** What was not there before, the innermost first. */
    private final Deque<Path> made = new ArrayDeque<>();

    private NewFolder() {}

    /**
     * Makes a folder where there is none, and those that it is to lie in. Leaves none behind if it fails.
     *
     * @throws UncheckedIOException naming it, if it cannot be made or written to
     */
    public static NewFolder at(Path path) {
        NewFolder folder = new NewFolder();
        boolean usable = false;
        try {
            folder.make(path);
            if (!Files.isWritable(path)) {
                throw new AccessDeniedException(path.toString());
            }
            usable = true;
            return folder;
        } catch (IOException e) {
            throw AtomicFile.unwritable(path, e);
        } finally {
            if (!usable) {
                folder.deleteLeftovers();
            }
        }
    }

    /** Counts as made what this call made, whoever else makes folders there meanwhile. */
    private void make(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return;
        }
        if (path.getParent() != null) {
            make(path.getParent());
        }
        try {
            Files.createDirectory(path);
            made.push(path);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(path)) {
                NotDirectoryException file = new NotDirectoryException(path.toString());
                file.initCause(e);
                throw file;
            }
        }
    }

    private void deleteLeftovers() {
        try {
            delete();
        } catch (IOException e) {
            return; // only after a failure is there anything to delete, and that failure is the one to tell
        }
    }

    private void delete() throws IOException {
        while (!made.isEmpty()) {
            try {
                Files.deleteIfExists(made.pop());
            } catch (DirectoryNotEmptyException e) {
                made.clear(); // something came of it, and so of those above
            }
        }
    }

    /** Deletes what is new and empty, from the inside out. */
    @Override
    public void close() {
        try {
            delete();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
