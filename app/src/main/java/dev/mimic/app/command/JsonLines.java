package dev.mimic.app.command;

import dev.mimic.app.terminal.Console;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BiFunction;

/** Answers JSON lines on stdin with JSON lines on stdout. A line that fails is answered by {@code {"error"}}. */
final class JsonLines {
    private JsonLines() {}

    /**
     * Answers every line that is not blank; an error names the line by its number, from 1, blank lines counted.
     *
     * @param answer from the line's name for messages and its JSON value to the values of the answer
     */
    static void answer(Console console, BiFunction<String, Object, Map<String, Object>> answer) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8))) {
            int number = 0;
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                number++;
                if (!line.isBlank()) {
                    console.out().println(Json.write(answerOrError("stdin line " + number, line, answer)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Object> answerOrError(
            String name, String line, BiFunction<String, Object, Map<String, Object>> answer) {
        try {
            return answer.apply(name, Json.parse(line, name));
        } catch (InvalidModelException e) {
            return Map.of("error", e.getMessage()); // begins with the name
        } catch (RuntimeException e) {
            return Map.of("error", name + ": " + (e.getMessage() == null ? e : e.getMessage()));
        }
    }
}
