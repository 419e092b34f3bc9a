package dev.mimic.app.command;

import dev.mimic.app.terminal.Console;
import dev.mimic.loader.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Function;

/** Answers JSON lines on stdin with JSON lines on stdout. A line that fails is answered by {@code {"error"}}. */
final class JsonLines {
    private JsonLines() {}

    /**
     * Answers every line that is not blank.
     *
     * @param answer from a line's JSON value to the values of the answer
     */
    static void answer(Console console, Function<Object, Map<String, Object>> answer) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.isBlank()) {
                    console.out().println(Json.write(answerOrError(line, answer)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Object> answerOrError(String line, Function<Object, Map<String, Object>> answer) {
        try {
            return answer.apply(Json.parse(line, "stdin"));
        } catch (RuntimeException e) {
            return Map.of("error", e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }
}
