package dev.mimic.adapt.bundled;

import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tiny model in the jar, with its tasks and experts, unpacked into a temporary folder so that it can be mapped like
 * any other. What it is and is not: docs/bundled-model.md. Closing deletes the folder; close engines on it first.
 */
public final class BundledModel implements AutoCloseable {
    /** The word that stands for this model where a folder is expected. */
    public static final String NAME = "bundled";

    /** Skills with train, valid and test rows and an expert each. */
    public static final List<String> EXPERTS = List.of("math", "code", "reasoning", "dispatch");

    /** Limit of new tokens of a reply, by task. */
    public static final Map<String, Integer> REPLY_LIMITS = Task.names().stream()
            .filter(name -> name.startsWith(NAME + "-"))
            .collect(Collectors.toUnmodifiableMap(
                    name -> name.substring(NAME.length() + 1),
                    name -> Task.of(name).replyLimit()));

    private static final List<String> MODEL_FILES = List.of(
            "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

    private final Path root;
    private final Thread cleanup = new Thread(this::delete, "mimic-bundled-cleanup");

    private BundledModel(Path root) {
        this.root = root;
    }

    /**
     * Unpacks model and experts (2 MB).
     *
     * @throws UncheckedIOException if the temporary folder cannot be written
     */
    public static BundledModel unpack() {
        try {
            BundledModel bundled = new BundledModel(Files.createTempDirectory("mimic-bundled-"));
            // a command that is interrupted leaves nothing behind either
            Runtime.getRuntime().addShutdownHook(bundled.cleanup);
            Files.createDirectories(bundled.folder());
            Files.createDirectories(bundled.root.resolve("experts"));
            for (String file : MODEL_FILES) {
                bundled.copy("model/" + file);
            }
            for (String expert : EXPERTS) {
                bundled.copy("experts/expert-" + expert + ".safetensors");
            }
            return bundled;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void copy(String resource) throws IOException {
        try (InputStream in = open(resource)) {
            Files.copy(in, root.resolve(resource));
        }
    }

    private static InputStream open(String resource) throws IOException {
        InputStream in = BundledModel.class.getResourceAsStream(resource);
        if (in == null) {
            throw new IOException("the jar lacks " + resource);
        }
        return in;
    }

    /** The model's folder. */
    public Path folder() {
        return root.resolve("model");
    }

    /** The folder of the experts, {@code expert-NAME.safetensors} each. */
    public Path experts() {
        return root.resolve("experts");
    }

    /** Where commands put what they make for this model, such as its factors; deleted with the rest. */
    public Path scratch(String name) {
        return root.resolve(name);
    }

    /**
     * The rows of a task.
     *
     * @param task such as {@code math} or {@code mixed}
     * @param split {@code train}, {@code valid}, {@code test} or {@code shots}
     */
    public static List<Example> examples(String task, String split) {
        String name = task + "." + split + ".jsonl";
        return Example.parse(text("tasks/" + name), name);
    }

    /** The prompt that asks for a question's kind; {@code {question}} stands for the question. */
    public static String dispatchPrompt() {
        return text("tasks/dispatch.prompt.txt").strip();
    }

    private static String text(String resource) {
        try (InputStream in = open(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes the folder. Idempotent. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(cleanup);
            delete();
        } catch (IllegalStateException e) {
            // the JVM is going down and runs the hook itself
            return;
        }
    }

    private void delete() {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
