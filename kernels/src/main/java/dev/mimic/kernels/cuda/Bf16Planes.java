package dev.mimic.kernels.cuda;

/**
 * Numbers as sums of up to three of bf16, so that a product with weights of bf16 loses nothing of them: each plane takes
 * the next eight bits of a float's 24. Exact from 2^-110 on; below, what is lost is less than 2^-133. What is not finite is
 * itself in all planes.
 */
final class Bf16Planes {
    /** Planes at most. */
    static final int MOST = 3;

    private static final int EXPONENT = 0x7f80_0000;
    private static final int UPPER = 0xffff_0000;

    private Bf16Planes() {}

    /**
     * Splits numbers: {@code x[i] = Σ_p planes[p, i]}.
     *
     * @param x [offset + count]; read from {@code offset} on
     * @param planes [3, count], bits of bf16; overwritten
     * @return the planes that it takes, 1 to 3: all after them are 0
     */
    static int split(float[] x, int offset, int count, short[] planes) {
        int second = 0;
        int third = 0;
        for (int i = 0; i < count; i++) {
            float value = x[offset + i];
            int bits = Float.floatToRawIntBits(value);
            int high = bits & UPPER;
            int middle;
            int low;
            if ((bits & EXPONENT) == EXPONENT) {
                high |= Float.isNaN(value) ? 1 << 22 : 0; // a NaN stays one without its lower bits
                middle = high;
                low = high;
            } else {
                float left = value - Float.intBitsToFloat(high); // exact: the lower 16 bits
                middle = Float.floatToRawIntBits(left) & UPPER;
                low = Float.floatToRawIntBits(left - Float.intBitsToFloat(middle)); // at most 8 bits are left
            }
            planes[i] = (short) (high >>> 16);
            planes[count + i] = (short) (middle >>> 16);
            planes[2 * count + i] = (short) (low >>> 16);
            second |= middle & ~(1 << 31);
            third |= low & ~(1 << 31) & UPPER;
        }
        return third != 0 ? 3 : second != 0 ? 2 : 1;
    }
}
