package dev.mimic.loader.tokenizer;

/**
 * Bytes to characters, one byte at a time. What is not UTF-8 becomes U+FFFD, one for each maximal part of a sequence that
 * could not be completed (Unicode 16, section 3.9; the same as Rust's from_utf8_lossy).
 */
final class LenientUtf8 {
    private final StringBuilder text = new StringBuilder();
    private int codePoint;
    private int missing;
    private int lowest = 0x80;
    private int highest = 0xBF;

    void add(byte b) {
        int value = b & 0xFF;
        if (missing == 0) {
            begin(value);
        } else if (value < lowest || value > highest) {
            end();
            begin(value);
        } else {
            lowest = 0x80;
            highest = 0xBF;
            codePoint = codePoint << 6 | (value & 0x3F);
            missing--;
            if (missing == 0) {
                text.appendCodePoint(codePoint);
            }
        }
    }

    private void begin(int value) {
        if (value < 0x80) {
            text.append((char) value);
        } else if (value < 0xC2 || value > 0xF4) {
            text.append('\uFFFD');
        } else {
            missing = value < 0xE0 ? 1 : value < 0xF0 ? 2 : 3;
            codePoint = value & 0x3F >> missing;
            lowest = Utf8.lowestSecond(value);
            highest = Utf8.highestSecond(value);
        }
    }

    /** No byte follows: an incomplete character becomes U+FFFD. */
    void end() {
        if (missing > 0) {
            text.append('\uFFFD');
            missing = 0;
            lowest = 0x80;
            highest = 0xBF;
        }
    }

    /** The characters complete by now that were not taken before. */
    String take() {
        String result = text.toString();
        text.setLength(0);
        return result;
    }
}
