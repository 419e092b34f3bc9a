package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;

/**
 * A GGUF file (version 2 or 3, little-endian), mapped into memory. Opening reads and checks the header only; {@link
 * #close()} unmaps, after which no tensor of it may be touched.
 */
public final class GgufFile implements AutoCloseable {
    private final Path path;
    private final Arena arena;
    private final long length;
    private final GgufHeader.Contents contents;

    private GgufFile(Path path, Arena arena, long length, GgufHeader.Contents contents) {
        this.path = path;
        this.arena = arena;
        this.length = length;
        this.contents = contents;
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws InvalidModelException in one line naming file, field, expected and found, if it is not a GGUF file that can
     *     be read
     * @throws UncheckedIOException if it cannot be opened
     */
    public static GgufFile open(Path path) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long length = channel.size();
            MemorySegment bytes =
                    length == 0 ? MemorySegment.NULL : channel.map(FileChannel.MapMode.READ_ONLY, 0, length, arena);
            return new GgufFile(path, arena, length, GgufHeader.read(path, bytes));
        } catch (IOException e) {
            arena.close();
            throw new UncheckedIOException(path + ": cannot be read: " + e, e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
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
            long now = Files.size(path);
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
        arena.close();
    }
}
