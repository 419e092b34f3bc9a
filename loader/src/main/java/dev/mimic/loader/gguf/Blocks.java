package dev.mimic.loader.gguf;

/**
 * Blocks to floats, in F32 arithmetic, as ggml's {@code dequantize_row_*} do. Every product of a scale and a quantized
 * value fits the 24 bits of a float's significand, so the only rounding is that of the final sum, whatever the order and
 * with or without fused multiply-add. {@code super} blocks of 256 are in {@link SuperBlocks}.
 */
final class Blocks {
    private static final int SIZE = 32;

    private Blocks() {}

    /**
     * Dequantizes whole blocks.
     *
     * @param type their layout
     * @param bytes [blocks · blockBytes]
     * @param blocks number of blocks
     * @param y [blocks · blockSize]; overwritten
     */
    static void dequantize(GgufType type, byte[] bytes, int blocks, float[] y) {
        for (int block = 0; block < blocks; block++) {
            int from = block * type.blockBytes();
            int to = block * type.blockSize();
            switch (type) {
                case F32 -> y[to] = Float.intBitsToFloat(int32(bytes, from));
                case F16 -> y[to] = half(bytes, from);
                case BF16 -> y[to] = Float.intBitsToFloat(uint16(bytes, from) << 16);
                case Q4_0 -> q40(bytes, from, y, to);
                case Q4_1 -> q41(bytes, from, y, to);
                case Q5_0 -> q50(bytes, from, y, to);
                case Q5_1 -> q51(bytes, from, y, to);
                case Q8_0 -> q80(bytes, from, y, to);
                case Q2_K -> SuperBlocks.q2(bytes, from, y, to);
                case Q3_K -> SuperBlocks.q3(bytes, from, y, to);
                case Q4_K -> SuperBlocks.q4(bytes, from, y, to);
                case Q5_K -> SuperBlocks.q5(bytes, from, y, to);
                case Q6_K -> SuperBlocks.q6(bytes, from, y, to);
            }
        }
    }

    /** f16 d, 16 bytes of nibbles: y[j] = d (low nibble - 8), y[j + 16] = d (high nibble - 8). */
    private static void q40(byte[] bytes, int from, float[] y, int to) {
        float d = half(bytes, from);
        for (int j = 0; j < SIZE / 2; j++) {
            int pair = bytes[from + 2 + j];
            y[to + j] = (bits(pair, 0, 15) - 8) * d;
            y[to + j + SIZE / 2] = (bits(pair, 4, 15) - 8) * d;
        }
    }

    /** f16 d, f16 m, 16 bytes of nibbles: y = d nibble + m. */
    private static void q41(byte[] bytes, int from, float[] y, int to) {
        float d = half(bytes, from);
        float m = half(bytes, from + 2);
        for (int j = 0; j < SIZE / 2; j++) {
            int pair = bytes[from + 4 + j];
            y[to + j] = bits(pair, 0, 15) * d + m;
            y[to + j + SIZE / 2] = bits(pair, 4, 15) * d + m;
        }
    }

    /** f16 d, 32 fifth bits, 16 bytes of nibbles: y = d (q - 16). */
    private static void q50(byte[] bytes, int from, float[] y, int to) {
        float d = half(bytes, from);
        int high = int32(bytes, from + 2);
        for (int j = 0; j < SIZE / 2; j++) {
            int pair = bytes[from + 6 + j];
            y[to + j] = (bits(pair, 0, 15) + 16 * bits(high, j, 1) - 16) * d;
            y[to + j + SIZE / 2] = (bits(pair, 4, 15) + 16 * bits(high, j + 16, 1) - 16) * d;
        }
    }

    /** f16 d, f16 m, 32 fifth bits, 16 bytes of nibbles: y = d q + m. */
    private static void q51(byte[] bytes, int from, float[] y, int to) {
        float d = half(bytes, from);
        float m = half(bytes, from + 2);
        int high = int32(bytes, from + 4);
        for (int j = 0; j < SIZE / 2; j++) {
            int pair = bytes[from + 8 + j];
            y[to + j] = (bits(pair, 0, 15) + 16 * bits(high, j, 1)) * d + m;
            y[to + j + SIZE / 2] = (bits(pair, 4, 15) + 16 * bits(high, j + 16, 1)) * d + m;
        }
    }

    /** f16 d, 32 signed bytes: y = d q. */
    private static void q80(byte[] bytes, int from, float[] y, int to) {
        float d = half(bytes, from);
        for (int j = 0; j < SIZE; j++) {
            y[to + j] = bytes[from + 2 + j] * d;
        }
    }

    /** Some bits of a number: those of {@code mask} after a shift to the right. */
    static int bits(int value, int shift, int mask) {
        return (value >> shift) & mask;
    }

    /** The half-precision number at an offset, little-endian. */
    static float half(byte[] bytes, int at) {
        return Float.float16ToFloat((short) uint16(bytes, at));
    }

    private static int uint16(byte[] bytes, int at) {
        return Byte.toUnsignedInt(bytes[at]) | (Byte.toUnsignedInt(bytes[at + 1]) << 8);
    }

    private static int int32(byte[] bytes, int at) {
        return uint16(bytes, at) | (uint16(bytes, at + 2) << 16);
    }
}
