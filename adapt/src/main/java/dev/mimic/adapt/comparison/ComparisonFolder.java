package dev.mimic.adapt.comparison;

import dev.mimic.adapt.dispatch.ExpertFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The names of a comparison's files: {@code expert-NAME.safetensors} for each task and {@code expert-dispatch.safetensors}
 * for the classifier, {@code lora-NAME} in PEFT's form, {@code mix-NAME.safetensors} of the few-shot search,
 * {@code factors} where none are given, and the report. Beside everything trained or searched lies {@code .seen}.
 *
 * @param folder where they are
 */
public record ComparisonFolder(Path folder) {
    private static final String EXPERT = "expert-";
    private static final String LORA = "lora-";
    private static final String END = ".safetensors";

    /** The expert of a task. */
    public Path expert(String name) {
        return ExpertFolder.file(folder, name);
    }

    /** The expert that names the kind of a question. */
    public Path classifier() {
        return expert(ExpertFolder.CLASSIFIER);
    }

    /** The low-rank adapter of a task, a folder. */
    public Path lora(String name) {
        return folder.resolve(LORA + name);
    }

    /** The mixture that was found for a task. */
    public Path mixture(String name) {
        return folder.resolve("mix-" + name + END);
    }

    /** Factors of the model. */
    public Path factors() {
        return folder.resolve("factors");
    }

    /** A file of the report, such as {@code compare.json}. */
    public Path report(String name) {
        return folder.resolve(name);
    }

    /** Tasks that have an expert here, sorted; not the classifier. */
    public List<String> experts() {
        return names(EXPERT, END).stream()
                .filter(name -> !name.equals(ExpertFolder.CLASSIFIER))
                .toList();
    }

    /** Tasks that have a low-rank adapter here, sorted. */
    public List<String> loras() {
        return names(LORA, "").stream()
                .filter(name -> Files.exists(lora(name).resolve("adapter_config.json")))
                .toList();
    }

    private List<String> names(String begin, String end) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.startsWith(begin) && name.endsWith(end))
                    .map(name -> name.substring(begin.length(), name.length() - end.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
