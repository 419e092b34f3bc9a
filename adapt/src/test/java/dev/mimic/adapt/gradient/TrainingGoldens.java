package dev.mimic.adapt.gradient;

import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the training goldens of a pack share. */
final class TrainingGoldens {
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private TrainingGoldens() {}

    /** Takes a model apart at full rank. */
    static Path decompose(Path folder, Path out, String targets, int rank) {
        return decompose(folder, out, targets, rank, DType.F32);
    }

    static Path decompose(Path folder, Path out, String targets, int rank, DType dtype) {
        DecomposeOptions options = DecomposeOptions.defaults()
                .withTargets(new Targets(targets))
                .withRank(rank)
                .withDtype(dtype);
        try (ModelDirectory model = ModelDirectory.open(folder);
                Decomposer decomposer = Decomposer.open(options, 2)) {
            decomposer.decompose(model, out, DecompositionListener.NONE);
        }
        return out;
    }

    static Engine open(Path folder, Path factors, EngineOptions.Form form) {
        return open(folder, factors, form, EngineOptions.DEFAULTS);
    }

    static Engine open(Path folder, Path factors, EngineOptions.Form form, EngineOptions options) {
        return Engine.open(folder, options.withFactors(factors).withForm(form).withThreads(2));
    }

    static Map<String, float[]> vectors(Path file) {
        return Expert.read(file, _ -> {}).vectors();
    }

    static List<String> texts(JsonObject golden, String field) {
        return golden.list(field).orElseThrow().stream().map(String.class::cast).toList();
    }

    static List<TrainingSequence> batch(JsonObject golden) {
        List<TrainingSequence> batch = new ArrayList<>();
        for (Object each : golden.list("batch").orElseThrow()) {
            Map<?, ?> one = (Map<?, ?>) each;
            batch.add(TrainingSequence.of(
                    ids(one.get("prompt")), ids(one.get("completion")), ((Number) one.get("reward")).doubleValue()));
        }
        return batch;
    }

    private static int[] ids(Object list) {
        return ((List<?>) list)
                .stream().mapToInt(value -> ((Number) value).intValue()).toArray();
    }

    /** One flat array of F64 vectors by prefix and weight name. */
    static double[] flat(SafetensorsFile file, String prefix, List<String> names) {
        List<Double> all = new ArrayList<>();
        for (String name : names) {
            var tensor = file.tensor(prefix + name).orElseThrow();
            for (long i = 0; i < tensor.elements(); i++) {
                all.add(tensor.data().get(DOUBLE, 8 * i));
            }
        }
        return all.stream().mapToDouble(Double::doubleValue).toArray();
    }

    static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}
