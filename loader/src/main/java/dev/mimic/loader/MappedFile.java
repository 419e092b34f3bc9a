package dev.mimic.loader;

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

/** A file mapped whole, read only, of any size. Its bytes may be read by any thread until {@link #close()}. */
public final class MappedFile implements AutoCloseable {
    private final Path path;
    private final RandomAccessFile file; // its length is asked, unlike a channel's, without harm by an interrupt
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;

    private MappedFile(Path path, RandomAccessFile file) throws IOException {
        this.path = path;
        this.file = file;
        MemorySegment mapped = null;
        try {
            mapped = file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, file.length(), arena);
        } finally {
            if (mapped == null) {
                arena.close();
            }
        }
        bytes = mapped;
    }

    /**
     * Maps a file.
     *
     * @throws InvalidModelException if it is missing or no file
     * @throws UncheckedIOException if it cannot be read
     */
    public static MappedFile open(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new InvalidModelException(
                    path, Files.exists(path) ? "expected a file, found a folder or device" : "no such file: " + path);
        }
        RandomAccessFile file = null;
        MappedFile mapped = null;
        try {
            file = new RandomAccessFile(path.toFile(), "r");
            mapped = new MappedFile(path, file);
            return mapped;
        } catch (IOException e) {
            throw unreadable(path, e);
        } finally {
            if (mapped == null) {
                close(file);
            }
        }
    }

    /** All bytes of the file. */
    public MemorySegment bytes() {
        return bytes;
    }

    /**
     * The file's bytes from its start, for one reader; read instead of mapped, so that a file that is
     * cut meanwhile ends early without harm. Closing it leaves the file open.
     */
    public InputStream stream() {
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

    /** Size of the file in bytes when it was opened. */
    public long size() {
        return bytes.byteSize();
    }

    /** Where the file lies. */
    public Path path() {
        return path;
    }

    /**
     * Checks that nobody has cut the file since it was opened. Reading bytes that a mapped file no longer has is an
     * {@link InternalError}, or ends the JVM: ask before each long operation.
     *
     * @throws InvalidModelException if the file is shorter than what is mapped
     */
    public void checkStillWhole() {
        try {
            long now = file.length();
            if (now < size()) {
                throw new InvalidModelException(
                        path, "the file was cut while in use, expected " + size() + " bytes, found " + now);
            }
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /** Unmaps the file; its bytes are dead from then on. May be called twice. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
            close(file);
        }
    }

    private static void close(RandomAccessFile file) {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static UncheckedIOException unreadable(Path path, IOException e) {
        return new UncheckedIOException(path + ": cannot be read: " + e.getMessage(), e);
    }
}
