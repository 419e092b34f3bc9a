package dev.mimic.loader.tokenizer;

import java.util.function.IntPredicate;

/** What a text is cut at. The spans it gives cover the text from the start to the end, without gaps. */
sealed interface SplitPattern permits SplitPattern.Literal, SplitPattern.Characters, WordPattern, RegexPattern {
    /**
     * Cuts a text.
     *
     * @param text without lone surrogates
     */
    void cut(String text, Spans spans);

    /** Takes spans in the order of the text. */
    @FunctionalInterface
    interface Spans {
        /** Takes {@code [from, to)}, which the pattern matched or which lies between matches. */
        void span(int from, int to, boolean match);
    }

    /** A text that is not empty. */
    record Literal(String content) implements SplitPattern {
        @Override
        public void cut(String text, Spans spans) {
            int from = 0;
            for (int at = text.indexOf(content); at >= 0; at = text.indexOf(content, from)) {
                if (at > from) {
                    spans.span(from, at, false);
                }
                from = at + content.length();
                spans.span(at, from, true);
            }
            if (from < text.length()) {
                spans.span(from, text.length(), false);
            }
        }
    }

    /** Every single character of a kind. */
    record Characters(IntPredicate kind) implements SplitPattern {
        @Override
        public void cut(String text, Spans spans) {
            int from = 0;
            int at = 0;
            while (at < text.length()) {
                int codePoint = text.codePointAt(at);
                int next = at + Character.charCount(codePoint);
                if (kind.test(codePoint)) {
                    if (at > from) {
                        spans.span(from, at, false);
                    }
                    spans.span(at, next, true);
                    from = next;
                }
                at = next;
            }
            if (from < at) {
                spans.span(from, at, false);
            }
        }
    }
}
