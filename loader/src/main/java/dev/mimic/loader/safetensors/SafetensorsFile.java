package dev.mimic.loader.safetensors;

import dev.mimic.loader.InvalidModelException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file in memory: mapped whole, read only, of any size. The tensors' segments may be read by any thread
 * until {@link #close()}.
 */
public final class SafetensorsFile implements AutoCloseable {
    private final Path path;
    private final RandomAccessFile file; // its length is asked, unlike a channel's, without harm by an interrupt
    private final long size;
    private final Arena arena;
    private final Map<String, TensorView> tensors;
    private final Map<String, String> metadata;

    private SafetensorsFile(Path path, RandomAccessFile file, Arena arena) throws IOException {
        this.path = path;
        this.file = file;
        this.arena = arena;
        this.size = file.length();
        SafetensorsHeader header = SafetensorsHeader.read(bytesOf(file), size, String.valueOf(path.getFileName()));
        this.metadata = header.metadata();
        MemorySegment whole = file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        Map<String, TensorView> views = new LinkedHashMap<>();
        for (SafetensorsHeader.Entry entry : header.entries()) {
            MemorySegment data = whole.asSlice(header.dataStart() + entry.begin(), entry.end() - entry.begin());
            views.put(entry.name(), new TensorView(entry.name(), entry.dtype(), entry.shape(), data));
        }
        this.tensors = Collections.unmodifiableMap(views);
    }

    /**
     * Opens and maps a file. Only its header is read.
     *
     * @throws InvalidModelException if it is missing, no file, or not whole and well-formed
     * @throws UncheckedIOException if it cannot be read
     */
    @SuppressWarnings("resource") // closed on failure here, else by close()
    public static SafetensorsFile open(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new InvalidModelException(
                    path, Files.exists(path) ? "expected a file, found a folder or device" : "no such file: " + path);
        }
        Arena arena = Arena.ofShared();
        RandomAccessFile file = null;
        boolean opened = false;
        try {
            file = new RandomAccessFile(path.toFile(), "r");
            SafetensorsFile result = new SafetensorsFile(path, file, arena);
            opened = true;
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": " + e.getMessage(), e);
        } finally {
            if (!opened) {
                close(arena, file);
            }
        }
    }

    /** The tensors by name, in the order in which their bytes lie. */
    public Map<String, TensorView> tensors() {
        return tensors;
    }

    /** The tensor of that name. */
    public Optional<TensorView> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** The texts of {@code __metadata__}, in the file's order; empty if there are none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Where the file lies. */
    public Path path() {
        return path;
    }

    /** Size of the file in bytes when it was opened. */
    public long size() {
        return size;
    }

    /**
     * Checks that nobody has cut the file since it was opened. Reading bytes that a mapped file no longer has is an
     * {@link InternalError}: ask before each long operation.
     *
     * @throws InvalidModelException if the file is shorter than what is mapped
     */
    public void checkStillWhole() {
        try {
            long now = file.length();
            if (now < size) {
                throw new InvalidModelException(
                        path, "the file was cut while in use, expected " + size + " bytes, found " + now);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": " + e.getMessage(), e);
        }
    }

    /** Unmaps the file; its segments are dead from then on. May be called twice. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            close(arena, file);
        }
    }

    private static void close(Arena arena, RandomAccessFile file) {
        arena.close();
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static InputStream bytesOf(RandomAccessFile file) {
        return new BufferedInputStream(new InputStream() {
            @Override
            public int read() throws IOException {
                return file.read();
            }

            @Override
            public int read(byte[] to, int offset, int length) throws IOException {
                return file.read(to, offset, length);
            }
        });
    }
}
