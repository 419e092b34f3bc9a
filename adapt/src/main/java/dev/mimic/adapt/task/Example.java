package dev.mimic.adapt.task;

import dev.mimic.loader.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * One question of a task.
 *
 * @param prompt what the model is asked, one user message
 * @param question the question inside the prompt, without the task's instructions; the same text whichever task asks it
 * @param answer the right answer, as the task writes it
 * @param record the whole record; checks find their extra fields there
 */
public record Example(String prompt, String question, String answer, JsonObject record) {

    /** An example whose prompt is the question. */
    public Example(String prompt, String answer, JsonObject record) {
        this(prompt, prompt, answer, record);
    }

    /**
     * Reads a file of objects with at least {@code prompt} and {@code answer}, one a line or all in a list.
     *
     * @throws dev.mimic.loader.InvalidModelException naming file, line and field
     */
    public static List<Example> read(Path file) {
        return Records.read(file).stream().map(Example::of).toList();
    }

    /**
     * Parses the text of such a file; none if it is blank.
     *
     * @param file a name for messages
     */
    public static List<Example> parse(String jsonLines, String file) {
        return Records.parse(jsonLines.getBytes(StandardCharsets.UTF_8), file).stream()
                .map(Example::of)
                .toList();
    }

    /** A record of {prompt, answer}; one with {@code check} boxed may name the question that its prompt classifies. */
    static Example of(JsonObject record) {
        String prompt = Records.text(record, "prompt");
        String question = record.get("check") instanceof String check && check.equals("boxed")
                ? Records.ifText(record, "question").orElse(prompt)
                : prompt;
        return new Example(prompt, question, Records.text(record, "answer"), record);
    }
}
