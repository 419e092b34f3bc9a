package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.MappedFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;

/**
 * A GGUF file (version 2 or 3, little-endian), mapped into memory. Opening reads and checks the header only; {@link
 * #close()} unmaps, after which no tensor of it may be touched.
 */
public final class GgufFile implements AutoCloseable {
    private final MappedFile file;
    private final GgufHeader.Contents contents;

    private GgufFile(MappedFile file) {
        this.file = file;
        contents = GgufHeader.read(file.path(), file.bytes());
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws InvalidModelException in one line naming file, field, expected and found, if it is missing or not a GGUF
     *     file that can be read
     * @throws UncheckedIOException if it cannot be opened
     */
    @SuppressWarnings("resource") // closed on failure here, else by close()
    public static GgufFile open(Path path) {
        MappedFile file = MappedFile.open(path);
        boolean opened = false;
        try {
            GgufFile result = new GgufFile(file);
            opened = true;
            return result;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    /** The file. */
    public Path path() {
        return file.path();
    }

    /** The format's version, 2 or 3. */
    public int version() {
        return contents.version();
    }

    /** Bytes that every tensor's offset is a multiple of. */
    public int alignment() {
        return contents.alignment();
    }

    /** The key-value pairs. */
    public GgufMetadata metadata() {
        return contents.metadata();
    }

    /** The tensors by name, in the file's order. */
    public Map<String, GgufTensor> tensors() {
        return Collections.unmodifiableMap(contents.tensors());
    }

    /** The tensor of that name. */
    public Optional<GgufTensor> tensor(String name) {
        return Optional.ofNullable(contents.tensors().get(name));
    }

    /**
     * Checks that nobody has cut the file since it was mapped: touching a page that is gone can end the JVM.
     *
     * @throws InvalidModelException if the file on disk is shorter than the mapping
     */
    public void checkStillWhole() {
        file.checkStillWhole();
    }

    @Override
    public void close() {
        file.close();
    }
}
