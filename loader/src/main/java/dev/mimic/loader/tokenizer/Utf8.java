package dev.mimic.loader.tokenizer;

/** UTF-8, byte by byte. */
final class Utf8 {
    private Utf8() {}

    /**
     * Length in bytes of the character that begins at an index.
     *
     * @return 1 to 4; 0 if the bytes there are not well formed (Unicode 16, table 3-7)
     */
    static int sequenceLength(byte[] bytes, int index, int end) {
        int lead = bytes[index] & 0xFF;
        if (lead < 0x80) {
            return 1;
        }
        int length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
        if (length == 0 || index + length > end) {
            return 0;
        }
        int second = bytes[index + 1] & 0xFF;
        if (second < lowestSecond(lead) || second > highestSecond(lead)) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if ((bytes[index + i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return length;
    }

    /** The lowest second byte after a lead byte: no overlong forms. */
    static int lowestSecond(int lead) {
        return lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    }

    /** The highest second byte after a lead byte: no surrogates, nothing beyond U+10FFFF. */
    static int highestSecond(int lead) {
        return lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    }

    /**
     * Writes a code point.
     *
     * @param target written from {@code index}; up to four bytes
     * @return the index after the last byte
     */
    static int put(int codePoint, byte[] target, int index) {
        int at = index;
        if (codePoint < 0x80) {
            target[at++] = (byte) codePoint;
        } else if (codePoint < 0x800) {
            target[at++] = (byte) (0xC0 | codePoint >> 6);
            target[at++] = (byte) (0x80 | (codePoint & 0x3F));
        } else if (codePoint < 0x10000) {
            target[at++] = (byte) (0xE0 | codePoint >> 12);
            target[at++] = (byte) (0x80 | (codePoint >> 6 & 0x3F));
            target[at++] = (byte) (0x80 | (codePoint & 0x3F));
        } else {
            target[at++] = (byte) (0xF0 | codePoint >> 18);
            target[at++] = (byte) (0x80 | (codePoint >> 12 & 0x3F));
            target[at++] = (byte) (0x80 | (codePoint >> 6 & 0x3F));
            target[at++] = (byte) (0x80 | (codePoint & 0x3F));
        }
        return at;
    }

    /** The text with every lone surrogate replaced by U+FFFD; the same object if there is none. */
    static String withoutLoneSurrogates(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (loneAt(text, i)) {
                    return replaced(text);
                }
                i++;
            }
        }
        return text;
    }

    private static String replaced(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                clean.append(c);
            } else if (loneAt(text, i)) {
                clean.append('\uFFFD');
            } else {
                clean.append(c).append(text.charAt(++i));
            }
        }
        return clean.toString();
    }

    /** Whether the surrogate at an index begins no pair. */
    private static boolean loneAt(String text, int index) {
        return Character.isLowSurrogate(text.charAt(index))
                || index + 1 == text.length()
                || !Character.isLowSurrogate(text.charAt(index + 1));
    }
}
