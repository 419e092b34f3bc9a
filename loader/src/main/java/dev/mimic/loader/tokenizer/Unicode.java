package dev.mimic.loader.tokenizer;

/** Classes of characters, as Rust and Oniguruma understand them (Java's own methods often mean something else). */
final class Unicode {
    private static final int NUMBERS =
            1 << Character.DECIMAL_DIGIT_NUMBER | 1 << Character.LETTER_NUMBER | 1 << Character.OTHER_NUMBER;
    private static final int MARKS =
            1 << Character.NON_SPACING_MARK | 1 << Character.COMBINING_SPACING_MARK | 1 << Character.ENCLOSING_MARK;
    private static final int PUNCTUATION = 1 << Character.CONNECTOR_PUNCTUATION
            | 1 << Character.DASH_PUNCTUATION
            | 1 << Character.START_PUNCTUATION
            | 1 << Character.END_PUNCTUATION
            | 1 << Character.INITIAL_QUOTE_PUNCTUATION
            | 1 << Character.FINAL_QUOTE_PUNCTUATION
            | 1 << Character.OTHER_PUNCTUATION;
    private static final int WORD = MARKS | 1 << Character.DECIMAL_DIGIT_NUMBER | 1 << Character.CONNECTOR_PUNCTUATION;

    private Unicode() {}

    /** The property White_Space: 25 characters, all in the basic plane. */
    static boolean isWhiteSpace(int c) {
        if (c < 0x80) {
            return c == ' ' || (c >= '\t' && c <= '\r');
        }
        return switch (c) {
            case 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
            default -> c >= 0x2000 && c <= 0x200A;
        };
    }

    /** {@code \p{L}}. */
    static boolean isLetter(int codePoint) {
        return Character.isLetter(codePoint);
    }

    /** {@code \p{N}}, which is Rust's {@code char::is_numeric}. */
    static boolean isNumber(int codePoint) {
        return in(NUMBERS, codePoint);
    }

    /** {@code \p{M}}. */
    static boolean isMark(int codePoint) {
        return in(MARKS, codePoint);
    }

    /** {@code \p{P}}, and the symbols that ASCII counts as punctuation. */
    static boolean isPunctuation(int codePoint) {
        boolean ascii = codePoint > ' ' && codePoint < 0x7F && !Character.isLetterOrDigit(codePoint);
        return ascii || in(PUNCTUATION, codePoint);
    }

    /** {@code \w} of Rust's regex: Alphabetic, M, Nd, Pc, Join_Control. */
    static boolean isWord(int codePoint) {
        return Character.isAlphabetic(codePoint) || in(WORD, codePoint) || codePoint == 0x200C || codePoint == 0x200D;
    }

    private static boolean in(int types, int codePoint) {
        return (types >> Character.getType(codePoint) & 1) != 0;
    }
}
