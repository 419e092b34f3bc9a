package dev.mimic.adapt.lora;

import dev.mimic.engine.model.LowRankFactors;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.TemporaryFolder;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.PendingTensor;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Writes a LoRA adapter as PEFT does, in F32, so that PEFT loads it. */
final class PeftWriter {
    private PeftWriter() {}

    /**
     * Writes a folder beside its place and moves it there when it is whole. One that holds an adapter is replaced.
     *
     * @param layers of the model
     * @throws IllegalArgumentException if there is a file, or a folder that holds anything else, or if a weight's rank or
     *     scale is not that of the settings
     */
    static void write(Path out, PeftAdapter adapter, LowRankSettings settings, int layers) {
        Path target = out.toAbsolutePath().normalize();
        Map<String, LowRankFactors> weights = new TreeMap<>(adapter.adapter().weights());
        weights.forEach((name, factors) -> check(name, factors, settings));
        try (TemporaryFolder temporary = TemporaryFolder.beside(target)) {
            Path folder = temporary.path();
            checkMayBeReplaced(target);
            Files.createDirectories(folder);
            Map<String, String> metadata = new TreeMap<>(adapter.origin());
            metadata.put("format", "pt"); // PEFT's loader asks for it
            SafetensorsWriter.writePending(folder.resolve(PeftFolder.WEIGHTS), tensors(weights), metadata);
            AtomicFile.writeText(
                    folder.resolve(PeftConfig.FILE),
                    Json.writeIndented(config(weights.keySet(), settings, layers)) + "\n");
            if (Files.exists(target)) {
                replace(folder, target);
            } else {
                Files.move(folder, target, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw AtomicFile.unwritable(out, e);
        }
    }

    private static void check(String name, LowRankFactors factors, LowRankSettings settings) {
        if (factors.rank() != settings.rank() || factors.scale() != settings.scale()) {
            throw new IllegalArgumentException("write: '" + name + "' has rank " + factors.rank() + " and scale "
                    + factors.scale() + ", expected " + settings.rank() + " and " + settings.scale());
        }
    }

    static void checkMayBeReplaced(Path target) {
        if (target.getParent() == null) {
            throw new IllegalArgumentException("write: " + target + " is the root, expected a folder to make");
        }
        if (!Files.isDirectory(target.getParent())) {
            throw new IllegalArgumentException("write: " + target.getParent() + " is no folder, expected one to make '"
                    + target.getFileName() + "' in");
        }
        if (!Files.exists(target)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new IllegalArgumentException("write: " + target + " is a file, expected a folder");
        }
        try (Stream<Path> files = Files.list(target)) {
            List<String> others = files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !Set.of(PeftConfig.FILE, PeftFolder.WEIGHTS, "README.md")
                            .contains(name))
                    .sorted()
                    .toList();
            if (!others.isEmpty()) {
                throw new IllegalArgumentException("write: " + target + " holds '" + others.getFirst()
                        + "', expected a new folder or one with an adapter");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The old folder steps aside until the new one is in its place. */
    private static void replace(Path folder, Path target) throws IOException {
        try (TemporaryFolder old = TemporaryFolder.beside(target)) {
            Files.move(target, old.path(), StandardCopyOption.ATOMIC_MOVE);
            try {
                Files.move(folder, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                Files.move(old.path(), target, StandardCopyOption.ATOMIC_MOVE);
                throw e;
            }
        }
    }

    private static List<PendingTensor> tensors(Map<String, LowRankFactors> weights) {
        List<PendingTensor> tensors = new ArrayList<>();
        weights.forEach((name, factors) -> {
            String module = PeftFolder.PREFIX + module(name);
            tensors.add(tensor(module + PeftFolder.A, factors.rank(), factors.in(), factors.a()));
            tensors.add(tensor(module + PeftFolder.B, factors.out(), factors.rank(), factors.b()));
        });
        return tensors;
    }

    private static PendingTensor tensor(String name, int rows, int cols, float[] values) {
        return new PendingTensor(name, DType.F32, List.of((long) rows, (long) cols), () -> {
            MemorySegment bytes = MemorySegment.ofArray(new int[values.length]);
            MemorySegment.copy(values, 0, bytes, Matrix.FLOAT, 0, values.length);
            return bytes;
        });
    }

    private static String module(String weight) {
        return weight.substring(0, weight.length() - ".weight".length());
    }

    private static Map<String, Object> config(Set<String> weights, LowRankSettings settings, int layers) {
        Map<String, Object> config = new TreeMap<>();
        config.put("alpha_pattern", Map.of());
        config.put("auto_mapping", null);
        config.put("base_model_name_or_path", settings.baseModel().isEmpty() ? null : settings.baseModel());
        config.put("bias", "none");
        config.put("fan_in_fan_out", false);
        config.put("inference_mode", true);
        config.put("init_lora_weights", true);
        config.put("layers_pattern", null);
        config.put("layers_to_transform", null);
        config.put("lora_alpha", number(settings.alpha()));
        config.put("lora_dropout", settings.dropout());
        config.put("modules_to_save", null);
        config.put("peft_type", "LORA");
        config.put("r", settings.rank());
        config.put("rank_pattern", Map.of());
        config.put("revision", null);
        config.put("target_modules", targets(weights, layers));
        config.put("task_type", "CAUSAL_LM");
        config.put("use_dora", false);
        config.put("use_rslora", false);
        return config;
    }

    private static Object number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9 ? (Object) (long) value : (Object) value;
    }

    /** The ends of names where every layer has the same, else the names themselves. */
    private static List<String> targets(Set<String> weights, int layers) {
        Map<String, Integer> counts = new TreeMap<>();
        for (String weight : weights) {
            String module = module(weight);
            counts.merge(module.substring(module.lastIndexOf('.') + 1), 1, Integer::sum);
        }
        boolean everywhere = counts.values().stream().allMatch(count -> count == layers);
        return everywhere
                ? List.copyOf(counts.keySet())
                : weights.stream().map(PeftWriter::module).toList();
    }
}
