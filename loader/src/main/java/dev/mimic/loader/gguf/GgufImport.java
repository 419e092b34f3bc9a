package dev.mimic.loader.gguf;

import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.TemporaryFolder;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.PendingTensor;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Makes a Hugging Face folder of a GGUF file: config.json, generation_config.json, tokenizer.json, tokenizer_config.json
 * and model.safetensors. Architectures llama (with Mistral), qwen2 and qwen3; what the folder could not express is refused
 * by name before anything is written.
 */
public final class GgufImport {
    private GgufImport() {}

    /** Is told how far an import has come. What it throws ends the import, and nothing is left behind. */
    @FunctionalInterface
    public interface Progress {
        /**
         * A tensor's turn has come.
         *
         * @param tensor its Hugging Face name
         * @param bytesDone bytes of weights already written
         * @param bytesTotal bytes of weights in all
         */
        void tensor(String tensor, long bytesDone, long bytesTotal);
    }

    /**
     * What was made.
     *
     * @param tensors number of tensors
     * @param bytes bytes of weights
     */
    public record Result(int tensors, long bytes) {}

    /**
     * Imports a file. The folder appears whole or not at all: it is written beside its place and renamed. At most one
     * tensor is in memory at a time.
     *
     * @param file the GGUF file
     * @param folder where to put the model; must not exist or be empty; its parent must exist
     * @param dtype F32, which holds dequantized weights exactly, or F16 or BF16, to which values are rounded (those that
     *     the file holds in that very type stay bit for bit)
     * @param progress called for each tensor
     * @throws dev.mimic.loader.InvalidModelException if the file is broken or holds what is not supported
     * @throws IllegalArgumentException if the dtype is another or the folder is not empty
     * @throws UncheckedIOException if files cannot be read or written
     */
    public static Result run(Path file, Path folder, DType dtype, Progress progress) {
        if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
            throw new IllegalArgumentException("import: dtype: expected F32, F16 or BF16, got " + dtype);
        }
        Path target = folder.toAbsolutePath().normalize();
        checkFree(target);
        try (GgufFile gguf = GgufFile.open(file)) {
            Prepared prepared = prepare(gguf, dtype);
            try (TemporaryFolder folderBeside = TemporaryFolder.beside(target)) {
                Path temporary = folderBeside.path();
                Files.createDirectory(temporary);
                prepared.texts().forEach((name, text) -> AtomicFile.writeText(temporary.resolve(name), text));
                Result result = writeWeights(gguf, prepared, temporary.resolve("model.safetensors"), progress);
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
                return result;
            } catch (IOException e) {
                throw AtomicFile.unwritable(folder, e);
            }
        }
    }

    /**
     * All that can be known before anything is written.
     *
     * @param texts contents of the small files, by name
     * @param tensors in the order they are written
     */
    record Prepared(Map<String, String> texts, List<TensorConversion> tensors) {
        long largest() {
            return tensors.stream().mapToLong(TensorConversion::byteSize).max().orElse(0);
        }

        long total() {
            return tensors.stream().mapToLong(TensorConversion::byteSize).sum();
        }
    }

    /** Reads and checks everything but the weights' values. */
    static Prepared prepare(GgufFile gguf, DType dtype) {
        GgufShape shape = GgufShape.read(gguf);
        TensorPlan plan = TensorPlan.of(gguf, shape);
        GgufVocabulary words = GgufVocabulary.read(gguf.metadata(), shape.vocabularySize());
        FolderTokenizer tokenizer = new FolderTokenizer(gguf.metadata(), words);
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("config.json", Json.writeIndented(FolderConfig.config(gguf, shape, plan, words, dtype)));
        texts.put("generation_config.json", Json.writeIndented(FolderConfig.generation(words)));
        texts.put("tokenizer.json", Json.write(tokenizer.tokenizer()));
        texts.put("tokenizer_config.json", Json.writeIndented(tokenizer.config()));
        List<TensorConversion> tensors = plan.tensors().stream()
                .map(planned -> new TensorConversion(gguf.path(), planned, dtype))
                .toList();
        return new Prepared(texts, tensors);
    }

    private static void checkFree(Path target) {
        if (Files.isDirectory(target)) {
            try (Stream<Path> files = Files.list(target)) {
                if (files.findAny().isEmpty()) {
                    return;
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        if (Files.exists(target)) {
            throw new IllegalArgumentException("import: " + target.getFileName()
                    + ": expected a folder that is new or empty, got one that is not");
        }
        if (target.getParent() == null || !Files.isDirectory(target.getParent())) {
            throw new IllegalArgumentException(
                    "import: " + target + ": expected a parent folder that exists, got none");
        }
    }

    private static Result writeWeights(GgufFile gguf, Prepared prepared, Path file, Progress progress) {
        long total = prepared.total();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(prepared.largest(), Long.BYTES);
            List<PendingTensor> pending = new ArrayList<>();
            long done = 0;
            for (TensorConversion tensor : prepared.tensors()) {
                MemorySegment target = buffer.asSlice(0, tensor.byteSize());
                long before = done;
                pending.add(new PendingTensor(tensor.name(), tensor.dtype(), tensor.shape(), () -> {
                    progress.tensor(tensor.name(), before, total);
                    gguf.checkStillWhole();
                    tensor.run(target);
                    gguf.checkStillWhole(); // values read before a fault are not to be trusted
                    return target;
                }));
                done += tensor.byteSize();
            }
            SafetensorsWriter.writePending(file, pending, Map.of("format", "pt"));
        }
        return new Result(prepared.tensors().size(), total);
    }
}
