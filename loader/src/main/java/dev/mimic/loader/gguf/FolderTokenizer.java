package dev.mimic.loader.gguf;

import static dev.mimic.loader.gguf.PreTokenizers.ordered;

import dev.mimic.loader.gguf.GgufVocabulary.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What tokenizer.json and tokenizer_config.json of the imported folder say. */
final class FolderTokenizer {
    /** The character that SentencePiece writes for a blank. */
    private static final String BLANK = "\u2581";

    /** Finding a token's merges takes the square of its length. */
    private static final int LONGEST_TOKEN = 4096;

    private final GgufMetadata metadata;
    private final GgufVocabulary words;
    private final boolean prefixBlank;

    FolderTokenizer(GgufMetadata metadata, GgufVocabulary words) {
        this.metadata = metadata;
        this.words = words;
        prefixBlank = metadata.bool(GgufVocabulary.PREFIX + "add_space_prefix").orElse(true);
        String squeeze = GgufVocabulary.PREFIX + "remove_extra_whitespaces";
        if (words.sentencePiece() && metadata.bool(squeeze).orElse(false)) {
            throw metadata.invalid(squeeze, "expected false, found true (not supported)");
        }
    }

    /** The fields of tokenizer.json. */
    Map<String, Object> tokenizer() {
        return ordered(
                "version",
                "1.0",
                "truncation",
                null,
                "padding",
                null,
                "added_tokens",
                addedTokens(),
                "normalizer",
                words.sentencePiece() ? sentencePieceNormalizer() : PreTokenizers.normalizer(metadata),
                "pre_tokenizer",
                words.sentencePiece() ? null : PreTokenizers.preTokenizer(metadata),
                "post_processor",
                postProcessor(),
                "decoder",
                words.sentencePiece() ? sentencePieceDecoder() : PreTokenizers.byteLevel(true, true, true),
                "model",
                model());
    }

    /** The fields of tokenizer_config.json. */
    Map<String, Object> config() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("add_bos_token", words.addBos());
        config.put("add_eos_token", words.addEos());
        config.put("bos_token", text(words.bos()));
        config.put("eos_token", text(words.eos()));
        config.put("unk_token", text(words.unknown()));
        config.put("pad_token", text(words.pad()));
        config.put("clean_up_tokenization_spaces", false);
        Map<String, String> templates = words.templates();
        if (templates.size() == 1 && templates.containsKey("default")) {
            config.put("chat_template", templates.get("default"));
        } else if (!templates.isEmpty()) {
            List<Object> named = new ArrayList<>();
            templates.forEach((name, template) -> named.add(ordered("name", name, "template", template)));
            config.put("chat_template", named);
        }
        return config;
    }

    private String text(Optional<Integer> id) {
        return id.map(words::text).orElse(null);
    }

    private List<Object> addedTokens() {
        List<Object> added = new ArrayList<>();
        for (int id = 0; id < words.tokens().size(); id++) {
            Kind kind = words.kinds().get(id);
            if (kind.isAdded()) {
                added.add(ordered(
                        "id", id,
                        "content", words.text(id),
                        "single_word", false,
                        "lstrip", false,
                        "rstrip", false,
                        "normalized", false,
                        "special", kind != Kind.USER_DEFINED));
            }
        }
        return added;
    }

    private Map<String, Object> model() {
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        for (int id = 0; id < words.tokens().size(); id++) {
            if (!isPadding(id)) {
                vocabulary.put(words.text(id), id);
            }
        }
        return ordered(
                "type",
                "BPE",
                "dropout",
                null,
                "unk_token",
                words.sentencePiece() ? text(words.unknown()) : null,
                "continuing_subword_prefix",
                null,
                "end_of_word_suffix",
                null,
                "fuse_unk",
                words.sentencePiece(),
                "byte_fallback",
                words.sentencePiece(),
                "ignore_merges",
                !words.sentencePiece() && PreTokenizers.ignoresMerges(metadata),
                "vocab",
                vocabulary,
                "merges",
                words.sentencePiece() ? mergesFromScores() : merges());
    }

    /** Whether a converter made the token up for an embedding that no text of the model's own tokenizer has. */
    private boolean isPadding(int id) {
        return words.kinds().get(id) == Kind.UNUSED && words.text(id).equals("[PAD" + id + "]");
    }

    private List<Object> merges() {
        String key = GgufVocabulary.PREFIX + "merges";
        List<String> lines = metadata.texts(key).orElseThrow(() -> metadata.invalid(key, "missing"));
        List<Object> merges = new ArrayList<>(lines.size());
        for (String line : lines) {
            int blank = line.indexOf(' ', 1);
            String left = blank < 0 ? line : line.substring(0, blank);
            String right = blank < 0 ? "" : line.substring(blank + 1);
            if (!has(left) || !has(right) || !has(left + right)) {
                throw metadata.invalid(
                        key,
                        "merge " + merges.size() + ": expected two tokens that make a third, found \"" + line + "\"");
            }
            merges.add(List.of(left, right));
        }
        return merges;
    }

    private boolean has(String token) {
        return words.ids().containsKey(token);
    }

    private record Merge(String left, String right, float score) {}

    /**
     * The merges that SentencePiece's scores imply: for each token every way to make it of two others, in the order of
     * their ids, all sorted by falling score. As transformers' {@code SentencePieceExtractor} made the published files.
     */
    private List<Object> mergesFromScores() {
        String key = GgufVocabulary.PREFIX + "scores";
        List<Number> scores = metadata.numbers(key).orElseThrow(() -> metadata.invalid(key, "missing"));
        if (scores.size() != words.tokens().size()) {
            throw metadata.invalid(key, "expected " + words.tokens().size() + " items, found " + scores.size());
        }
        List<Merge> merges = new ArrayList<>();
        for (int id = 0; id < scores.size(); id++) {
            float score = scores.get(id).floatValue();
            if (Float.isNaN(score)) {
                throw metadata.invalid(key, "token " + id + ": expected a number, found NaN");
            }
            if (words.kinds().get(id) == Kind.NORMAL) {
                if (words.text(id).length() > LONGEST_TOKEN) {
                    throw metadata.invalid(
                            GgufVocabulary.TOKENS,
                            "token " + id + ": expected at most " + LONGEST_TOKEN + " characters, found "
                                    + words.text(id).length());
                }
                merges.addAll(mergesOf(words.text(id), score));
            }
        }
        merges.sort(Comparator.comparingDouble(merge -> 0.0 - merge.score()));
        List<Object> pairs = new ArrayList<>(merges.size());
        merges.forEach(merge -> pairs.add(List.of(merge.left(), merge.right())));
        return pairs;
    }

    private List<Merge> mergesOf(String token, float score) {
        List<Merge> merges = new ArrayList<>();
        for (int at = 1; at < token.length(); at++) {
            if (Character.isLowSurrogate(token.charAt(at))) {
                continue;
            }
            Merge merge = new Merge(token.substring(0, at), token.substring(at), score);
            if (has(merge.left()) && has(merge.right())) {
                merges.add(merge);
            }
        }
        merges.sort(Comparator.comparing((Merge merge) -> words.ids().get(merge.left()))
                .thenComparing(merge -> words.ids().get(merge.right())));
        return merges;
    }

    private Map<String, Object> sentencePieceNormalizer() {
        Map<String, Object> replace = replace(" ", BLANK);
        return prefixBlank
                ? ordered(
                        "type",
                        "Sequence",
                        "normalizers",
                        List.of(ordered("type", "Prepend", "prepend", BLANK), replace))
                : replace;
    }

    private Map<String, Object> sentencePieceDecoder() {
        List<Object> steps =
                new ArrayList<>(List.of(replace(BLANK, " "), ordered("type", "ByteFallback"), ordered("type", "Fuse")));
        if (prefixBlank) {
            steps.add(ordered("type", "Strip", "content", " ", "start", 1, "stop", 0));
        }
        return ordered("type", "Sequence", "decoders", steps);
    }

    private static Map<String, Object> replace(String what, String by) {
        return ordered("type", "Replace", "pattern", Map.of("String", what), "content", by);
    }

    private Map<String, Object> postProcessor() {
        Map<String, Object> bytes = PreTokenizers.byteLevel(true, false, true);
        Optional<Map<String, Object>> template = template();
        if (words.sentencePiece()) {
            return template.orElse(null);
        }
        return template.map(map -> ordered("type", "Sequence", "processors", List.of(bytes, map)))
                .orElse(bytes);
    }

    /** BOS before and EOS after every text, where the file wants them. */
    private Optional<Map<String, Object>> template() {
        if (!words.addBos() && !words.addEos()) {
            return Optional.empty();
        }
        Map<String, Object> special = new LinkedHashMap<>();
        List<Object> single = new ArrayList<>();
        List<Object> pair = new ArrayList<>();
        for (int type = 0; type < 2; type++) {
            List<Object> one = new ArrayList<>();
            if (words.addBos()) {
                one.add(specialToken(words.bos().orElseThrow(), type, special));
            }
            one.add(ordered("Sequence", ordered("id", type == 0 ? "A" : "B", "type_id", type)));
            if (words.addEos()) {
                one.add(specialToken(words.eos().orElseThrow(), type, special));
            }
            pair.addAll(one);
            if (type == 0) {
                single.addAll(one);
            }
        }
        return Optional.of(
                ordered("type", "TemplateProcessing", "single", single, "pair", pair, "special_tokens", special));
    }

    private Map<String, Object> specialToken(int id, int type, Map<String, Object> special) {
        String text = words.text(id);
        special.put(text, ordered("id", text, "ids", List.of(id), "tokens", List.of(text)));
        return ordered("SpecialToken", ordered("id", text, "type_id", type));
    }
}
