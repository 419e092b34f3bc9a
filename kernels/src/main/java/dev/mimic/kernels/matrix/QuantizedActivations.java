package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.matrix.QuantizedFormat.BLOCK;

import java.util.Arrays;

/**
 * Rows of x in 8 bits for products with Q4, in blocks of 32 columns: {@code x ≈ a · scale}, the scale the largest magnitude
 * of the block over 127, a the nearest integer. A row depends on itself alone. A block with a number that is not finite
 * gives NaN.
 */
final class QuantizedActivations {
    /** Half of a block: columns i and HALF + i are a pair. */
    static final int HALF = BLOCK / 2;

    private int[] pairs = {};
    private float[] scales = {};
    private int[] offsets = {};
    private final float[] last = new float[BLOCK];

    /** [rows, blocks, 16]: of column i of a block in the lower half, of column 16 + i in the upper. */
    int[] pairs() {
        return pairs;
    }

    /** [rows, blocks]. */
    float[] scales() {
        return scales;
    }

    /** [rows, blocks]: what the zero of the nibbles is worth, {@code -8 Σ a}. */
    int[] offsets() {
        return offsets;
    }

    /** Scratch for a block that x does not fill. */
    float[] last() {
        return last;
    }

    /** Makes room for {@code blocks} blocks of all rows. */
    void reserve(int blocks) {
        if (scales.length < blocks) {
            pairs = new int[blocks * HALF];
            scales = new float[blocks];
            offsets = new int[blocks];
        }
    }

    /**
     * Rounds a row, in plain loops.
     *
     * @param row where it goes
     * @param x [cols] from {@code offset} on
     */
    void roundRow(int row, float[] x, int offset, int cols) {
        int blocks = QuantizedFormat.blocks(cols);
        float[] block = last;
        for (int b = 0; b < blocks; b++) {
            int valid = Math.min(BLOCK, cols - b * BLOCK);
            Arrays.fill(block, 0);
            System.arraycopy(x, offset + b * BLOCK, block, 0, valid);
            float largest = 0;
            for (float value : block) {
                largest = Math.max(largest, Math.abs(value)); // NaN stays
            }
            float inverse = start(row * blocks + b, largest);
            if (inverse == 0) {
                Arrays.fill(block, 0); // none of them stays a number or counts
            }
            int sum = 0;
            for (int i = 0; i < HALF; i++) {
                int low = (int) Math.rint(block[i] * inverse);
                int high = (int) Math.rint(block[i + HALF] * inverse);
                sum += low + high;
                pairs[(row * blocks + b) * HALF + i] = (low & 0xffff) | (high << 16);
            }
            offsets[row * blocks + b] = -8 * sum;
        }
    }

    /** Notes the scale of a block and returns what its numbers are to be multiplied by; 0 where they are too small or none. */
    float start(int block, float largest) {
        float inverse = 127 / largest;
        scales[block] = largest / 127;
        if (Float.isFinite(largest)) {
            return Float.isFinite(inverse) ? inverse : 0;
        }
        scales[block] = Float.NaN;
        return 0;
    }

    /** The number of a column of a row. */
    float get(int row, int cols, int col) {
        int block = row * QuantizedFormat.blocks(cols) + col / BLOCK;
        int pair = pairs[block * HALF + col % HALF];
        return (col % BLOCK < HALF ? (short) pair : pair >> 16) * scales[block];
    }
}
