package dev.mimic.loader.torch;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.TensorView;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Reads a dictionary of tensors as torch.save writes it since torch 1.6: a zip archive of a pickle and the storages. Only
 * tensors are read; anything else in the pickle is refused and nothing of it is ever run.
 */
public final class TorchFile {
    /** Adapters are small; more than this is another kind of file. */
    private static final long MAX_BYTES = 1L << 30;

    private TorchFile() {}

    /**
     * Reads all tensors into heap memory, names in the file's order.
     *
     * @throws InvalidModelException if the file is not a dictionary of contiguous tensors
     * @throws UncheckedIOException if it cannot be read
     */
    public static Map<String, TensorView> read(Path path) {
        String file = String.valueOf(path.getFileName());
        try (ZipFile zip = new ZipFile(path.toFile())) {
            ZipEntry pickle = zip.stream()
                    .filter(entry -> entry.getName().endsWith("/data.pkl"))
                    .findFirst()
                    .orElseThrow(() -> new InvalidModelException(file, "no data.pkl in the archive"));
            String root = pickle.getName().substring(0, pickle.getName().length() - "data.pkl".length());
            checkByteOrder(zip, root, file);
            if (!(PickleReader.read(file, bytes(zip, pickle, file)) instanceof Map<?, ?> map)) {
                throw new InvalidModelException(file, "expected a dictionary of tensors");
            }
            return tensors(zip, root, file, map);
        } catch (ZipException e) {
            throw new InvalidModelException(
                    file,
                    "not a zip archive as torch.save writes it since 1.6 (load and save it again): " + e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void checkByteOrder(ZipFile zip, String root, String file) throws IOException {
        ZipEntry entry = zip.getEntry(root + "byteorder");
        if (entry != null
                && !new String(bytes(zip, entry, file), java.nio.charset.StandardCharsets.US_ASCII).equals("little")) {
            throw new InvalidModelException(file, "byteorder: expected little");
        }
    }

    private static Map<String, TensorView> tensors(ZipFile zip, String root, String file, Map<?, ?> map)
            throws IOException {
        Map<String, MemorySegment> storages = new HashMap<>();
        Map<String, TensorView> tensors = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String name)
                    || !(entry.getValue() instanceof PickleReader.StoredTensor tensor)) {
                throw new InvalidModelException(file, "'" + entry.getKey() + "': expected a tensor");
            }
            String key = tensor.storage().key();
            MemorySegment storage = storages.get(key);
            if (storage == null) {
                ZipEntry data = zip.getEntry(root + "data/" + key);
                if (data == null) {
                    throw new InvalidModelException(file, "'" + name + "': no storage data/" + key + " in the archive");
                }
                storage = MemorySegment.ofArray(bytes(zip, data, file));
                storages.put(key, storage);
            }
            tensors.put(name, view(file, name, tensor, storage));
        }
        return tensors;
    }

    private static TensorView view(String file, String name, PickleReader.StoredTensor tensor, MemorySegment storage) {
        DType dtype = dtype(file, name, tensor.storage().type());
        List<Long> contiguous = new ArrayList<>();
        long elements = 1;
        for (int i = tensor.shape().size() - 1; i >= 0; i--) {
            contiguous.addFirst(elements);
            long dimension = tensor.shape().get(i);
            if (dimension < 0 || (dimension > 0 && elements > MAX_BYTES / dimension)) {
                throw new InvalidModelException(file, "'" + name + "': shape " + tensor.shape() + " is out of range");
            }
            elements *= dimension;
        }
        if (!tensor.strides().equals(contiguous)) {
            throw new InvalidModelException(
                    file, "'" + name + "': strides " + tensor.strides() + ", expected contiguous " + contiguous);
        }
        long end = tensor.offset() + elements;
        if (tensor.offset() < 0 || tensor.offset() > MAX_BYTES || end * dtype.bytes() > storage.byteSize()) {
            throw new InvalidModelException(
                    file,
                    "'" + name + "': elements " + tensor.offset() + " to " + end + " of a storage of "
                            + storage.byteSize() / dtype.bytes());
        }
        MemorySegment data = storage.asSlice(tensor.offset() * dtype.bytes(), elements * dtype.bytes());
        return new TensorView(name, dtype, tensor.shape(), data);
    }

    private static DType dtype(String file, String name, String storage) {
        return switch (storage) {
            case "torch.FloatStorage" -> DType.F32;
            case "torch.DoubleStorage" -> DType.F64;
            case "torch.HalfStorage" -> DType.F16;
            case "torch.BFloat16Storage" -> DType.BF16;
            default ->
                throw new InvalidModelException(
                        file, "'" + name + "': " + storage + ", expected Float, Double, Half or BFloat16 storage");
        };
    }

    private static byte[] bytes(ZipFile zip, ZipEntry entry, String file) throws IOException {
        if (entry.getSize() < 0 || entry.getSize() > MAX_BYTES) {
            throw new InvalidModelException(
                    file, entry.getName() + " has " + entry.getSize() + " bytes, expected at most " + MAX_BYTES);
        }
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] bytes = in.readNBytes((int) entry.getSize());
            if (bytes.length < entry.getSize()) {
                throw new InvalidModelException(
                        file, entry.getName() + ": expected " + entry.getSize() + " bytes, found " + bytes.length);
            }
            return bytes;
        }
    }
}
