package dev.mimic.engine.prompt;

import dev.mimic.engine.jinja.Template;
import dev.mimic.engine.jinja.TemplateException;
import dev.mimic.loader.tokenizer.Tokenizer;
import dev.mimic.loader.tokenizer.TokenizerConfig;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A model's own chat template: gives the same text as {@code apply_chat_template} of transformers. A template sees {@code
 * messages}, {@code add_generation_prompt}, {@code tools} and {@code documents} (none if not given), the special tokens
 * of the tokenizer's configuration ({@code bos_token} and {@code eos_token} are '' where it has none), and whatever else
 * the caller gives. Immutable and safe for use by several threads; a template is parsed when it is first rendered.
 */
public final class ChatTemplate {
    /** Name of the template that transformers prefers when tools are given. */
    private static final String WITH_TOOLS = "tool_use";

    private static final List<String> OTHER_TOKENS =
            List.of("pad_token", "unk_token", "sep_token", "cls_token", "mask_token");

    private final Map<String, String> sources;
    private final Map<String, Object> tokens;
    private final Map<String, Template> parsed = new ConcurrentHashMap<>();

    /**
     * A template.
     *
     * @param sources Jinja sources by name; the one without a name is {@value TokenizerConfig#DEFAULT_TEMPLATE}
     * @param tokens special tokens by variable, such as {@code bos_token}; a null value is as good as none
     */
    public ChatTemplate(Map<String, String> sources, Map<String, String> tokens) {
        this.sources = Map.copyOf(sources);
        Map<String, Object> present = new HashMap<>();
        present.put("bos_token", "");
        present.put("eos_token", "");
        tokens.forEach((name, text) -> {
            if (text != null) {
                present.put(name, text);
            }
        });
        this.tokens = Map.copyOf(present);
    }

    /** The chat template of a tokenizer; empty if its folder has none. */
    public static Optional<ChatTemplate> of(Tokenizer tokenizer) {
        return of(tokenizer.config());
    }

    /** The chat template of a tokenizer's configuration; empty if it has none. */
    public static Optional<ChatTemplate> of(TokenizerConfig config) {
        if (config.chatTemplates().isEmpty()) {
            return Optional.empty();
        }
        Map<String, String> tokens = new HashMap<>();
        for (String name : OTHER_TOKENS) {
            tokens.put(name, token(config.raw().get(name)));
        }
        config.bosToken().ifPresent(text -> tokens.put("bos_token", text));
        config.eosToken().ifPresent(text -> tokens.put("eos_token", text));
        config.padToken().ifPresent(text -> tokens.put("pad_token", text));
        config.unkToken().ifPresent(text -> tokens.put("unk_token", text));
        return Optional.of(new ChatTemplate(config.chatTemplates(), tokens));
    }

    /** A token's text, which may stand in an object; null if there is none. */
    private static String token(Object value) {
        return switch (value) {
            case String text -> text;
            case Map<?, ?> object when object.get("content") instanceof String text -> text;
            case null, default -> null;
        };
    }

    /**
     * Renders a conversation.
     *
     * @param messages plain values; usually {@code role} and {@code content}
     * @param addGenerationPrompt whether the text ends where the assistant's reply begins
     * @param extra other variables, such as {@code tools}; they win over those of the same name. With tools that are not
     *     null the template named {@code tool_use} is taken where there is one
     * @throws TemplateException if the template is not valid or refuses the conversation
     */
    public String render(List<Map<String, Object>> messages, boolean addGenerationPrompt, Map<String, Object> extra) {
        Map<String, Object> variables = new LinkedHashMap<>(tokens);
        variables.put("messages", messages);
        variables.put("add_generation_prompt", addGenerationPrompt);
        variables.put("tools", null);
        variables.put("documents", null);
        variables.putAll(extra);
        return template(extra.get("tools") != null).render(variables);
    }

    private Template template(boolean tools) {
        String name = tools && sources.containsKey(WITH_TOOLS) ? WITH_TOOLS : TokenizerConfig.DEFAULT_TEMPLATE;
        String source = sources.get(name);
        if (source == null) {
            throw new IllegalArgumentException("chat template: none is named '" + TokenizerConfig.DEFAULT_TEMPLATE
                    + "', found " + sources.keySet().stream().sorted().toList());
        }
        return parsed.computeIfAbsent(name, _ -> Template.parse(source));
    }
}
