package dev.mimic.engine.prompt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.engine.jinja.TemplateException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Real templates against the texts and errors of Python's jinja2 with the settings of transformers. */
final class ChatTemplateOracleTest {
    private static final String SUITE = "chat templates";

    @TestFactory
    Stream<DynamicTest> rendersTheTextOfTransformersOrRaisesItsError() {
        Path folder = TestFolders.sharedOrSkip(SUITE, "chat", "oracle/chat");
        List<Path> files = TestFolders.files(folder, ".json");
        assertFalse(files.isEmpty(), "no files in " + folder);
        return files.stream().flatMap(ChatTemplateOracleTest::cases);
    }

    private static Stream<DynamicTest> cases(Path file) {
        TestFolders.used(SUITE, file);
        JsonObject oracle = Json.readObject(file);
        Map<String, ChatTemplate> templates = new HashMap<>();
        JsonObject sources = oracle.object("templates").orElseThrow();
        for (String name : sources.names()) {
            JsonObject source = sources.object(name).orElseThrow();
            Map<String, String> tokens = new HashMap<>();
            source.names().stream()
                    .filter(key -> key.endsWith("_token"))
                    .forEach(key -> tokens.put(key, source.text(key).orElse(null)));
            templates.put(
                    name,
                    new ChatTemplate(Map.of("default", source.text("template").orElseThrow()), tokens));
        }
        List<Object> cases = oracle.list("cases").orElseThrow();
        assertFalse(cases.isEmpty(), "no cases in " + file);
        return cases.stream().map(value -> {
            Map<String, Object> test = object(value);
            String name = test.get("template") + ": " + test.get("conversation") + ", generation prompt "
                    + test.get("add_generation_prompt") + ", "
                    + object(test.get("extra")).keySet();
            return DynamicTest.dynamicTest(name, () -> check(templates.get((String) test.get("template")), test));
        });
    }

    private static void check(ChatTemplate template, Map<String, Object> test) {
        List<Map<String, Object>> messages = ((Collection<?>) test.get("messages"))
                .stream().map(ChatTemplateOracleTest::object).toList();
        boolean prompt = (boolean) test.get("add_generation_prompt");
        Map<String, Object> extra = object(test.get("extra"));
        String error = (String) test.get("error");
        if (error == null) {
            assertEquals(test.get("rendered"), template.render(messages, prompt, extra));
        } else {
            TemplateException e = assertThrows(TemplateException.class, () -> template.render(messages, prompt, extra));
            // the oracle names Python's class of exception first
            assertEquals(error.substring(error.indexOf(": ") + 2), e.problem());
        }
    }

    @SuppressWarnings("unchecked") // objects of JSON have String keys
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }
}
