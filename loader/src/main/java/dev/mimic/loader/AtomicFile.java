package dev.mimic.loader;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes a file so that it is either there and whole or not there: a temporary file in the same folder, forced to disk,
 * then renamed. What stood there before stays until the rename, also for those who have it mapped.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** What fills the file. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything to a channel that stands at its start. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Checks that a file can stand where it is to be written, which is worth asking before long work.
     *
     * @throws UncheckedIOException naming the folder that is missing, or the file that is a folder
     */
    public static void requirePlace(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw unwritable(
                    file, new FileSystemException(file.toString(), null, "is a folder, expected a file to write"));
        }
        if (!Files.isDirectory(folder)) {
            String named = String.valueOf(file.getParent());
            throw unwritable(
                    file, Files.exists(folder) ? new NotDirectoryException(named) : new NoSuchFileException(named));
        }
    }

    /**
     * Writes a file; if the content throws, nothing is left behind and what stood there stays.
     *
     * @param file its folder must exist
     * @throws UncheckedIOException naming the file, if it cannot be written
     */
    public static void write(Path file, Content content) {
        requirePlace(file);
        Path target = file.toAbsolutePath();
        Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceFolder(target.getParent());
        } catch (IOException e) {
            throw unwritable(file, named(file, temporary, e));
        } finally {
            deleteLeftover(temporary);
        }
    }

    /**
     * The exception for a file or folder that cannot be written. Its cause names a file too, as those of a full disk do not
     * by themselves.
     *
     * @param e what happened
     */
    public static UncheckedIOException unwritable(Path file, IOException e) {
        IOException named = e;
        if (!(e instanceof FileSystemException)) {
            named = new FileSystemException(file.toString(), null, "cannot be written: " + e.getMessage());
            named.initCause(e);
        }
        return new UncheckedIOException(file + ": cannot be written: " + e, named);
    }

    /** An error that names the file, not the temporary one, which means nothing to anybody. */
    private static IOException named(Path file, Path temporary, IOException e) {
        if (!(e instanceof FileSystemException system) || !temporary.toString().equals(system.getFile())) {
            return e;
        }
        return e instanceof AccessDeniedException
                ? new AccessDeniedException(file.toString())
                : new FileSystemException(file.toString(), null, system.getReason());
    }

    /** Writes a text as UTF-8. */
    public static void writeText(Path file, String text) {
        writeBytes(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes bytes that are there already. */
    public static void writeBytes(Path file, byte[] content) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        write(file, channel -> {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    private static void deleteLeftover(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            return; // only after a failure is there anything to delete, and that failure is the one to tell
        }
    }

    /** Makes the rename itself durable where a folder can be opened; elsewhere the system decides. */
    private static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            return; // no handle on folders here (Windows): the file itself is on disk
        }
    }
}
