package dev.mimic.kernels.matrix;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The layouts of quantized matrices, made for the products that read them. Values are in one plane, scales in another;
 * both are cut into panels of 16 rows that lie side by side, so that a vector holds the same columns of several rows, no
 * sum is ever taken across lanes, and a thread reads each plane front to back. Rows are filled up to whole panels and
 * columns to whole blocks of 32, with zeros.
 *
 * <p>Values are little-endian ints, [panels, blocks, ints of a row's block, 16 rows]. Of a block's columns int i of Q8 has
 * {@code 4i} to {@code 4i + 3}, one a byte, the first lowest. Int i of Q4 has {@code 4i} to {@code 4i + 3} in its lower
 * half, one a nibble, the first lowest, and {@code 16 + 4i} to {@code 16 + 4i + 3} in its upper half: products of 16 bits
 * take both at once. Scales are BF16, [panels, blocks, 16 rows].
 */
public enum QuantizedFormat {
    /** Signed bytes from -127 to 127. */
    Q8(8),

    /** Nibbles from 0 to 15 that stand for -8 to 7. */
    Q4(4);

    /** Rows of a panel. */
    public static final int ROWS = 16;

    /** Columns that share a scale. */
    public static final int BLOCK = 32;

    /** Layout of the values. */
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bits;

    QuantizedFormat(int bits) {
        this.bits = bits;
    }

    /** Bits of a value. */
    public int bits() {
        return bits;
    }

    /** Columns in an int. */
    int group() {
        return Integer.SIZE / bits;
    }

    /** Panels of so many rows. */
    public static int panels(int rows) {
        return Math.ceilDiv(rows, ROWS);
    }

    /** Blocks of so many columns. */
    public static int blocks(int cols) {
        return Math.ceilDiv(cols, BLOCK);
    }

    /** Bytes of the plane of values. */
    public long valueBytes(int rows, int cols) {
        return Math.multiplyExact((long) panels(rows) * blocks(cols), (long) ROWS * BLOCK * bits / Byte.SIZE);
    }

    /** Bytes of the plane of scales. */
    public long scaleBytes(int rows, int cols) {
        return Math.multiplyExact((long) panels(rows) * blocks(cols), (long) ROWS * Short.BYTES);
    }

    /**
     * A matrix of this format.
     *
     * @param values at least {@link #valueBytes}
     * @param scales at least {@link #scaleBytes}
     * @throws IllegalArgumentException if a plane is too short
     */
    public Matrix matrix(int rows, int cols, MemorySegment values, MemorySegment scales) {
        return switch (this) {
            case Q8 -> new Matrix.Q8(rows, cols, values, scales);
            case Q4 -> new Matrix.Q4(rows, cols, values, scales);
        };
    }

    void check(int rows, int cols, MemorySegment values, MemorySegment scales) {
        if (rows < 0 || cols < 0) {
            throw new IllegalArgumentException("Matrix: [" + rows + ", " + cols + "], expected no negative size");
        }
        long valueBytes = valueBytes(rows, cols);
        long scaleBytes = scaleBytes(rows, cols);
        if (values.byteSize() < valueBytes || scales.byteSize() < scaleBytes) {
            throw new IllegalArgumentException("Matrix: [" + rows + ", " + cols + "] of " + this + " needs "
                    + valueBytes + " bytes of values and " + scaleBytes + " of scales, the segments have "
                    + values.byteSize() + " and " + scales.byteSize());
        }
    }

    /** Ints of a row's block. */
    public int ints() {
        return BLOCK / group();
    }

    /** Where the int of an element is, in bytes. */
    long intAt(int cols, int row, int col) {
        long block = (long) row / ROWS * blocks(cols) + col / BLOCK;
        int inBlock = this == Q8 ? col % BLOCK / 4 : col % 16 / 4;
        return ((block * ints() + inBlock) * ROWS + row % ROWS) * Integer.BYTES;
    }

    /** Where the scale of an element is, in bytes. */
    static long scaleAt(int cols, int row, int col) {
        return ((long) row / ROWS * blocks(cols) + col / BLOCK) * (ROWS * Short.BYTES)
                + (long) (row % ROWS) * Short.BYTES;
    }

    /** The lowest bit of an element in its int. */
    int shift(int col) {
        return this == Q8 ? col % 4 * Byte.SIZE : col % 4 * 4 + col % BLOCK / 16 * Short.SIZE;
    }

    /** The number an element has in its int, before the scale. */
    int value(int word, int col) {
        return this == Q8 ? (byte) (word >> shift(col)) : (word >> shift(col) & 15) - 8;
    }

    static float scale(MemorySegment scales, long at) {
        return Float.intBitsToFloat(scales.get(Matrix.SHORT, at) << 16);
    }

    float get(int cols, MemorySegment values, MemorySegment scales, long index) {
        int row = (int) (index / cols);
        int col = (int) (index % cols);
        return value(values.get(INT, intAt(cols, row, col)), col) * scale(scales, scaleAt(cols, row, col));
    }
}
