package dev.mimic.loader.model;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorScan;
import dev.mimic.loader.safetensors.TensorView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * A Hugging Face model folder: config.json, generation_config.json and quantization.json if there are such, and the weights, mapped, from
 * model.safetensors or else from the shards that model.safetensors.index.json names. Tensors keep their names in the
 * files; they may be read by any thread until {@link #close()}.
 */
public final class ModelDirectory implements AutoCloseable {
    private final Path path;
    private final ModelConfig config;
    private final GenerationConfig generationConfig;
    private final Optional<QuantizationManifest> quantization;
    private final List<SafetensorsFile> files;
    private final Map<String, TensorView> tensors;

    private ModelDirectory(
            Path path,
            ModelConfig config,
            GenerationConfig generationConfig,
            Optional<QuantizationManifest> quantization,
            List<SafetensorsFile> files) {
        this.path = path;
        this.config = config;
        this.generationConfig = generationConfig;
        this.quantization = quantization;
        this.files = files;
        Map<String, TensorView> all = new LinkedHashMap<>();
        files.forEach(file -> all.putAll(file.tensors()));
        this.tensors = Collections.unmodifiableMap(all);
    }

    /**
     * Opens a folder. Of the weights only the headers are read.
     *
     * @throws InvalidModelException in one line, if a file is missing or not what it claims to be
     */
    public static ModelDirectory open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidModelException(
                    folder,
                    "expected a model folder, found " + (Files.exists(folder) ? "a file" : "nothing at " + folder));
        }
        Path configFile = folder.resolve("config.json");
        if (!Files.isRegularFile(configFile)) {
            throw new InvalidModelException(
                    configFile, "expected this file in the model folder " + folder + ", found none");
        }
        ModelConfig config = ModelConfig.read(configFile);
        Path generation = folder.resolve("generation_config.json");
        GenerationConfig generationConfig =
                Files.isRegularFile(generation) ? GenerationConfig.read(generation) : GenerationConfig.none();
        Path manifest = folder.resolve(QuantizationManifest.FILE);
        Optional<QuantizationManifest> quantization =
                Files.exists(manifest) ? Optional.of(QuantizationManifest.read(manifest)) : Optional.empty();
        return new ModelDirectory(folder, config, generationConfig, quantization, WeightFiles.open(folder));
    }

    /** The folder. */
    public Path path() {
        return path;
    }

    /** What config.json says. */
    public ModelConfig config() {
        return config;
    }

    /** What generation_config.json proposes; nothing if there is none. */
    public GenerationConfig generationConfig() {
        return generationConfig;
    }

    /** What quantization.json says; empty for a plain model. */
    public Optional<QuantizationManifest> quantization() {
        return quantization;
    }

    /**
     * Checks that the weights are plain numbers.
     *
     * @param operation what needs them, for the message
     * @throws InvalidModelException if they are quantized
     */
    public void requirePlain(String operation) {
        if (quantization.isPresent()) {
            throw new InvalidModelException(
                    path.resolve(QuantizationManifest.FILE),
                    "the model is quantized to " + quantization.get().format() + ", " + operation
                            + " expected the plain one it was made from");
        }
    }

    /** The names of all tensors, file by file, in the order of their bytes. */
    public Set<String> tensorNames() {
        return tensors.keySet();
    }

    /** The tensor of that name, such as {@code model.embed_tokens.weight}. */
    public Optional<TensorView> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** The weight files that are mapped. */
    public List<Path> files() {
        return files.stream().map(SafetensorsFile::path).toList();
    }

    /** Bytes of all tensors together. */
    public long totalBytes() {
        return tensors.values().stream()
                .mapToLong(view -> view.data().byteSize())
                .sum();
    }

    /**
     * The model's fingerprint: {@link Fingerprint#of} all its tensors; of a quantized model that of the one it was made
     * from. Reads up to 64 KiB of each tensor.
     */
    public String fingerprint() {
        if (quantization.isPresent()) {
            return quantization.get().base();
        }
        checkStillWhole();
        return Fingerprint.of(tensors.values());
    }

    /**
     * Checks that nobody has cut a weight file since it was opened.
     *
     * @throws InvalidModelException if one is shorter than what is mapped
     */
    public void checkStillWhole() {
        files.forEach(SafetensorsFile::checkStillWhole);
    }

    /**
     * Reads every byte and counts what is not finite.
     *
     * @param progress gets the number of bytes read since it was called last; called by this thread
     * @return per tensor the elements that are NaN or infinite; 0 for integer tensors
     * @throws InvalidModelException if a file is cut meanwhile or cannot be read
     */
    public Map<String, Long> verify(LongConsumer progress) {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (SafetensorsFile file : files) {
            counts.putAll(TensorScan.nonFinite(file, progress));
        }
        return counts;
    }

    /** Unmaps the weights. May be called twice. */
    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
