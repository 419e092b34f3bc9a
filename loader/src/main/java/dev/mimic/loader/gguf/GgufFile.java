package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;

/**
 * A GGUF file (version 2 or 3, little-endian), mapped into memory. Opening reads and checks the header only; {@link
 * #close()} unmaps, after which no tensor of it may be touched.
 */
public final class GgufFile implements AutoCloseable {
    private final Path path;
    private final RandomAccessFile file;
    private final Arena arena;
    private final long length;
    private final GgufHeader.Contents contents;

    private GgufFile(Path path, RandomAccessFile file, Arena arena) throws IOException {
        this.path = path;
        this.file = file;
        this.arena = arena;
        length = file.length();
        contents = GgufHeader.read(path, file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, length, arena));
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
        if (!Files.isRegularFile(path)) {
            throw new InvalidModelException(
                    path, Files.exists(path) ? "expected a file, found a folder or device" : "no such file: " + path);
        }
        Arena arena = Arena.ofShared();
        RandomAccessFile file = null;
        boolean opened = false;
        try {
            file = new RandomAccessFile(path.toFile(), "r");
            GgufFile result = new GgufFile(path, file, arena);
            opened = true;
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read: " + e.getMessage(), e);
        } finally {
            if (!opened) {
                close(arena, file);
            }
        }
    }

    /** The file. */
    public Path path() {
        return path;
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
        try {
            long now = file.length();
            if (now < length) {
                throw new InvalidModelException(
                        path, "cut short while in use: expected " + length + " bytes, found " + now);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read: " + e, e);
        }
    }

    @Override
    public void close() {
        close(arena, file);
    }

    private static void close(Arena arena, RandomAccessFile file) {
        arena.close();
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
