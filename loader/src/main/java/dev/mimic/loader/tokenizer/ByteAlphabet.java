package dev.mimic.loader.tokenizer;

import java.nio.charset.StandardCharsets;

/** The 256 characters that stand for bytes in byte-level vocabularies (GPT-2's bytes_to_unicode). */
final class ByteAlphabet {
    private static final char[] CHARACTERS = characters();
    private static final short[] BYTES = bytes(CHARACTERS);

    private ByteAlphabet() {}

    private static char[] characters() {
        char[] characters = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean itself = (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
            characters[b] = (char) (itself ? b : next++);
        }
        return characters;
    }

    private static short[] bytes(char[] characters) {
        short[] bytes = new short[256 + 68];
        java.util.Arrays.fill(bytes, (short) -1);
        for (int b = 0; b < 256; b++) {
            bytes[characters[b]] = (short) b;
        }
        return bytes;
    }

    /** The byte of a character, 0 to 255; -1 if it stands for none. */
    static int byteOf(char character) {
        return character < BYTES.length ? BYTES[character] : -1;
    }

    /** The text's UTF-8 bytes, each as its character. */
    static String encode(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        char[] encoded = new char[utf8.length];
        for (int i = 0; i < utf8.length; i++) {
            encoded[i] = CHARACTERS[utf8[i] & 0xFF];
        }
        return new String(encoded);
    }
}
