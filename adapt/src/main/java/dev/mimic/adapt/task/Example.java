package dev.mimic.adapt.task;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One question of a task, a line of a JSONL file.
 *
 * @param prompt what the model is asked
 * @param answer the right answer, as the task writes it
 * @param record the whole line; checks find their extra fields there
 */
public record Example(String prompt, String answer, JsonObject record) {

    /**
     * Reads a JSONL file of objects with at least {@code prompt} and {@code answer}; blank lines are passed over.
     *
     * @throws dev.mimic.loader.InvalidModelException naming file, line and field
     */
    public static List<Example> read(Path file) {
        try {
            return parse(Files.readString(file), String.valueOf(file.getFileName()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Parses the text of a JSONL file.
     *
     * @param file a name for messages
     */
    public static List<Example> parse(String jsonLines, String file) {
        List<Example> examples = new ArrayList<>();
        int number = 0;
        for (String line : (Iterable<String>) jsonLines.lines()::iterator) {
            number++;
            if (!line.isBlank()) {
                JsonObject record = Json.parseObject(line.getBytes(StandardCharsets.UTF_8), file + " line " + number);
                examples.add(new Example(
                        record.text("prompt").orElseThrow(() -> record.missing("prompt")),
                        record.text("answer").orElseThrow(() -> record.missing("answer")),
                        record));
            }
        }
        return List.copyOf(examples);
    }
}
