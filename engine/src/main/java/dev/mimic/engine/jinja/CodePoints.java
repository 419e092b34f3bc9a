package dev.mimic.engine.jinja;

/** Texts as Python sees them: sequences of code points. */
final class CodePoints {
    private CodePoints() {}

    static boolean hasSurrogates(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    static int length(String text) {
        return hasSurrogates(text) ? text.codePointCount(0, text.length()) : text.length();
    }

    /** Whether a text has more code points than this; looks at no more of it than needed. */
    static boolean longerThan(String text, int count) {
        return text.length() > count && (text.length() > 2L * count || text.codePointCount(0, text.length()) > count);
    }

    /** The text of one code point. */
    static String at(String text, int index) {
        if (!hasSurrogates(text)) {
            return String.valueOf(text.charAt(index));
        }
        int from = text.offsetByCodePoints(0, index);
        return Character.toString(text.codePointAt(from));
    }

    /** Code points {@code [from, to)}. */
    static String substring(String text, int from, int to) {
        if (!hasSurrogates(text)) {
            return text.substring(from, to);
        }
        int start = text.offsetByCodePoints(0, from);
        return text.substring(start, text.offsetByCodePoints(start, to - from));
    }

    static String reverse(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    /** What {@code str.isspace}, {@code str.strip} and {@code \s} of Python take as white space. */
    static boolean isSpace(int c) {
        return (c >= 0x09 && c <= 0x0d)
                || (c >= 0x1c && c <= 0x20)
                || c == 0x85
                || (c > 0x85 && Character.isSpaceChar(c));
    }

    /** What {@code str.splitlines} of Python takes as the end of a line. */
    static boolean isLineEnd(char c) {
        return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    /** Strips white space (chars null) or any of {@code chars} from the sides asked for. */
    static String strip(String text, String chars, boolean left, boolean right) {
        int from = 0;
        int to = text.length();
        while (left && from < to && stripped(text.codePointAt(from), chars)) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (right && from < to && stripped(text.codePointBefore(to), chars)) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    private static boolean stripped(int c, String chars) {
        return chars == null ? isSpace(c) : chars.indexOf(c) >= 0;
    }

    /** Compares by code point; {@link String#compareTo} orders surrogates before U+E000. */
    static int compare(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean high = Character.isSurrogate(x);
                return high == Character.isSurrogate(y) ? Character.compare(x, y) : high ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }
}
