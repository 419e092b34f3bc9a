package dev.mimic.kernels.attention;

/** How cached keys and values are held. */
public enum KeyValueType {
    /** As computed. */
    F32(4),
    /** Rounded to the nearest bfloat16, ties to even. */
    BF16(2),
    /** Bytes from -127 to 127 and an F32 factor for each position and head: its greatest magnitude over 127. */
    Q8(1);

    private final int elementBytes;

    KeyValueType(int elementBytes) {
        this.elementBytes = elementBytes;
    }

    int elementBytes() {
        return elementBytes;
    }

    /**
     * Bytes of the keys of a sequence in one layer.
     *
     * @param capacity positions
     */
    public long keyBytes(int kvHeads, int headSize, int capacity) {
        return bytes(kvHeads, headSize, capacity);
    }

    /**
     * Bytes of the values of a sequence in one layer.
     *
     * @param capacity positions
     */
    public long valueBytes(int kvHeads, int headSize, int capacity) {
        return bytes(kvHeads, KeyValues.padded(headSize), capacity);
    }

    private long bytes(int kvHeads, int size, int capacity) {
        long rows = Math.multiplyExact((long) kvHeads, KeyValues.padded(capacity));
        return Math.multiplyExact(rows, (long) size * elementBytes + (this == Q8 ? Float.BYTES : 0));
    }
}
