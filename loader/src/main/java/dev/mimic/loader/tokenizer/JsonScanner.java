package dev.mimic.loader.tokenizer;

import dev.mimic.loader.InvalidModelException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A cursor over the bytes of a JSON text, for the two values of tokenizer.json that are too large for a tree: hundreds of
 * thousands of short texts, read in place without an object for each. Strict: raw control characters, broken UTF-8, lone
 * surrogates and unknown escapes are refused.
 */
final class JsonScanner {
    private final byte[] bytes;
    private final String name;
    private int position;

    /** Holds texts that had escapes. */
    private byte[] unescaped = new byte[256];

    private int unescapedLength;
    private boolean buffered;

    /** Where the bytes of the text read last are: the file's, or those of a buffer that the next text overwrites. */
    byte[] source;

    /** Index of the text's first byte in {@link #source}. */
    int from;

    /** Index behind the text's last byte in {@link #source}. */
    int to;

    JsonScanner(byte[] bytes, String name) {
        this.bytes = bytes;
        this.name = name;
        // a byte order mark is no part of the value; the JSON reader skips it too
        this.position = bytes.length >= 3 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB ? 3 : 0;
    }

    int position() {
        return position;
    }

    void moveTo(int newPosition) {
        position = newPosition;
    }

    /** The next byte that is no white space, not consumed; -1 at the end. */
    int peek() {
        while (position < bytes.length) {
            byte b = bytes[position];
            if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
                return b & 0xFF;
            }
            position++;
        }
        return -1;
    }

    /** Consumes white space and the given byte. */
    void expect(char expected) {
        if (peek() != expected) {
            throw notJson("'" + expected + "'");
        }
        position++;
    }

    /** Consumes white space and the given byte if it comes next. */
    boolean take(char wanted) {
        if (peek() != wanted) {
            return false;
        }
        position++;
        return true;
    }

    /** Reads a string; {@link #source}, {@link #from} and {@link #to} then say where its UTF-8 is. */
    void string() {
        if (uncheckedString()) {
            checkUtf8();
        }
    }

    /**
     * As {@link #string()}, but a text beyond ASCII is not checked: for texts that are then looked up among checked ones.
     *
     * @return whether there are bytes that no one has checked
     */
    boolean uncheckedString() {
        expect('"');
        int at = position;
        boolean ascii = true;
        while (at < bytes.length && bytes[at] != '"' && bytes[at] != '\\') {
            byte b = bytes[at];
            if (b < ' ') {
                if (b >= 0) {
                    position = at;
                    throw notJson("no control character in a text");
                }
                ascii = false;
            }
            at++;
        }
        source = bytes;
        buffered = false;
        from = position;
        to = at;
        position = at + 1;
        if (at >= bytes.length) {
            position = at;
            throw notJson("the end of the text");
        }
        if (bytes[at] == '\\') {
            checkUtf8();
            position = at;
            unescapedLength = 0;
            add(bytes, from, at - from);
            restOfString();
            source = unescaped;
            buffered = true;
            from = 0;
            to = unescapedLength;
            return false;
        }
        return !ascii;
    }

    private void checkUtf8() {
        int at = from;
        while (at < to) {
            int length = source[at] >= 0 ? 1 : Utf8.sequenceLength(source, at, to);
            if (length == 0) {
                position = at;
                throw notJson("UTF-8");
            }
            at += length;
        }
    }

    /** The part of a string from its first escape on. */
    private void restOfString() {
        while (true) {
            byte b = position < bytes.length ? bytes[position] : 0;
            if (b == '"') {
                position++;
                return;
            } else if (b == '\\') {
                escape();
            } else if (b < 0) {
                int length = Utf8.sequenceLength(bytes, position, bytes.length);
                if (length == 0) {
                    throw notJson("UTF-8");
                }
                add(bytes, position, length);
                position += length;
            } else if (b >= ' ') {
                add(b);
                position++;
            } else {
                throw notJson("the rest of a text");
            }
        }
    }

    private void escape() {
        position++;
        int escaped = position < bytes.length ? bytes[position] : -1;
        position++;
        switch (escaped) {
            case '"', '\\', '/' -> add(escaped);
            case 'b' -> add('\b');
            case 'f' -> add('\f');
            case 'n' -> add('\n');
            case 'r' -> add('\r');
            case 't' -> add('\t');
            case 'u' -> addCodePoint(hexadecimal());
            default -> {
                position--;
                throw notJson("an escape");
            }
        }
    }

    private int hexadecimal() {
        int high = fourDigits();
        if (!Character.isSurrogate((char) high)) {
            return high;
        }
        boolean pair = Character.isHighSurrogate((char) high)
                && position + 1 < bytes.length
                && bytes[position] == '\\'
                && bytes[position + 1] == 'u';
        if (pair) {
            position += 2;
            int low = fourDigits();
            if (Character.isLowSurrogate((char) low)) {
                return Character.toCodePoint((char) high, (char) low);
            }
        }
        throw notJson("a pair of surrogates");
    }

    private int fourDigits() {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = position < bytes.length ? Character.digit(bytes[position], 16) : -1;
            if (digit < 0) {
                throw notJson("four hexadecimal digits");
            }
            value = value << 4 | digit;
            position++;
        }
        return value;
    }

    private void addCodePoint(int codePoint) {
        reserve(unescapedLength + 4);
        unescapedLength = Utf8.put(codePoint, unescaped, unescapedLength);
    }

    private void add(int b) {
        reserve(unescapedLength + 1);
        unescaped[unescapedLength++] = (byte) b;
    }

    private void add(byte[] more, int start, int length) {
        reserve(unescapedLength + length);
        System.arraycopy(more, start, unescaped, unescapedLength, length);
        unescapedLength += length;
    }

    private void reserve(int length) {
        if (length > unescaped.length) {
            unescaped = Arrays.copyOf(unescaped, Math.max(length, 2 * unescaped.length));
        }
    }

    /**
     * Reads an integer from 0 to 2^31 - 1.
     *
     * @return -1 if the next value is something else (nothing but white space is consumed then)
     */
    int id() {
        peek();
        int start = position;
        int at = start;
        long value = 0;
        while (at < bytes.length && bytes[at] >= '0' && bytes[at] <= '9' && value <= Integer.MAX_VALUE) {
            value = value * 10 + (bytes[at++] - '0');
        }
        boolean leadingZero = at - start > 1 && bytes[start] == '0';
        boolean goesOn = at < bytes.length
                && (bytes[at] == '.' || bytes[at] == 'e' || bytes[at] == 'E' || Character.isDigit(bytes[at]));
        if (at == start || leadingZero || goesOn || value > Integer.MAX_VALUE) {
            return -1;
        }
        position = at;
        return (int) value;
    }

    /** Moves behind the next value. Only brackets and quotes are looked at: whoever uses the value checks it. */
    void skipValue() {
        int first = peek();
        if (first == '"') {
            position++;
            skipString();
            return;
        }
        if (first != '{' && first != '[') {
            skipScalar();
            return;
        }
        int depth = 0;
        while (position < bytes.length) {
            byte b = bytes[position++];
            if (b == '"') {
                skipString();
            } else if (b == '{' || b == '[') {
                depth++;
            } else if (b == '}' || b == ']') {
                depth--;
                if (depth == 0) {
                    return;
                }
            }
        }
        throw notJson("the end of the value");
    }

    private void skipString() {
        int at = position;
        while (at < bytes.length && bytes[at] != '"') {
            at += bytes[at] == '\\' ? 2 : 1;
        }
        position = Math.min(at, bytes.length);
        if (at >= bytes.length) {
            throw notJson("the end of the text");
        }
        position++;
    }

    private void skipScalar() {
        int start = position;
        while (position < bytes.length && bytes[position] != ',' && bytes[position] != '}' && bytes[position] != ']') {
            position++;
        }
        if (position == start) {
            throw notJson("a value");
        }
    }

    /** Whether the text read last had escapes, so that it is in the buffer. */
    boolean textIsBuffered() {
        return buffered;
    }

    /** The text read last, for a message. */
    String text() {
        return new String(source, from, to - from, StandardCharsets.UTF_8);
    }

    /** The exception for a text that is no JSON where the cursor stands. */
    InvalidModelException notJson(String expected) {
        return new InvalidModelException(
                name, "not valid JSON at byte " + position + ": expected " + expected + ", found " + found());
    }

    /** What stands at the cursor, for a message. */
    String found() {
        if (peek() < 0) {
            return "the end of the file";
        }
        int end = Math.min(position + 40, bytes.length);
        return "'" + new String(bytes, position, end - position, StandardCharsets.UTF_8) + "'";
    }
}
