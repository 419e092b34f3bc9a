package dev.mimic.loader.tokenizer;

import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.tokenizer.AddedTokens.AddedToken;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Puts a tokenizer together from the parts of its file. */
final class TokenizerReader {
    private static final String MODEL = "model";

    /** Each doubles what is not ASCII; more than one has no use. */
    private static final int MAX_BYTE_LEVELS = 4;

    private final JsonObject root;
    private final Vocabulary vocabulary;
    private final MergeTable merges;

    private TokenizerReader(TokenizerFile file) {
        this.root = file.rest();
        this.vocabulary = file.vocabulary();
        this.merges = file.merges();
    }

    static Tokenizer read(Path folder) {
        TokenizerFile file = TokenizerFile.read(folder.resolve("tokenizer.json"));
        return new TokenizerReader(file).tokenizer(TokenizerConfig.read(folder));
    }

    private Tokenizer tokenizer(TokenizerConfig config) {
        root.text("version").filter(version -> !version.equals("1.0")).ifPresent(version -> {
            throw root.invalid("version", "expected 1.0, found " + version);
        });
        Optional<Normalizer> normalizer = root.object("normalizer").map(Components::normalizer);
        AddedTokens added = new AddedTokens(addedTokens(), normalizer.orElse(null));
        return new Tokenizer(
                new Tokenizer.Parts(
                        vocabulary,
                        added,
                        normalizer.orElse(new Normalizer.Sequence(List.of())),
                        root.object("pre_tokenizer")
                                .map(this::preTokenizer)
                                .orElse(new PreTokenizer.Sequence(List.of())),
                        encoder(added),
                        root.object("post_processor")
                                .map(json -> postProcessor(json, added))
                                .orElse(new PostProcessor.Nothing()),
                        root.object("decoder").map(Components::decoder).orElse(new Decoder.Joined())),
                config);
    }

    /**
     * The added tokens: one that is in the vocabulary has its id, the others have ids of their own. (The Rust library
     * counts the others up from the size of the vocabulary, whatever the file says; in a sound file that is the same.)
     */
    private List<AddedToken> addedTokens() {
        List<AddedToken> tokens = new ArrayList<>();
        Set<String> contents = new HashSet<>();
        for (JsonObject json : root.objects("added_tokens").orElse(List.of())) {
            String content = Components.text(json, "content");
            if (content.isEmpty()) {
                continue;
            }
            int id = Components.count(json, "id");
            if (!contents.add(content)) {
                throw json.invalid("content", "expected every added token once, found '" + content + "' twice");
            }
            int known = vocabulary.find(content);
            if (known >= 0 && known != id) {
                throw json.invalid("id", "expected " + known + " as in model.vocab, found " + id);
            }
            if (known < 0 && vocabulary.tokenAt(id)) {
                throw json.invalid(
                        "id", "expected an id of its own, found " + id + " which is '" + vocabulary.text(id) + "'");
            }
            tokens.add(new AddedToken(
                    id,
                    content,
                    json.bool("single_word").orElse(false),
                    json.bool("lstrip").orElse(false),
                    json.bool("rstrip").orElse(false),
                    json.bool("normalized").orElse(true),
                    json.bool("special").orElse(false)));
        }
        checkIds(tokens);
        return tokens;
    }

    private void checkIds(List<AddedToken> tokens) {
        Set<Integer> ids = new HashSet<>();
        int limit = vocabulary.highestId() + tokens.size() + Vocabulary.MAX_HOLES;
        for (AddedToken token : tokens) {
            String problem = null;
            if (!ids.add(token.id())) {
                problem = "expected an id of its own, found " + token.id() + " twice";
            } else if (token.id() > limit) {
                problem = "expected an id below about the number of tokens, found " + token.id();
            }
            if (problem != null) {
                throw root.invalid("added_tokens", "token '" + token.content() + "': " + problem);
            }
        }
    }

    private PreTokenizer preTokenizer(JsonObject json) {
        int byteLevels = byteLevels(json.asMap());
        if (byteLevels > MAX_BYTE_LEVELS) {
            throw root.invalid(
                    "pre_tokenizer", "expected at most " + MAX_BYTE_LEVELS + " of type ByteLevel, found " + byteLevels);
        }
        return Components.preTokenizer(json);
    }

    private static int byteLevels(Object json) {
        return switch (json) {
            case Map<?, ?> map ->
                (map.get("type") instanceof String type && type.equals("ByteLevel") ? 1 : 0)
                        + map.values().stream()
                                .mapToInt(TokenizerReader::byteLevels)
                                .sum();
            case List<?> list ->
                list.stream().mapToInt(TokenizerReader::byteLevels).sum();
            case null, default -> 0;
        };
    }

    private BytePairEncoder encoder(AddedTokens added) {
        JsonObject model = root.object(MODEL).orElseThrow();
        int unknown = -1;
        Optional<String> name = model.text("unk_token");
        if (name.isPresent()) {
            Integer addedId = added.idOf(name.get());
            unknown = addedId != null ? addedId : vocabulary.find(name.get());
            if (unknown < 0) {
                throw model.invalid("unk_token", "expected a token of the vocabulary, found '" + name.get() + "'");
            }
        }
        return new BytePairEncoder(
                vocabulary,
                merges,
                new BytePairEncoder.Options(
                        unknown,
                        Components.shortOrEmpty(model, "continuing_subword_prefix"),
                        Components.shortOrEmpty(model, "end_of_word_suffix"),
                        model.bool("fuse_unk").orElse(false),
                        model.bool("byte_fallback").orElse(false),
                        model.bool("ignore_merges").orElse(false)));
    }

    private PostProcessor postProcessor(JsonObject json, AddedTokens added) {
        return switch (Components.text(json, "type")) {
            case "Sequence" ->
                new PostProcessor.Sequence(Components.objects(json, "processors").stream()
                        .map(member -> postProcessor(member, added))
                        .toList());
            case "ByteLevel" -> new PostProcessor.Nothing();
            case "TemplateProcessing" -> template(json, added);
            case "BertProcessing", "RobertaProcessing" ->
                new PostProcessor.Template(List.of(
                        new int[] {pairId(json, "cls", added)}, new int[0], new int[] {pairId(json, "sep", added)}));
            default -> throw Components.unknown(json, "post_processor");
        };
    }

    private PostProcessor template(JsonObject json, AddedTokens added) {
        JsonObject tokens = json.object("special_tokens").orElseThrow(() -> json.missing("special_tokens"));
        List<int[]> pieces = new ArrayList<>();
        for (JsonObject piece : Components.objects(json, "single")) {
            Optional<JsonObject> special = piece.object("SpecialToken");
            if (special.isPresent()) {
                pieces.add(ids(tokens, Components.text(special.get(), "id"), added));
                continue;
            }
            JsonObject sequence = piece.object("Sequence").orElseThrow(() -> piece.missing("Sequence"));
            String id = Components.text(sequence, "id");
            if (!id.equals("A")) {
                throw sequence.invalid("id", "expected A in the template for one text, found " + id);
            }
            pieces.add(new int[0]);
        }
        return new PostProcessor.Template(pieces);
    }

    private int[] ids(JsonObject tokens, String name, AddedTokens added) {
        JsonObject token = tokens.object(name).orElseThrow(() -> tokens.missing(name));
        List<Object> list = token.list("ids").orElseThrow(() -> token.missing("ids"));
        if (list.isEmpty()) {
            throw token.invalid("ids", "expected at least one id, found none");
        }
        return list.stream().mapToInt(id -> knownId(token, "ids", id, added)).toArray();
    }

    /** The id of {@code ["token", id]}. */
    private int pairId(JsonObject json, String name, AddedTokens added) {
        List<Object> pair = json.list(name).orElseThrow(() -> json.missing(name));
        if (pair.size() != 2) {
            throw json.invalid(name, "expected a token and its id, found " + pair.size() + " values");
        }
        return knownId(json, name, pair.get(1), added);
    }

    private int knownId(JsonObject json, String name, Object value, AddedTokens added) {
        boolean known = value instanceof Long id
                && id >= 0
                && id <= Integer.MAX_VALUE
                && (vocabulary.tokenAt(id.intValue()) || added.get(id.intValue()) != null);
        if (!known) {
            throw json.invalid(name, "expected ids of tokens, found " + value);
        }
        return ((Long) value).intValue();
    }
}
