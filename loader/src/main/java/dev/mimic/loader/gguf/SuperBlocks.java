package dev.mimic.loader.gguf;

import static dev.mimic.loader.gguf.Blocks.bits;

/** The K formats: 256 elements in groups of 16 or 32, each group with a scale (and minimum) that is itself quantized. */
final class SuperBlocks {
    private static final int SIZE = 256;

    private SuperBlocks() {}

    /**
     * 16 bytes of (scale, minimum) nibbles, 64 bytes of 2-bit values, f16 d, f16 dmin: y = d scale q - dmin minimum. The
     * values of 128 elements lie in 32 bytes, four layers of two bits.
     */
    static void q2(byte[] bytes, int from, float[] y, int to) {
        float d = Blocks.half(bytes, from + 80);
        float dmin = Blocks.half(bytes, from + 82);
        for (int group = 0; group < SIZE / 16; group++) {
            int scales = bytes[from + group];
            float scale = d * bits(scales, 0, 15);
            float minimum = dmin * bits(scales, 4, 15);
            int values = from + 16 + group / 8 * 32 + group % 2 * 16;
            int shift = group % 8 / 2 * 2;
            for (int l = 0; l < 16; l++) {
                y[to + group * 16 + l] = scale * bits(bytes[values + l], shift, 3) - minimum;
            }
        }
    }

    /**
     * 32 bytes of third bits, 64 bytes of 2-bit values, 12 bytes of 6-bit scales, f16 d: y = d (scale - 32) q with q from
     * -4 to 3; a third bit that is set means "do not subtract 4".
     */
    static void q3(byte[] bytes, int from, float[] y, int to) {
        float d = Blocks.half(bytes, from + 108);
        int packed = from + 96;
        for (int group = 0; group < SIZE / 16; group++) {
            int low = bits(bytes[packed + group % 8], group / 8 * 4, 15);
            int high = bits(bytes[packed + 8 + group % 4], group / 4 * 2, 3);
            float scale = d * (low + 16 * high - 32);
            int values = from + 32 + group / 8 * 32 + group % 2 * 16;
            int thirds = from + group % 2 * 16;
            int shift = group % 8 / 2 * 2;
            for (int l = 0; l < 16; l++) {
                int third = bits(bytes[thirds + l], group / 2, 1);
                y[to + group * 16 + l] = scale * (bits(bytes[values + l], shift, 3) - (third == 1 ? 0 : 4));
            }
        }
    }

    /**
     * f16 d, f16 dmin, 12 bytes of 6-bit (scale, minimum), 128 bytes of nibbles: y = d scale q - dmin minimum. Of each 64
     * elements the first 32 are the low nibbles.
     */
    static void q4(byte[] bytes, int from, float[] y, int to) {
        float d = Blocks.half(bytes, from);
        float dmin = Blocks.half(bytes, from + 2);
        for (int group = 0; group < SIZE / 32; group++) {
            float scale = d * scale(bytes, from + 4, group);
            float minimum = dmin * minimum(bytes, from + 4, group);
            int values = from + 16 + group / 2 * 32;
            int shift = group % 2 * 4;
            for (int l = 0; l < 32; l++) {
                y[to + group * 32 + l] = scale * bits(bytes[values + l], shift, 15) - minimum;
            }
        }
    }

    /** As {@link #q4} with 32 bytes of fifth bits before the nibbles; group g uses bit g of each. */
    static void q5(byte[] bytes, int from, float[] y, int to) {
        float d = Blocks.half(bytes, from);
        float dmin = Blocks.half(bytes, from + 2);
        for (int group = 0; group < SIZE / 32; group++) {
            float scale = d * scale(bytes, from + 4, group);
            float minimum = dmin * minimum(bytes, from + 4, group);
            int values = from + 48 + group / 2 * 32;
            int shift = group % 2 * 4;
            for (int l = 0; l < 32; l++) {
                int fifth = bits(bytes[from + 16 + l], group, 1);
                y[to + group * 32 + l] = scale * (bits(bytes[values + l], shift, 15) + 16 * fifth) - minimum;
            }
        }
    }

    /**
     * 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales, f16 d: y = d scale (q - 32). Of each 128
     * elements, run r of 32 takes nibble r / 2 of bytes r % 2 · 32 and bit pair r.
     */
    static void q6(byte[] bytes, int from, float[] y, int to) {
        float d = Blocks.half(bytes, from + 208);
        for (int group = 0; group < SIZE / 16; group++) {
            float scale = d * bytes[from + 192 + group];
            int half = group / 8;
            int run = group % 8 / 2;
            int low = from + half * 64 + run % 2 * 32 + group % 2 * 16;
            int high = from + 128 + half * 32 + group % 2 * 16;
            for (int l = 0; l < 16; l++) {
                int q = bits(bytes[low + l], run / 2 * 4, 15) + 16 * bits(bytes[high + l], run * 2, 3);
                y[to + group * 16 + l] = scale * (q - 32);
            }
        }
    }

    /** The 6-bit scale of one of 8 groups; ggml's {@code get_scale_min_k4}. */
    private static int scale(byte[] bytes, int packed, int group) {
        return group < 4
                ? bits(bytes[packed + group], 0, 63)
                : bits(bytes[packed + group + 4], 0, 15) + 16 * bits(bytes[packed + group - 4], 6, 3);
    }

    private static int minimum(byte[] bytes, int packed, int group) {
        return group < 4
                ? bits(bytes[packed + group + 4], 0, 63)
                : bits(bytes[packed + group + 4], 4, 15) + 16 * bits(bytes[packed + group], 6, 3);
    }
}
