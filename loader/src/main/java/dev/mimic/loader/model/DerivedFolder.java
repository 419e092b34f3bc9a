package dev.mimic.loader.model;

import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.TemporaryFolder;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.PendingTensor;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A model folder made from another one: it is written beside its place and moved there when it is whole. */
public final class DerivedFolder {
    private static final Map<String, String> METADATA = Map.of("format", "pt"); // transformers asks for it

    /** Endings of files that hold weights: these are not copied. */
    private static final List<String> WEIGHTS = List.of(
            ".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth", ".gguf", ".h5");

    private DerivedFolder() {}

    /** Largest weight file wanted, in bytes. */
    public static final long SHARD_BYTES = 5_000_000_000L;

    /**
     * Writes a folder.
     *
     * @param operation who asks, for messages
     * @param model whose other files are copied
     * @param out a folder that does not exist yet, or is empty
     * @param dtype the type that config.json is to name, if another
     * @param shardBytes largest weight file wanted
     * @param tensors made one by one, in order
     * @param texts other files by name, asked for when all tensors are written
     * @throws IllegalArgumentException if {@code out} holds something
     * @throws UncheckedIOException if it cannot be written
     */
    public static void write(
            String operation,
            ModelDirectory model,
            Path out,
            Optional<DType> dtype,
            long shardBytes,
            List<PendingTensor> tensors,
            Map<String, Supplier<String>> texts) {
        Path target = out.toAbsolutePath().normalize();
        try (TemporaryFolder temporary = TemporaryFolder.beside(target)) {
            Path folder = temporary.path();
            refuseFull(operation, target);
            Files.createDirectories(folder);
            copyOthers(model.path(), folder, dtype);
            writeWeights(folder, shardBytes, tensors);
            texts.forEach((name, text) -> AtomicFile.writeText(folder.resolve(name), text.get()));
            Files.deleteIfExists(target); // an empty folder
            Files.move(folder, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw AtomicFile.unwritable(out, e);
        }
    }

    private static void refuseFull(String operation, Path target) throws IOException {
        if (!Files.exists(target)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new IllegalArgumentException(operation + ": " + target + " is a file, expected a new folder");
        }
        try (Stream<Path> files = Files.list(target)) {
            Optional<Path> first = files.sorted().findFirst();
            if (first.isPresent()) {
                throw new IllegalArgumentException(operation + ": " + target + " holds '"
                        + first.get().getFileName() + "', expected a new or empty folder");
            }
        }
    }

    private static void copyOthers(Path from, Path to, Optional<DType> dtype) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = file.getFileName().toString();
                if (name.startsWith(".") || WEIGHTS.stream().anyMatch(name::endsWith)) {
                    continue;
                }
                if (name.equals("config.json") && dtype.isPresent()) {
                    AtomicFile.writeText(to.resolve(name), config(Json.readObject(file), dtype.get()));
                } else {
                    Files.copy(file, to.resolve(name));
                }
            }
        }
    }

    private static String config(JsonObject config, DType dtype) {
        String type = switch (dtype) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
        Map<String, Object> fields = new LinkedHashMap<>(config.asMap());
        if (fields.containsKey("dtype")) { // what newer files call it
            fields.put("dtype", type);
        }
        if (fields.containsKey("torch_dtype") || !fields.containsKey("dtype")) {
            fields.put("torch_dtype", type);
        }
        return Json.writeIndented(fields) + "\n";
    }

    private static void writeWeights(Path folder, long shardBytes, List<PendingTensor> tensors) {
        List<List<PendingTensor>> shards = shards(tensors, shardBytes);
        if (shards.size() == 1) {
            SafetensorsWriter.writePending(folder.resolve(WeightFiles.SINGLE), tensors, METADATA);
            return;
        }
        Map<String, Object> weightMap = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            shards.get(i).forEach(tensor -> weightMap.put(tensor.name(), name));
            SafetensorsWriter.writePending(folder.resolve(name), shards.get(i), METADATA);
        }
        long total = tensors.stream().mapToLong(PendingTensor::byteSize).sum();
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("metadata", Map.of("total_size", total));
        index.put("weight_map", weightMap);
        AtomicFile.writeText(folder.resolve(WeightFiles.INDEX), Json.writeIndented(index) + "\n");
    }

    private static List<List<PendingTensor>> shards(List<PendingTensor> tensors, long shardBytes) {
        List<List<PendingTensor>> shards = new ArrayList<>(List.of(new ArrayList<>()));
        long bytes = 0;
        for (PendingTensor tensor : tensors) {
            if (bytes > 0 && bytes + tensor.byteSize() > shardBytes) {
                shards.add(new ArrayList<>());
                bytes = 0;
            }
            shards.getLast().add(tensor);
            bytes += tensor.byteSize();
        }
        return shards;
    }
}
