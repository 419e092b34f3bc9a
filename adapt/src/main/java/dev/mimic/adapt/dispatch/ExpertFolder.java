package dev.mimic.adapt.dispatch;

import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.InvalidModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A folder of experts by class, {@code expert-CLASS.safetensors}: math, code and reasoning, and dispatch, which names the
 * class. A class without a file is the base model.
 *
 * @param folder where they are
 * @param experts by class, in the order of {@link #CLASSES}; none for dispatch
 */
public record ExpertFolder(Path folder, Map<String, Expert> experts) {
    /** Classes that may have an expert; {@code other} is always the base model. */
    public static final List<String> CLASSES = List.of("math", "code", "reasoning");

    /** The expert that names the class. */
    public static final String CLASSIFIER = "dispatch";

    public ExpertFolder {
        experts = Collections.unmodifiableMap(new LinkedHashMap<>(experts));
    }

    /**
     * Reads the experts of the classes.
     *
     * @param notes hears what the user should know, one line each
     * @throws InvalidModelException if there is none, or one is not valid
     */
    public static ExpertFolder read(Path folder, Consumer<String> notes) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidModelException(
                    folder, "expected a folder of experts, found " + (Files.exists(folder) ? "a file" : "none"));
        }
        Map<String, Expert> experts = new LinkedHashMap<>();
        for (String name : CLASSES) {
            Path file = file(folder, name);
            if (Files.exists(file)) {
                experts.put(name, Expert.read(file, notes));
            }
        }
        if (experts.isEmpty()) {
            throw new InvalidModelException(
                    folder, "expected expert-CLASS.safetensors for one of " + CLASSES + ", found none");
        }
        return new ExpertFolder(folder, experts);
    }

    /** Where the expert of a class is, if there is one. */
    public static Path file(Path folder, String name) {
        return folder.resolve("expert-" + name + ".safetensors");
    }

    /**
     * What answers the questions of each class.
     *
     * @param transfer whether experts of another base model are allowed
     * @throws InvalidModelException in one line, if one does not fit
     */
    public Map<String, Adapter> adapters(Factors factors, boolean transfer, Consumer<String> notes) {
        Map<String, Adapter> adapters = new LinkedHashMap<>();
        experts.forEach((name, expert) -> adapters.put(name, adapter(expert, factors, transfer, notes)));
        return adapters;
    }

    /**
     * The expert that names the class.
     *
     * @throws InvalidModelException if the folder has none, or it does not fit
     */
    public Adapter classifier(Factors factors, boolean transfer, Consumer<String> notes) {
        Path file = file(folder, CLASSIFIER);
        if (!Files.exists(file)) {
            throw new InvalidModelException(
                    folder, "expected " + file.getFileName() + " to name the class of a question, found none");
        }
        return adapter(Expert.read(file, notes), factors, transfer, notes);
    }

    private static Adapter adapter(Expert expert, Factors factors, boolean transfer, Consumer<String> notes) {
        ExpertMixture mixture = ExpertMixture.of(expert);
        mixture.check(factors, transfer, notes);
        return new Adapter.Scaling(mixture.scaling(factors));
    }
}
