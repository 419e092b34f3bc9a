package dev.mimic.loader.tokenizer;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What stands beside a tokenizer: the names of its special tokens and its chat templates.
 *
 * @param bosToken text of the token that begins a sequence
 * @param eosToken text of the token that ends one
 * @param padToken text of the token that fills up
 * @param unkToken text of the token for what is unknown
 * @param chatTemplates Jinja sources by name; one that has no name is called {@value #DEFAULT_TEMPLATE}
 * @param raw all fields of tokenizer_config.json; empty if there is no such file
 */
public record TokenizerConfig(
        Optional<String> bosToken,
        Optional<String> eosToken,
        Optional<String> padToken,
        Optional<String> unkToken,
        Map<String, String> chatTemplates,
        JsonObject raw) {
    /** Name of the template used where none is named. */
    public static final String DEFAULT_TEMPLATE = "default";

    private static final String FILE = "tokenizer_config.json";
    private static final String TEMPLATE = "chat_template";

    /** Checks and copies. */
    public TokenizerConfig {
        chatTemplates = Collections.unmodifiableMap(new LinkedHashMap<>(chatTemplates));
    }

    /** The template used where none is named. */
    public Optional<String> chatTemplate() {
        return Optional.ofNullable(chatTemplates.get(DEFAULT_TEMPLATE));
    }

    /**
     * Reads tokenizer_config.json, and the template files that replace its chat_template: chat_template.jinja, else
     * chat_template.json where tokenizer_config.json has none. No file need be there.
     *
     * @throws InvalidModelException if a file is not valid
     */
    static TokenizerConfig read(Path folder) {
        Path file = folder.resolve(FILE);
        JsonObject raw = Files.isRegularFile(file) ? Json.readObject(file) : new JsonObject(FILE, "", Map.of());
        Map<String, String> templates = new LinkedHashMap<>(templates(raw));
        Path legacy = folder.resolve("chat_template.json");
        if (templates.isEmpty() && Files.isRegularFile(legacy)) {
            templates.putAll(templates(Json.readObject(legacy)));
        }
        Path jinja = folder.resolve("chat_template.jinja");
        if (Files.isRegularFile(jinja)) {
            templates.put(DEFAULT_TEMPLATE, text(jinja));
        }
        return new TokenizerConfig(
                token(raw, "bos_token"),
                token(raw, "eos_token"),
                token(raw, "pad_token"),
                token(raw, "unk_token"),
                templates,
                raw);
    }

    /** A token is a text, or an object with the text as its content. */
    private static Optional<String> token(JsonObject config, String name) {
        if (config.get(name) instanceof Map<?, ?>) {
            JsonObject token = config.object(name).orElseThrow();
            return Optional.of(token.text("content").orElseThrow(() -> token.missing("content")));
        }
        return config.text(name);
    }

    private static Map<String, String> templates(JsonObject config) {
        if (!(config.get(TEMPLATE) instanceof List<?>)) {
            return config.text(TEMPLATE)
                    .map(text -> Map.of(DEFAULT_TEMPLATE, text))
                    .orElse(Map.of());
        }
        Map<String, String> templates = new LinkedHashMap<>();
        for (JsonObject named : Components.objects(config, TEMPLATE)) {
            String name = named.text("name").orElseThrow(() -> named.missing("name"));
            templates.put(name, named.text("template").orElseThrow(() -> named.missing("template")));
        }
        return templates;
    }

    private static String text(Path file) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new InvalidModelException(file, "expected UTF-8, found other bytes");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
