package dev.mimic.loader.gguf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tokenizer that a GGUF file carries in its {@code tokenizer.*} keys, checked.
 *
 * @param sentencePiece whether it is SentencePiece's BPE with scores; else byte-level BPE with merges
 * @param tokens texts by id
 * @param kinds one per token
 * @param ids ids by text
 * @param stops ids that end a reply: eos, eot and eom where given
 * @param templates chat templates by name, {@code default} first
 */
record GgufVocabulary(
        boolean sentencePiece,
        List<String> tokens,
        List<Kind> kinds,
        Map<String, Integer> ids,
        Optional<Integer> bos,
        Optional<Integer> eos,
        Optional<Integer> unknown,
        Optional<Integer> pad,
        List<Integer> stops,
        boolean addBos,
        boolean addEos,
        Map<String, String> templates) {
    static final String PREFIX = "tokenizer.ggml.";
    static final String TOKENS = PREFIX + "tokens";

    private static final List<Kind> KINDS = List.of(Kind.values());

    /** What a token is: the values of {@code tokenizer.ggml.token_type} in their order from 1. */
    enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE;

        /** Whether it is found in a text before the model splits the rest. */
        boolean isAdded() {
            return this == CONTROL || this == UNKNOWN || this == USER_DEFINED;
        }
    }

    /** Reads the tokenizer; ids must be below the number of embeddings. */
    static GgufVocabulary read(GgufMetadata metadata, int vocabularySize) {
        String model = metadata.text(PREFIX + "model").orElseThrow(() -> metadata.invalid(PREFIX + "model", "missing"));
        boolean sentencePiece = switch (model) {
            case "llama" -> true;
            case "gpt2" -> false;
            default -> throw metadata.invalid(PREFIX + "model", "expected gpt2 or llama, found " + model);
        };
        List<String> tokens = metadata.texts(TOKENS).orElseThrow(() -> metadata.invalid(TOKENS, "missing"));
        if (tokens.isEmpty() || tokens.size() > vocabularySize) {
            throw metadata.invalid(TOKENS, "expected 1 to " + vocabularySize + " tokens, found " + tokens.size());
        }
        Reader reader = new Reader(metadata, tokens.size());
        Optional<Integer> bos = reader.id("bos_token_id").or(() -> sentencePiece ? reader.within(1) : Optional.empty());
        Optional<Integer> eos = reader.id("eos_token_id").or(() -> sentencePiece ? reader.within(2) : Optional.empty());
        Set<Integer> stops = new LinkedHashSet<>();
        eos.ifPresent(stops::add);
        reader.id("eot_token_id").ifPresent(stops::add);
        reader.id("eom_token_id").ifPresent(stops::add);
        boolean addsBos = sentencePiece || PreTokenizers.addsBos(metadata);
        return new GgufVocabulary(
                sentencePiece,
                tokens,
                reader.kinds(),
                ids(metadata, tokens),
                bos,
                eos,
                reader.id("unknown_token_id").or(() -> sentencePiece ? reader.within(0) : Optional.empty()),
                reader.id("padding_token_id"),
                List.copyOf(stops),
                reader.adds("add_bos_token", addsBos, bos),
                reader.adds("add_eos_token", false, eos),
                reader.templates());
    }

    private static Map<String, Integer> ids(GgufMetadata metadata, List<String> tokens) {
        Map<String, Integer> ids = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            Integer before = ids.put(tokens.get(id), id);
            if (before != null) {
                throw metadata.invalid(
                        TOKENS,
                        "token " + id + ": expected another text than that of token " + before + ", found \""
                                + tokens.get(id) + "\" again");
            }
        }
        return ids;
    }

    /** A token's text. */
    String text(int id) {
        return tokens.get(id);
    }

    /** Reads keys that depend on the number of tokens. */
    private record Reader(GgufMetadata metadata, int size) {
        List<Kind> kinds() {
            String key = PREFIX + "token_type";
            List<Number> numbers = metadata.numbers(key).orElse(null);
            List<Kind> kinds = new ArrayList<>(size);
            if (numbers != null && numbers.size() != size) {
                throw metadata.invalid(key, "expected " + size + " items, found " + numbers.size());
            }
            for (int id = 0; id < size; id++) {
                long number = numbers == null ? 1 : numbers.get(id).longValue();
                if (number < 1 || number > KINDS.size()) {
                    throw metadata.invalid(
                            key, "token " + id + ": expected 1 to " + KINDS.size() + ", found " + number);
                }
                kinds.add(KINDS.get((int) number - 1));
            }
            return kinds;
        }

        /** The id under a key; 2^32 - 1 is how some writers say none. */
        Optional<Integer> id(String key) {
            Number number = metadata.number(PREFIX + key).orElse(null);
            if (number == null || number.longValue() == 0xFFFFFFFFL || number.longValue() == -1) {
                return Optional.empty();
            }
            if (!(number instanceof Long id) || id < 0 || id >= size) {
                throw metadata.invalid(PREFIX + key, "expected an id below " + size + ", found " + number);
            }
            return Optional.of(id.intValue());
        }

        Optional<Integer> within(int id) {
            return id < size ? Optional.of(id) : Optional.empty();
        }

        boolean adds(String key, boolean byDefault, Optional<Integer> id) {
            Optional<Boolean> told = metadata.bool(PREFIX + key);
            if (told.orElse(false) && id.isEmpty()) {
                throw metadata.invalid(PREFIX + key, "expected the token's id beside it, found none");
            }
            return told.orElse(byDefault) && id.isPresent();
        }

        Map<String, String> templates() {
            Map<String, String> templates = new LinkedHashMap<>();
            String key = "tokenizer.chat_template";
            metadata.text(key).ifPresent(text -> templates.put("default", text));
            for (String name : metadata.texts("tokenizer.chat_templates").orElse(List.of())) {
                metadata.text(key + "." + name).ifPresent(text -> templates.put(name, text));
            }
            return templates;
        }
    }
}
