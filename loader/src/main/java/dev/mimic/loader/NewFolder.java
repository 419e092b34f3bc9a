package dev.mimic.loader;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A folder that is made before the work that is to fill it, so that one that cannot be made is said first. Closing it deletes
 * it if it was not there before and nothing came of it.
 */
public final class NewFolder implements AutoCloseable {
    private final Path path;
    private final boolean made;

    private NewFolder(Path path, boolean made) {
        this.path = path;
        this.made = made;
    }

    /**
     * Makes a folder where there is none.
     *
     * @throws UncheckedIOException naming it, if it cannot be made or written to
     */
    public static NewFolder at(Path path) {
        try {
            boolean there = Files.exists(path);
            Files.createDirectories(path);
            if (!Files.isWritable(path)) {
                throw new AccessDeniedException(path.toString());
            }
            return new NewFolder(path, !there);
        } catch (IOException e) {
            throw AtomicFile.unwritable(path, e);
        }
    }

    /** Deletes it if it is new and empty. */
    @Override
    public void close() {
        if (!made) {
            return;
        }
        try {
            Files.deleteIfExists(path);
        } catch (DirectoryNotEmptyException e) {
            return; // something came of it
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
