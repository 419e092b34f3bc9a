package dev.mimic.loader.safetensors;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.MappedFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
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
    private final MappedFile file;
    private final Map<String, TensorView> tensors;
    private final Map<String, String> metadata;

    private SafetensorsFile(MappedFile file) throws IOException {
        this.file = file;
        SafetensorsHeader header = SafetensorsHeader.read(
                file.stream(), file.size(), String.valueOf(file.path().getFileName()));
        this.metadata = header.metadata();
        Map<String, TensorView> views = new LinkedHashMap<>();
        for (SafetensorsHeader.Entry entry : header.entries()) {
            MemorySegment data = file.bytes().asSlice(header.dataStart() + entry.begin(), entry.end() - entry.begin());
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
        MappedFile file = MappedFile.open(path);
        boolean opened = false;
        try {
            SafetensorsFile result = new SafetensorsFile(file);
            opened = true;
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read: " + e.getMessage(), e);
        } finally {
            if (!opened) {
                file.close();
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
        return file.path();
    }

    /** Size of the file in bytes when it was opened. */
    public long size() {
        return file.size();
    }

    /**
     * Checks that nobody has cut the file since it was opened. Reading bytes that a mapped file no longer has is an
     * {@link InternalError}: ask before each long operation.
     *
     * @throws InvalidModelException if the file is shorter than what is mapped
     */
    public void checkStillWhole() {
        file.checkStillWhole();
    }

    /** Unmaps the file; its segments are dead from then on. May be called twice. */
    @Override
    public void close() {
        file.close();
    }
}
