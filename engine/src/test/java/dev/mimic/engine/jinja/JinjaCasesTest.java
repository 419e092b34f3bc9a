package dev.mimic.engine.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Our own templates against Python's jinja2 3.1; {@code tools/jinja_cases.py} writes them. */
final class JinjaCasesTest {
    @TestFactory
    Stream<DynamicTest> givesTheTextOfJinja2OrFailsWhereItFails() throws IOException {
        JsonObject file;
        try (InputStream in = JinjaCasesTest.class.getResourceAsStream("cases.json")) {
            file = Json.parseObject(in.readAllBytes(), "cases.json");
        }
        Map<String, Object> variables = file.object("variables").orElseThrow().asMap();
        return file.list("cases").orElseThrow().stream().map(value -> {
            Map<?, ?> test = (Map<?, ?>) value;
            String template = (String) test.get("template");
            return DynamicTest.dynamicTest(template, () -> {
                if (test.containsKey("text")) {
                    assertEquals(test.get("text"), Template.parse(template).render(variables));
                } else {
                    assertThrows(
                            TemplateException.class,
                            () -> Template.parse(template).render(variables),
                            () -> "expected " + test.get("error"));
                }
            });
        });
    }
}
