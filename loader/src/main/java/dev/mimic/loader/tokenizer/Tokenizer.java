package dev.mimic.loader.tokenizer;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.tokenizer.AddedTokens.AddedToken;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Text to ids and back, with the results of Hugging Face's library "tokenizers" for the same tokenizer.json (its kinds of
 * byte pair encoding; others are refused by name). Truncation and padding that a file may ask for are not applied, nor
 * does decoding tidy up blanks. Immutable, for any number of threads.
 */
public final class Tokenizer {
    private static final int MAX_CACHED = 1 << 14;
    private static final int MAX_CACHED_LENGTH = 64;

    private final Parts parts;
    private final TokenizerConfig config;

    /** What a tokenizer is made of. */
    record Parts(
            Vocabulary vocabulary,
            AddedTokens added,
            Normalizer normalizer,
            PreTokenizer preTokenizer,
            BytePairEncoder encoder,
            PostProcessor postProcessor,
            Decoder decoder) {}

    Tokenizer(Parts parts, TokenizerConfig config) {
        this.parts = parts;
        this.config = config;
    }

    /**
     * Reads tokenizer.json and, if it is there, tokenizer_config.json.
     *
     * @param folder a model's folder; no other file of it is needed
     * @throws InvalidModelException if a file is not valid or asks for what is not supported
     * @throws UncheckedIOException if a file cannot be read
     */
    public static Tokenizer open(Path folder) {
        return TokenizerReader.read(folder);
    }

    /**
     * The ids of a text. Names of added tokens in the text become those tokens; lone surrogates count as U+FFFD.
     *
     * @param addSpecial whether to put around the ids what the file's post-processor says, such as the token that begins
     *     a sequence
     * @throws InvalidModelException if the file's regular expression takes too many steps on this text
     */
    public int[] encode(String text, boolean addSpecial) {
        Encoding encoding = new Encoding(text.length());
        parts.added.cutRaw(Utf8.withoutLoneSurrogates(text), encoding);
        return parts.postProcessor.process(encoding.ids, addSpecial).toArray();
    }

    /** One text on its way to ids. */
    private final class Encoding implements AddedTokens.Parts {
        private final IdList ids;
        private final Word word = new Word();
        private final Map<String, int[]> cache = new HashMap<>();

        Encoding(int length) {
            this.ids = new IdList(length / 3 + 16);
        }

        @Override
        public void token(int id) {
            ids.add(id);
        }

        @Override
        public void text(String part, boolean start) {
            boolean first = start && !parts.normalizer.cutsStart(part);
            parts.added.cutNormalized(parts.normalizer.normalize(part), new AddedTokens.Parts() {
                @Override
                public void token(int id) {
                    ids.add(id);
                }

                @Override
                public void text(String normalized, boolean normalizedStart) {
                    parts.preTokenizer.cut(
                            normalized, first && normalizedStart, (piece, atStart) -> encodePiece(piece));
                }
            });
        }

        private void encodePiece(String piece) {
            if (piece.length() > MAX_CACHED_LENGTH) {
                parts.encoder.encode(piece, word, ids);
                return;
            }
            int[] known = cache.get(piece);
            if (known == null) {
                int before = ids.size();
                parts.encoder.encode(piece, word, ids);
                if (cache.size() < MAX_CACHED) {
                    cache.put(piece, ids.from(before));
                }
            } else {
                ids.add(known, known.length);
            }
        }
    }

    /**
     * The text of ids.
     *
     * @param ids read only; ids without a token are passed over
     * @param skipSpecial whether special tokens are left out
     */
    public String decode(int[] ids, boolean skipSpecial) {
        StreamingDecoder decoder = streamingDecoder(skipSpecial);
        for (int id : ids) {
            decoder.feed(id);
        }
        return decoder.finish();
    }

    /**
     * A decoder for ids that come one at a time.
     *
     * @param skipSpecial whether special tokens are left out
     */
    public StreamingDecoder streamingDecoder(boolean skipSpecial) {
        return new StreamingDecoder(this, parts.decoder, skipSpecial);
    }

    /** The highest id + 1, added tokens included. */
    public int vocabularySize() {
        return Math.max(parts.vocabulary.highestId(), parts.added.highestId()) + 1;
    }

    /** The id of a token by its text as the file has it (byte-level tokens in their alphabet). */
    public OptionalInt idOf(String token) {
        Integer added = parts.added.idOf(token);
        int id = added != null ? added : parts.vocabulary.find(token);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** The text of a token as the file has it; empty if the id has none. */
    public Optional<String> tokenOf(int id) {
        AddedToken added = parts.added.get(id);
        if (added != null) {
            return Optional.of(added.content());
        }
        return parts.vocabulary.tokenAt(id) ? Optional.of(parts.vocabulary.text(id)) : Optional.empty();
    }

    /** Whether an id is that of a special token. */
    public boolean isSpecial(int id) {
        AddedToken added = parts.added.get(id);
        return added != null && added.special();
    }

    /** The names and templates beside the tokenizer. */
    public TokenizerConfig config() {
        return config;
    }

    /** What the decoder gets for an id; null for one without a token and for a special one that is to be skipped. */
    String decodedForm(int id, boolean skipSpecial) {
        AddedToken added = parts.added.get(id);
        if (added == null) {
            return parts.vocabulary.tokenAt(id) ? parts.vocabulary.text(id) : null;
        }
        String form = parts.added.decodedForm(added);
        return skipSpecial && parts.added.isSpecial(form) ? null : form;
    }
}
