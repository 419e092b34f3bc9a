package dev.mimic.loader;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The name of a folder beside its final place, to be filled and then renamed. What is left of it is deleted on closing,
 * and when the process is interrupted meanwhile.
 */
public final class TemporaryFolder implements AutoCloseable {
    private static final int TRIES = 100;
    private static final long PAUSE_NANOS = 10_000_000;

    private final Path path;
    private final Thread hook = new Thread(this::deleteWhileWritten, "mimic-folder-cleanup");

    private TemporaryFolder(Path path) {
        this.path = path;
    }

    /** A hidden sibling of a folder; not created yet. */
    public static TemporaryFolder beside(Path target) {
        TemporaryFolder folder = new TemporaryFolder(
                target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp"));
        Runtime.getRuntime().addShutdownHook(folder.hook);
        return folder;
    }

    /** The folder. */
    public Path path() {
        return path;
    }

    /** At the end of the process the writer still runs: it may make a file between the last deletion and the folder's. */
    private void deleteWhileWritten() {
        for (int i = 0; i < TRIES && Files.exists(path); i++) {
            try {
                delete();
            } catch (UncheckedIOException e) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private void delete() {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes what was not renamed. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the JVM is going down and runs it
        }
        delete();
    }
}
