package dev.mimic.loader.tokenizer;

import java.util.Optional;

/**
 * The regular expressions of GPT-2 and of Llama 3 and Qwen, written out as code: same spans as {@link RegexPattern}, many
 * times as fast, linear in the length of the text. Every character is in a match.
 *
 * @param gpt2 GPT-2's, else that of Llama 3
 * @param maxDigits digits per match (not of GPT-2)
 */
record WordPattern(boolean gpt2, int maxDigits) implements SplitPattern {
    static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String HEAD = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
    private static final String TAIL = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String LLAMA3 = HEAD + "\\p{N}{1,3}" + TAIL;
    static final String QWEN = HEAD + "\\p{N}" + TAIL;

    /** The code for a regular expression, if it is one of those known. */
    static Optional<SplitPattern> of(String regex) {
        return switch (regex) {
            case GPT2 -> Optional.of(new WordPattern(true, 0));
            case LLAMA3 -> Optional.of(new WordPattern(false, 3));
            case QWEN -> Optional.of(new WordPattern(false, 1));
            default -> Optional.empty();
        };
    }

    @Override
    public void cut(String text, Spans spans) {
        int from = 0;
        while (from < text.length()) {
            int to = gpt2 ? gpt2End(text, from) : llamaEnd(text, from);
            spans.span(from, to, true);
            from = to;
        }
    }

    private static int gpt2End(String text, int from) {
        int contraction = contraction(text, from, false);
        if (contraction > 0) {
            return from + contraction;
        }
        int start = text.charAt(from) == ' ' ? from + 1 : from;
        if (start < text.length()) {
            int first = text.codePointAt(start);
            if (Unicode.isLetter(first)) {
                return letters(text, start);
            } else if (Unicode.isNumber(first)) {
                return numbers(text, start, Integer.MAX_VALUE);
            } else if (!Unicode.isWhiteSpace(first)) {
                return others(text, start);
            }
        }
        return blanks(text, from, whiteSpace(text, from));
    }

    private int llamaEnd(String text, int from) {
        int contraction = contraction(text, from, true);
        if (contraction > 0) {
            return from + contraction;
        }
        int first = text.codePointAt(from);
        if (Unicode.isLetter(first)) {
            return letters(text, from);
        }
        if (Unicode.isNumber(first)) {
            return numbers(text, from, maxDigits);
        }
        int second = from + Character.charCount(first);
        if (first != '\r' && first != '\n' && second < text.length() && Unicode.isLetter(text.codePointAt(second))) {
            return letters(text, second);
        }
        if (!Unicode.isWhiteSpace(first)) {
            return lineEnds(text, others(text, from));
        }
        if (first == ' ' && second < text.length() && isOther(text.codePointAt(second))) {
            return lineEnds(text, others(text, second));
        }
        int end = whiteSpace(text, from);
        for (int i = end; i > from; i--) {
            char c = text.charAt(i - 1);
            if (c == '\r' || c == '\n') {
                return i;
            }
        }
        return blanks(text, from, end);
    }

    /** Length of 's 't 're 've 'm 'll 'd at an index, 0 if there is none. */
    private static int contraction(String text, int from, boolean anyCase) {
        if (text.charAt(from) != '\'' || from + 1 == text.length()) {
            return 0;
        }
        char first = letter(text, from + 1, anyCase);
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return 2;
        }
        if (from + 2 == text.length()) {
            return 0;
        }
        char second = letter(text, from + 2, anyCase);
        boolean pair = ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l');
        return pair ? 3 : 0;
    }

    private static char letter(String text, int index, boolean anyCase) {
        char c = text.charAt(index);
        if (!anyCase) {
            return c;
        }
        // the long s folds to s; no other letter beyond ASCII folds to one of these
        return c == '\u017F' ? 's' : c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }

    private static boolean isOther(int codePoint) {
        return !Unicode.isWhiteSpace(codePoint) && !Unicode.isLetter(codePoint) && !Unicode.isNumber(codePoint);
    }

    private static int letters(String text, int from) {
        int at = from;
        while (at < text.length()) {
            int codePoint = text.codePointAt(at);
            if (!Unicode.isLetter(codePoint)) {
                break;
            }
            at += Character.charCount(codePoint);
        }
        return at;
    }

    private static int numbers(String text, int from, int most) {
        int at = from;
        for (int count = 0; at < text.length() && count < most; count++) {
            int codePoint = text.codePointAt(at);
            if (!Unicode.isNumber(codePoint)) {
                break;
            }
            at += Character.charCount(codePoint);
        }
        return at;
    }

    private static int others(String text, int from) {
        int at = from;
        while (at < text.length()) {
            int codePoint = text.codePointAt(at);
            if (!isOther(codePoint)) {
                break;
            }
            at += Character.charCount(codePoint);
        }
        return at;
    }

    private static int lineEnds(String text, int from) {
        int at = from;
        while (at < text.length() && (text.charAt(at) == '\r' || text.charAt(at) == '\n')) {
            at++;
        }
        return at;
    }

    private static int whiteSpace(String text, int from) {
        int at = from;
        while (at < text.length() && Unicode.isWhiteSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /** {@code \s+(?!\S)|\s+} on a run of white space: the last one is left to what follows. */
    private static int blanks(String text, int from, int end) {
        return end == text.length() || end == from + 1 ? end : end - 1;
    }
}
