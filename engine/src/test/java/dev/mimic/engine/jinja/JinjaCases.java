package dev.mimic.engine.jinja;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/**
 * The cases that {@code tools/jinja_cases.py} wrote with Python's jinja2.
 *
 * @param variables of all cases
 * @param cases each with a template, and its text or its error
 */
record JinjaCases(Map<String, Object> variables, List<Case> cases) {
    /**
     * A case.
     *
     * @param text null if the template fails
     * @param error null if it does not
     */
    record Case(String template, String text, String error) {}

    static JinjaCases read() {
        try (InputStream in = JinjaCases.class.getResourceAsStream("cases.json")) {
            JsonObject file = Json.parseObject(in.readAllBytes(), "cases.json");
            List<Case> cases = file.list("cases").orElseThrow().stream()
                    .map(value -> (Map<?, ?>) value)
                    .map(test -> new Case(
                            (String) test.get("template"), (String) test.get("text"), (String) test.get("error")))
                    .toList();
            return new JinjaCases(file.object("variables").orElseThrow().asMap(), cases);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
