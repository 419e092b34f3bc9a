package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/**
 * What MODEL on a command line stands for: a folder, or the model in the jar, which is unpacked for the command's time.
 *
 * @param folder the model's folder
 * @param bundled the model in the jar, or null
 */
record ModelSource(Path folder, BundledModel bundled) implements AutoCloseable {
    /**
     * Finds the model.
     *
     * @param name a folder, or {@code bundled}
     * @throws UncheckedIOException if there is no such folder
     */
    static ModelSource of(String name) {
        if (name.equals(BundledModel.NAME)) {
            BundledModel bundled = BundledModel.unpack();
            return new ModelSource(bundled.folder(), bundled);
        }
        Path folder = Path.of(name);
        if (!Files.exists(folder)) {
            throw new UncheckedIOException(new NoSuchFileException(name));
        }
        if (!Files.isDirectory(folder)) {
            throw new UncheckedIOException(new NotDirectoryException(name));
        }
        return new ModelSource(folder, null);
    }

    boolean isBundled() {
        return bundled != null;
    }

    @Override
    public void close() {
        if (bundled != null) {
            bundled.close();
        }
    }
}
