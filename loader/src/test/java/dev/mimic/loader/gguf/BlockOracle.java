package dev.mimic.loader.gguf;

import java.math.BigDecimal;
import java.util.random.RandomGenerator;

/**
 * The block formats once more, element by element and in exact arithmetic: what an element is worth is written down from
 * the formats' definition and rounded to a float once.
 */
final class BlockOracle {
    private BlockOracle() {}

    /** The value of element {@code e} of the block that starts at {@code at}. */
    static float value(GgufType type, byte[] b, int at, int e) {
        return switch (type) {
            case F32 -> Float.intBitsToFloat(u(b, at) | u(b, at + 1) << 8 | u(b, at + 2) << 16 | u(b, at + 3) << 24);
            case F16 -> half(b, at).floatValue();
            case BF16 -> Float.intBitsToFloat(u(b, at) << 16 | u(b, at + 1) << 24);
            case Q4_0 -> affine(half(b, at), nibble(b, at + 2, e) - 8, BigDecimal.ZERO);
            case Q4_1 -> affine(half(b, at), nibble(b, at + 4, e), half(b, at + 2));
            case Q5_0 -> affine(half(b, at), nibble(b, at + 6, e) + 16 * bit(b, at + 2, e) - 16, BigDecimal.ZERO);
            case Q5_1 -> affine(half(b, at), nibble(b, at + 8, e) + 16 * bit(b, at + 4, e), half(b, at + 2));
            case Q8_0 -> affine(half(b, at), b[at + 2 + e], BigDecimal.ZERO);
            case Q2_K -> {
                int q = take(u(b, at + 16 + e / 128 * 32 + e % 32), 2 * (e % 128 / 32), 3);
                int scales = u(b, at + e / 16);
                yield minus(half(b, at + 80), scales % 16 * q, half(b, at + 82), scales / 16);
            }
            case Q3_K -> {
                int q = take(u(b, at + 32 + e / 128 * 32 + e % 32), 2 * (e % 128 / 32), 3);
                int set = take(u(b, at + e % 32), e / 32, 1);
                yield affine(
                        half(b, at + 108), scales3(b, at + 96)[e / 16] * (q - (set == 1 ? 0 : 4)), BigDecimal.ZERO);
            }
            case Q4_K -> {
                int q = u(b, at + 16 + e / 64 * 32 + e % 32) >> (e % 64 < 32 ? 0 : 4) & 15;
                int[] s = scaleAndMinimum(b, at + 4, e / 32);
                yield minus(half(b, at), s[0] * q, half(b, at + 2), s[1]);
            }
            case Q5_K -> {
                int low = u(b, at + 48 + e / 64 * 32 + e % 32) >> (e % 64 < 32 ? 0 : 4) & 15;
                int high = take(u(b, at + 16 + e % 32), e / 32, 1);
                int[] s = scaleAndMinimum(b, at + 4, e / 32);
                yield minus(half(b, at), s[0] * (low + 16 * high), half(b, at + 2), s[1]);
            }
            case Q6_K -> {
                int run = e % 128 / 32;
                int low = u(b, at + e / 128 * 64 + e % 32 + (run % 2 == 1 ? 32 : 0)) >> (run < 2 ? 0 : 4) & 15;
                int high = take(u(b, at + 128 + e / 128 * 32 + e % 32), 2 * run, 3);
                int scale = b[at + 192 + e / 128 * 8 + e % 32 / 16 + 2 * run];
                yield affine(half(b, at + 208), scale * (low + 16 * high - 32), BigDecimal.ZERO);
            }
        };
    }

    /** Random blocks whose scales are finite. */
    static byte[] randomBlocks(GgufType type, int blocks, RandomGenerator random) {
        byte[] bytes = new byte[blocks * type.blockBytes()];
        random.nextBytes(bytes);
        for (int block = 0; block < blocks; block++) {
            for (int at : scalesOf(type)) {
                int i = block * type.blockBytes() + at;
                if ((bytes[i] & 0x7C) == 0x7C) { // exponent 31: infinity or NaN
                    bytes[i] ^= 0x40;
                }
            }
            if (type == GgufType.F32 || type == GgufType.BF16) {
                bytes[block * type.blockBytes() + type.blockBytes() - 1] &= (byte) 0xBF;
            }
        }
        return bytes;
    }

    /** Offsets of the high bytes of a block's half-precision numbers. */
    private static int[] scalesOf(GgufType type) {
        return switch (type) {
            case F32, BF16 -> new int[0];
            case F16, Q4_0, Q5_0, Q8_0 -> new int[] {1};
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {1, 3};
            case Q2_K -> new int[] {81, 83};
            case Q3_K -> new int[] {109};
            case Q6_K -> new int[] {209};
        };
    }

    private static float affine(BigDecimal d, int q, BigDecimal m) {
        return d.multiply(BigDecimal.valueOf(q)).add(m).floatValue();
    }

    private static float minus(BigDecimal d, int q, BigDecimal dmin, int m) {
        return affine(d, q, dmin.multiply(BigDecimal.valueOf(-m)));
    }

    /** Element e's nibble: low ones first, then high ones. */
    private static int nibble(byte[] b, int at, int e) {
        return e < 16 ? u(b, at + e) % 16 : u(b, at + e - 16) / 16;
    }

    private static int bit(byte[] b, int at, int e) {
        return u(b, at + e / 8) >> e % 8 & 1;
    }

    /** The sixteen signed scales of Q3_K, unpacked four at a time in 32-bit words. */
    private static int[] scales3(byte[] b, int at) {
        int[] word = new int[4];
        for (int i = 0; i < 3; i++) {
            word[i] = u(b, at + 4 * i)
                    | u(b, at + 4 * i + 1) << 8
                    | u(b, at + 4 * i + 2) << 16
                    | u(b, at + 4 * i + 3) << 24;
        }
        int high = word[2];
        word[2] = take(word[0], 4, 0x0F0F0F0F) + 16 * take(high, 4, 0x03030303);
        word[3] = take(word[1], 4, 0x0F0F0F0F) + 16 * take(high, 6, 0x03030303);
        word[0] = take(word[0], 0, 0x0F0F0F0F) + 16 * take(high, 0, 0x03030303);
        word[1] = take(word[1], 0, 0x0F0F0F0F) + 16 * take(high, 2, 0x03030303);
        int[] scales = new int[16];
        for (int i = 0; i < 16; i++) {
            scales[i] = take(word[i / 4], 8 * (i % 4), 0xFF) - 32;
        }
        return scales;
    }

    /** The 12 bytes hold, as bits, AAAAAA of group 0..3 with the top of 4..7 above; then minimums likewise; then lows. */
    private static int[] scaleAndMinimum(byte[] b, int at, int group) {
        int g = group % 4;
        int first = u(b, at + g);
        int second = u(b, at + 4 + g);
        int third = u(b, at + 8 + g);
        return group < 4
                ? new int[] {first % 64, second % 64}
                : new int[] {third % 16 + first / 64 * 16, third / 16 + second / 64 * 16};
    }

    /** A finite half-precision number: sign, 5 bits of exponent, 10 of fraction. */
    private static BigDecimal half(byte[] b, int at) {
        int bits = u(b, at) | u(b, at + 1) << 8;
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        double magnitude = exponent == 0 ? fraction * Math.pow(2, -24) : (1024 + fraction) * Math.pow(2, exponent - 25);
        return new BigDecimal(bits >> 15 == 1 ? -magnitude : magnitude);
    }

    private static int take(int value, int shift, int mask) {
        return (value >>> shift) & mask;
    }

    private static int u(byte[] b, int at) {
        return Byte.toUnsignedInt(b[at]);
    }
}
