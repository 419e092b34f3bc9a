package dev.mimic.bench;

import dev.mimic.loader.model.RandomModel;
import dev.mimic.loader.safetensors.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** One random model in the forms that runtimes read, made when first asked for. */
final class ModelFiles {
    private static final Map<String, String> QUANTIZED = Map.of("Q8", "Q8_0", "Q4", "Q4_0");

    private final RandomModel.Shape shape;
    private final Path work;
    private final Path tokenizer;

    /**
     * Names the files; nothing is written yet.
     *
     * @param work folder for them
     * @param tokenizer folder with tokenizer.json and tokenizer_config.json, of no larger vocabulary; null for none
     */
    ModelFiles(RandomModel.Shape shape, Path work, Path tokenizer) {
        this.shape = shape;
        this.work = work;
        this.tokenizer = tokenizer;
    }

    String name() {
        return shape.name();
    }

    /** Whether its tokens have texts, as the Java peers want: only where the tokenizer is of the shape's vocabulary. */
    boolean hasTokenizer() {
        return tokenizer != null && shape == RandomModel.LARGE;
    }

    /** The Hugging Face folder, F32 or BF16. */
    Path folder(String type) throws IOException {
        Path folder = work.resolve(shape.name() + "-" + type);
        if (!Files.exists(folder.resolve("model.safetensors"))) {
            Files.createDirectories(folder);
            if (hasTokenizer()) {
                for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
                    Files.write(folder.resolve(file), Files.readAllBytes(tokenizer.resolve(file)));
                }
            }
            RandomModel.write(folder, shape, DType.valueOf(type));
        }
        return folder;
    }

    /**
     * The GGUF file.
     *
     * @param quantize llama-quantize, for Q8 and Q4
     * @param named whether it must have a vocabulary
     */
    Path gguf(String type, Path quantize, boolean named) throws IOException, InterruptedException {
        Path file = work.resolve(shape.name() + "-" + type + ".gguf");
        if (named && !hasTokenizer()) {
            throw new IOException("gguf: " + shape.name() + " has no vocabulary");
        }
        if (Files.exists(file)) {
            return file;
        }
        if (!QUANTIZED.containsKey(type)) {
            GgufModel.main(new String[] {folder(type).toString(), file.toString()});
            return file;
        }
        if (quantize == null || !Files.isExecutable(quantize)) {
            throw new IOException("gguf: " + type + " needs llama-quantize beside llama-bench, found none");
        }
        Process process = new ProcessBuilder(
                        quantize.toString(),
                        "--pure",
                        gguf("BF16", quantize, named).toString(),
                        file.toString(),
                        QUANTIZED.get(type))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("gguf: llama-quantize ended with " + process.exitValue());
        }
        return file;
    }
}
