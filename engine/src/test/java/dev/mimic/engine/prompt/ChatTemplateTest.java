package dev.mimic.engine.prompt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.engine.jinja.TemplateException;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.tokenizer.TokenizerConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ChatTemplateTest {
    private static final List<Map<String, Object>> HELLO = List.of(Map.of("role", "user", "content", "Hello"));

    private static ChatTemplate template(String source) {
        return new ChatTemplate(Map.of("default", source), Map.of("bos_token", "<s>"));
    }

    @Test
    void aTemplateSeesMessagesTokensAndWhatTheCallerGives() {
        ChatTemplate template = template(
                "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ add_generation_prompt }}{{ mood }}");
        assertEquals("<s>HelloTruegood", template.render(HELLO, true, Map.of("mood", "good")));
    }

    @Test
    void missingBosAndEosAreEmptyTexts() {
        Map<String, String> none = new HashMap<>();
        none.put("bos_token", null);
        ChatTemplate template = new ChatTemplate(Map.of("default", "[{{ bos_token + eos_token }}]"), none);
        assertEquals("[]", template.render(HELLO, false, Map.of()));
    }

    @Test
    void toolsAndDocumentsAreNoneUnlessGiven() {
        ChatTemplate template = template("{{ tools is none }}{{ documents is none }}{{ other is defined }}");
        assertEquals("TrueTrueFalse", template.render(HELLO, false, Map.of()));
        assertEquals("FalseTrueFalse", template.render(HELLO, false, Map.of("tools", List.of())));
    }

    @Test
    void whatTheCallerGivesWins() {
        assertEquals("x", template("{{ bos_token }}").render(HELLO, false, Map.of("bos_token", "x")));
    }

    @Test
    void theTemplateForToolsIsTakenWithTools() {
        ChatTemplate both = new ChatTemplate(Map.of("default", "plain", "tool_use", "tools"), Map.of());
        assertEquals("plain", both.render(HELLO, false, Map.of()));
        assertEquals("tools", both.render(HELLO, false, Map.of("tools", List.of(Map.of("name", "f")))));
        Map<String, Object> none = new HashMap<>();
        none.put("tools", null);
        assertEquals("plain", both.render(HELLO, false, none));
        assertEquals("plain", template("plain").render(HELLO, false, Map.of("tools", List.of())));
    }

    @Test
    void aConfigurationWithoutADefaultTemplateIsAnErrorThatNamesWhatItHas() {
        ChatTemplate named = new ChatTemplate(Map.of("rag", "x"), Map.of());
        assertEquals(
                "chat template: none is named 'default', found [rag]",
                assertThrows(IllegalArgumentException.class, () -> named.render(HELLO, false, Map.of()))
                        .getMessage());
    }

    @Test
    void aBrokenTemplateIsFoundWhenItIsRendered() {
        TemplateException e = assertThrows(
                TemplateException.class, () -> template("\n{% if %}").render(HELLO, false, Map.of()));
        assertEquals(2, e.line());
    }

    @Test
    void tokensComeFromTheTokenizersConfiguration() {
        JsonObject raw = new JsonObject(
                "tokenizer_config.json", "", Map.of("sep_token", Map.of("content", "<sep>"), "mask_token", "<mask>"));
        TokenizerConfig config = new TokenizerConfig(
                Optional.of("<b>"),
                Optional.of("<e>"),
                Optional.of("<p>"),
                Optional.of("<u>"),
                Map.of(
                        "default",
                        "{{ bos_token ~ eos_token ~ pad_token ~ unk_token ~ sep_token ~ mask_token ~ cls_token }}"),
                raw);
        assertEquals(
                "<b><e><p><u><sep><mask>", ChatTemplate.of(config).orElseThrow().render(HELLO, false, Map.of()));
        TokenizerConfig none = new TokenizerConfig(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Map.of(), raw);
        assertEquals(Optional.empty(), ChatTemplate.of(none));
    }

    @Test
    void renderingChangesNoVariableOfTheCaller() {
        List<Map<String, Object>> messages = new ArrayList<>(HELLO);
        template("{% set messages = messages + [1] %}{% set ns = namespace(m=messages) %}{% set ns.m = [] %}")
                .render(messages, false, Map.of());
        assertEquals(HELLO, messages);
    }
}
