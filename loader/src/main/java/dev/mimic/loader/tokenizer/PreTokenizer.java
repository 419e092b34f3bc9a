package dev.mimic.loader.tokenizer;

import java.util.List;

/** Cuts a text into the pieces that are encoded each for itself, and may change them. */
sealed interface PreTokenizer {
    /**
     * Cuts a text.
     *
     * @param text not empty
     * @param first whether the text stands at the very start of the input
     * @param pieces takes the pieces in order; none is empty
     */
    void cut(String text, boolean first, Pieces pieces);

    /** Takes the pieces of a text. */
    @FunctionalInterface
    interface Pieces {
        /** Takes a piece, and whether it stands at the very start of the input. */
        void piece(String text, boolean first);
    }

    /** One after the other, each on the pieces of the one before. */
    record Sequence(List<PreTokenizer> members) implements PreTokenizer {
        @Override
        public void cut(String text, boolean first, Pieces pieces) {
            Pieces next = pieces;
            for (int i = members.size() - 1; i >= 0; i--) {
                PreTokenizer member = members.get(i);
                Pieces after = next;
                next = (piece, isFirst) -> member.cut(piece, isFirst, after);
            }
            next.piece(text, first);
        }
    }

    /** Cuts at a pattern. */
    record Split(SplitPattern pattern, SplitBehavior behavior, boolean invert) implements PreTokenizer {
        @Override
        public void cut(String text, boolean first, Pieces pieces) {
            SplitBehavior.Joiner joiner = behavior.joiner((from, to) -> {
                if (to > from) {
                    pieces.piece(text.substring(from, to), first && from == 0);
                }
            });
            pattern.cut(text, invert ? (from, to, match) -> joiner.span(from, to, !match) : joiner);
            joiner.end();
        }
    }

    /** Bytes as characters, after a cut at words. */
    record ByteLevel(boolean prefixSpace, boolean words) implements PreTokenizer {
        private static final SplitPattern WORDS = new WordPattern(true, 0);

        @Override
        public void cut(String text, boolean first, Pieces pieces) {
            String prefixed = prefixSpace && text.charAt(0) != ' ' ? " " + text : text;
            if (!words) {
                pieces.piece(ByteAlphabet.encode(prefixed), first);
                return;
            }
            WORDS.cut(
                    prefixed,
                    (from, to, match) ->
                            pieces.piece(ByteAlphabet.encode(prefixed.substring(from, to)), first && from == 0));
        }
    }

    /** SentencePiece's blanks. */
    record Metaspace(String replacement, Prepend prepend, boolean split) implements PreTokenizer {
        /** When the replacement is put before a text that has none there. */
        enum Prepend {
            FIRST,
            NEVER,
            ALWAYS
        }

        @Override
        public void cut(String text, boolean first, Pieces pieces) {
            String replaced = text.replace(" ", replacement);
            boolean wanted = prepend == Prepend.ALWAYS || (prepend == Prepend.FIRST && first);
            String prefixed = wanted && !replaced.startsWith(replacement) ? replacement + replaced : replaced;
            if (split) {
                new Split(new SplitPattern.Literal(replacement), SplitBehavior.MERGED_WITH_NEXT, false)
                        .cut(prefixed, first, pieces);
            } else {
                pieces.piece(prefixed, first);
            }
        }
    }
}
