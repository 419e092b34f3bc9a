package dev.mimic.loader.safetensors;

/** The 16 bits of BF16, the upper half of an F32. */
public final class Bfloat16 {
    private Bfloat16() {}

    /** Rounds to the nearest, ties to even; what is beyond the largest becomes infinite, and NaN stays NaN. */
    public static short of(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short)
                    (bits >>> 16 | 0x40); // a NaN whose payload lay in the lower half alone would become infinite
        }
        return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    /** The number, exactly. */
    public static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
