package dev.mimic.adapt.lora;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.model.LowRankFactors;
import dev.mimic.engine.model.WeightReader;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelConfig;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A folder as Hugging Face PEFT writes a LoRA adapter: {@code adapter_config.json} and {@code adapter_model.safetensors}
 * with tensors {@code base_model.model.MODULE.lora_A.weight} [r, in] and {@code ….lora_B.weight} [out, r].
 */
public final class PeftFolder {
    static final String WEIGHTS = "adapter_model.safetensors";
    static final String PREFIX = "base_model.model.";
    static final String A = ".lora_A.weight";
    static final String B = ".lora_B.weight";

    private static final Pattern TENSOR = Pattern.compile(Pattern.quote(PREFIX) + "(?<module>model\\.layers\\."
            + "(?<layer>[0-9]{1,6})\\.(?<kind>self_attn\\.[qkvo]_proj|mlp\\.(?:gate|up|down)_proj))"
            + "\\.lora_(?<part>[AB])\\.weight");

    private PeftFolder() {}

    /**
     * Reads an adapter.
     *
     * @param model the model that it is to adapt
     * @param notes hears what the user should know, one line each
     * @throws InvalidModelException in one line naming file, key or tensor, expected and found: a key that changes the math
     *     and is not supported, a tensor of another kind or shape, a module with A or B alone
     */
    public static PeftAdapter read(Path folder, ModelConfig model, Consumer<String> notes) {
        PeftConfig config = PeftConfig.read(folder, notes);
        Path file = folder.resolve(WEIGHTS);
        if (!Files.exists(file) && Files.exists(folder.resolve("adapter_model.bin"))) {
            throw new InvalidModelException(folder, "holds adapter_model.bin, expected " + WEIGHTS);
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            Map<String, TensorView> as = new TreeMap<>();
            Map<String, TensorView> bs = new TreeMap<>();
            for (TensorView tensor : tensors.tensors().values()) {
                Matcher parts = parts(file, tensor, config, model);
                (parts.group("part").equals("A") ? as : bs).put(parts.group("module"), tensor);
            }
            checkPairs(file, as, bs);
            Map<String, LowRankFactors> weights = new LinkedHashMap<>();
            as.forEach((module, a) ->
                    weights.put(module + ".weight", factors(file, config, model, module, a, bs.get(module))));
            Map<String, String> origin = new LinkedHashMap<>(tensors.metadata());
            origin.remove("format");
            return new PeftAdapter(String.valueOf(folder.getFileName()), new Adapter.LowRank(weights), origin);
        }
    }

    /**
     * Writes an adapter, whole or not at all: beside its place, then moved there. A folder that holds an adapter is
     * replaced.
     *
     * @param settings what made it
     * @param layers of the model that it adapts
     * @throws IllegalArgumentException if there is a file, or a folder that holds anything else, or if a weight's rank or
     *     scale is not that of the settings
     */
    public static void write(Path out, PeftAdapter adapter, LowRankSettings settings, int layers) {
        PeftWriter.write(out, adapter, settings, layers);
    }

    /**
     * Checks that {@link #write} may write there, before long work.
     *
     * @throws IllegalArgumentException if there is a file, or a folder that holds anything else than an adapter
     */
    public static void checkMayBeWritten(Path out) {
        PeftWriter.checkMayBeReplaced(out.toAbsolutePath().normalize());
    }

    private static Matcher parts(Path file, TensorView tensor, PeftConfig config, ModelConfig model) {
        Matcher parts = TENSOR.matcher(tensor.name());
        if (!parts.matches()) {
            throw invalid(file, tensor, "is not supported, expected lora_A.weight or lora_B.weight of a linear layer");
        }
        if (Integer.parseInt(parts.group("layer")) >= model.layers()) {
            throw invalid(file, tensor, "expected a layer below " + model.layers() + ", those of the model");
        }
        if (!config.targets(parts.group("module"))) {
            throw invalid(file, tensor, "is not among the target_modules of " + PeftConfig.FILE);
        }
        return parts;
    }

    private static void checkPairs(Path file, Map<String, TensorView> as, Map<String, TensorView> bs) {
        if (as.isEmpty() && bs.isEmpty()) {
            throw new InvalidModelException(
                    file, "holds no tensor, expected some of " + A.substring(1) + " and " + B.substring(1));
        }
        as.forEach((module, a) -> {
            if (!bs.containsKey(module)) {
                throw new InvalidModelException(file, "tensor '" + PREFIX + module + B + "': missing");
            }
        });
        bs.forEach((module, b) -> {
            if (!as.containsKey(module)) {
                throw new InvalidModelException(file, "tensor '" + PREFIX + module + A + "': missing");
            }
        });
    }

    private static LowRankFactors factors(
            Path file, PeftConfig config, ModelConfig model, String module, TensorView a, TensorView b) {
        int rank = config.rank(module);
        int in = in(model, module);
        int out = out(model, module);
        checkShape(file, a, rank, in, rank);
        checkShape(file, b, out, rank, rank);
        return new LowRankFactors(rank, in, out, numbers(file, a), numbers(file, b), config.scale(module));
    }

    private static int in(ModelConfig model, String module) {
        return switch (kind(module)) {
            case "o_proj" -> model.heads() * model.headSize();
            case "down_proj" -> model.intermediateSize();
            default -> model.hiddenSize();
        };
    }

    private static int out(ModelConfig model, String module) {
        return switch (kind(module)) {
            case "q_proj" -> model.heads() * model.headSize();
            case "k_proj", "v_proj" -> model.kvHeads() * model.headSize();
            case "gate_proj", "up_proj" -> model.intermediateSize();
            default -> model.hiddenSize();
        };
    }

    private static String kind(String module) {
        return module.substring(module.lastIndexOf('.') + 1);
    }

    private static void checkShape(Path file, TensorView tensor, int rows, int cols, int rank) {
        List<Long> expected = List.of((long) rows, (long) cols);
        if (!tensor.shape().equals(expected)) {
            throw invalid(
                    file,
                    tensor,
                    "shape is " + tensor.shape() + ", expected " + expected + " by the model and rank " + rank + " of "
                            + PeftConfig.FILE);
        }
    }

    private static float[] numbers(Path file, TensorView tensor) {
        if (tensor.elements() > Integer.MAX_VALUE - 8) {
            throw invalid(file, tensor, "shape is " + tensor.shape() + ", expected fewer than 2^31 numbers");
        }
        Matrix matrix = WeightReader.matrix(String.valueOf(file.getFileName()), tensor);
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = matrix.get(i);
            if (!Float.isFinite(values[i])) {
                throw invalid(file, tensor, "element " + i + " is " + values[i] + ", expected finite numbers");
            }
        }
        return values;
    }

    private static InvalidModelException invalid(Path file, TensorView tensor, String problem) {
        return new InvalidModelException(file, "tensor '" + tensor.name() + "': " + problem);
    }
}
