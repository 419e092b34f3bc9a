package dev.mimic.adapt.train;

import dev.mimic.adapt.gradient.Adam;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A folder with one file, {@code state.safetensors}, replaced as a whole: parameters, both moments and the best
 * parameters in F64, and in its metadata the settings and the rest of the state as JSON. A process killed at any moment
 * leaves the old file or the new one. Random numbers and the data order are functions of the seed and the step.
 */
public final class Checkpoint {
    private static final String FORMAT = "mimic-training";
    private static final String NAME = "state.safetensors";
    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path folder;
    private final Path file;

    /**
     * A checkpoint that may or may not exist.
     *
     * @param folder made when first written
     */
    public Checkpoint(Path folder) {
        this.folder = folder;
        this.file = folder.resolve(NAME);
    }

    /**
     * The state of an earlier run of the same settings. One that has finished under other settings is passed over, and
     * will be written over.
     *
     * @param settings all that the result depends on
     * @param size numbers that are trained
     * @throws InvalidModelException naming the first setting that differs from those of an unfinished run
     */
    Optional<TrainingState> read(Map<String, Object> settings, int size, double weightDecay) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            Map<String, String> texts = tensors.metadata();
            if (!FORMAT.equals(texts.get("format"))) {
                throw new InvalidModelException(
                        file, "metadata format: expected " + FORMAT + ", found " + texts.get("format"));
            }
            JsonObject state = object(texts, "state");
            if (!sameSettings(settings, texts, state)) {
                return Optional.empty();
            }
            Adam adam = new Adam(size, weightDecay);
            TrainingState read = new TrainingState(numbers(tensors, "parameters", size), adam);
            read.step = integer(state, "step");
            adam.restore(
                    new double[][] {numbers(tensors, "first_moment", size), numbers(tensors, "second_moment", size)},
                    read.step);
            read.best = numbers(tensors, "best", size);
            read.bestStep = integer(state, "best_step");
            read.bestValid = accuracy(state, "best_valid");
            read.base = accuracy(state, "base_valid");
            read.stale = integer(state, "stale");
            return Optional.of(read);
        }
    }

    private boolean sameSettings(Map<String, Object> settings, Map<String, String> texts, JsonObject state) {
        Map<String, Object> held = object(texts, "settings").asMap();
        for (Map.Entry<String, Object> setting : settings.entrySet()) {
            String expected = Json.write(setting.getValue());
            String found = Json.write(held.get(setting.getKey()));
            // numbers are compared as the file writes them
            if (!expected.equals(found)) {
                if (state.bool("finished").orElse(false)) {
                    return false;
                }
                throw new InvalidModelException(
                        file.toString(),
                        "belongs to an unfinished training of other settings: " + setting.getKey() + " is " + expected
                                + ", found " + found + " (delete it, or name another folder with --checkpoint)");
            }
        }
        return true;
    }

    private JsonObject object(Map<String, String> texts, String key) {
        String text = texts.get(key);
        if (text == null) {
            throw new InvalidModelException(file, "metadata " + key + ": missing");
        }
        return Json.parseObject(text.getBytes(StandardCharsets.UTF_8), file + ": metadata " + key);
    }

    private static int integer(JsonObject object, String name) {
        return object.integer(name).orElseThrow(() -> object.missing(name));
    }

    private static Optional<Accuracy> accuracy(JsonObject state, String name) {
        return state.object(name).map(one -> new Accuracy(integer(one, "right"), integer(one, "examples")));
    }

    private double[] numbers(SafetensorsFile tensors, String name, int size) {
        TensorView tensor = tensors.tensor(name)
                .orElseThrow(() -> new InvalidModelException(file, "tensor '" + name + "': missing"));
        if (tensor.dtype() != DType.F64 || !tensor.shape().equals(List.of((long) size))) {
            throw new InvalidModelException(
                    file,
                    "tensor '" + name + "': is " + tensor.dtype() + " " + tensor.shape() + ", expected F64 [" + size
                            + "]");
        }
        double[] values = new double[size];
        for (int i = 0; i < size; i++) {
            values[i] = tensor.data().get(F64, (long) i * Double.BYTES);
        }
        return values;
    }

    /** Writes a state, whole or not at all. */
    void write(Map<String, Object> settings, TrainingState state, boolean finished) {
        try {
            Files.createDirectories(folder);
            removeLeftovers();
        } catch (IOException e) {
            throw AtomicFile.unwritable(folder, e);
        }
        Map<String, Object> rest = new LinkedHashMap<>();
        rest.put("step", state.step);
        rest.put("finished", finished);
        rest.put("best_step", state.bestStep);
        rest.put("best_valid", state.bestValid.map(Checkpoint::asMap).orElse(null));
        rest.put("base_valid", state.base.map(Checkpoint::asMap).orElse(null));
        rest.put("stale", state.stale);
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("format", FORMAT);
        texts.put("settings", Json.write(settings));
        texts.put("state", Json.write(rest));
        double[][] moments = state.adam.state();
        SafetensorsWriter.write(
                file,
                List.of(
                        tensor("parameters", state.parameters),
                        tensor("first_moment", moments[0]),
                        tensor("second_moment", moments[1]),
                        tensor("best", state.best)),
                texts);
    }

    private static Map<String, Object> asMap(Accuracy accuracy) {
        return Map.of("right", accuracy.right(), "examples", accuracy.examples());
    }

    private static TensorView tensor(String name, double[] values) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, Double.BYTES)]);
        for (int i = 0; i < values.length; i++) {
            bytes.set(F64, (long) i * Double.BYTES, values[i]);
        }
        return TensorView.of(name, DType.F64, bytes, values.length);
    }

    /** A process that was killed while it wrote leaves a temporary file. */
    private void removeLeftovers() throws IOException {
        try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(folder, "." + NAME + ".*.tmp")) {
            for (Path leftover : leftovers) {
                Files.deleteIfExists(leftover);
            }
        }
    }
}
