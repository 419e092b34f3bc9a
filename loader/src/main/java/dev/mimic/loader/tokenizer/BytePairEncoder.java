package dev.mimic.loader.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * The model: a piece of text to ids by merging pairs, lowest rank first and leftmost among equals (Sennrich et al. 2016).
 * Immutable; the working memory of one text is a {@link Word}.
 */
final class BytePairEncoder {
    private static final int DIRECT = 512;

    private final Vocabulary vocabulary;
    private final MergeTable merges;
    private final Options options;

    /** Whether characters are looked up as they are. */
    private final boolean plain;

    /** Ids of the characters below {@link #DIRECT}, -1 where there is no token. */
    private final int[] direct = new int[DIRECT];

    /** Ids of the tokens {@code <0x00>} to {@code <0xFF>}, -1 where there is none. */
    private final int[] byteIds = new int[256];

    /**
     * The settings of a model.
     *
     * @param unknownId id for characters without a token; -1: they are left out
     * @param prefix put before every character but the first of a piece, before it is looked up
     * @param suffix put behind the last character
     * @param fuseUnknown whether neighbours without a token become one
     * @param byteFallback whether the bytes of a character without a token are looked up as {@code <0xNN>}
     * @param ignoreMerges whether a piece that is a token is not taken apart
     */
    record Options(
            int unknownId,
            String prefix,
            String suffix,
            boolean fuseUnknown,
            boolean byteFallback,
            boolean ignoreMerges) {}

    BytePairEncoder(Vocabulary vocabulary, MergeTable merges, Options options) {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.options = options;
        this.plain = options.prefix.isEmpty() && options.suffix.isEmpty();
        for (int c = 0; c < DIRECT; c++) {
            direct[c] = vocabulary.find(String.valueOf((char) c));
        }
        for (int b = 0; b < 256; b++) {
            byteIds[b] = vocabulary.find(
                    "<0x" + "0123456789ABCDEF".charAt(b >> 4) + "0123456789ABCDEF".charAt(b & 15) + ">");
        }
    }

    /**
     * Encodes a piece.
     *
     * @param piece not empty
     * @param word working memory
     * @param ids the piece's ids are added
     */
    void encode(String piece, Word word, IdList ids) {
        if (options.ignoreMerges) {
            int id = vocabulary.find(piece);
            if (id >= 0) {
                ids.add(id);
                return;
            }
        }
        word.clear();
        characters(piece, word);
        word.merge(merges);
        word.addTo(ids);
    }

    private void characters(String piece, Word word) {
        // an unknown character waits for the next known one: the bytes of others may come before it
        boolean unknown = false;
        for (int at = 0; at < piece.length(); ) {
            int codePoint = piece.codePointAt(at);
            int next = at + Character.charCount(codePoint);
            int id = plain ? idOf(codePoint, word.character) : vocabulary.find(decorated(piece, at, next));
            if (id >= 0) {
                addUnknown(word, unknown);
                unknown = false;
                word.add(id);
            } else if (!options.byteFallback || !addBytes(decorated(piece, at, next), word)) {
                addUnknown(word, unknown && !options.fuseUnknown);
                unknown = true;
            }
            at = next;
        }
        addUnknown(word, unknown);
    }

    private void addUnknown(Word word, boolean wanted) {
        if (wanted && options.unknownId >= 0) {
            word.add(options.unknownId);
        }
    }

    private int idOf(int codePoint, byte[] buffer) {
        return codePoint < DIRECT ? direct[codePoint] : vocabulary.find(buffer, 0, Utf8.put(codePoint, buffer, 0));
    }

    private String decorated(String piece, int from, int to) {
        String character = piece.substring(from, to);
        String prefixed = from > 0 ? options.prefix + character : character;
        return to == piece.length() ? prefixed + options.suffix : prefixed;
    }

    private boolean addBytes(String character, Word word) {
        byte[] utf8 = character.getBytes(StandardCharsets.UTF_8);
        for (byte b : utf8) {
            if (byteIds[b & 0xFF] < 0) {
                return false;
            }
        }
        for (byte b : utf8) {
            word.add(byteIds[b & 0xFF]);
        }
        return true;
    }
}
