package dev.mimic.adapt.svf;

import java.lang.foreign.MemorySegment;

/**
 * A matrix in 8 bits with a scale for each column: {@code m[i, k] ≈ values[i, k] · scales[k]}. The scale is the largest
 * magnitude of the column over 127, rounded up to 17 bits of mantissa: then every product with a value is exact in F32, and
 * rounding {@link #widened} again gives the same bytes and scales.
 *
 * @param rows rows
 * @param cols columns
 * @param values [rows, cols], -127 to 127
 * @param scales [cols]; 0 for a column of zeros
 */
@SuppressWarnings("ArrayRecordComponent") // data handed over whole, never compared
record RoundedColumns(int rows, int cols, byte[] values, float[] scales) {
    private static final int LARGEST = 127;

    /** Bits of a float's mantissa that a scale does without: a value takes seven. */
    private static final int SPARED = (1 << 7) - 1;

    /**
     * Rounds to nearest.
     *
     * @param matrix [rows, cols], finite
     */
    static RoundedColumns of(float[] matrix, int rows, int cols) {
        float[] scales = new float[cols];
        for (int i = 0; i < matrix.length; i++) {
            scales[i % cols] = Math.max(scales[i % cols], Math.abs(matrix[i]));
        }
        for (int k = 0; k < cols; k++) {
            int bits = Float.floatToRawIntBits(scales[k] / LARGEST);
            scales[k] = Float.intBitsToFloat(bits + SPARED & ~SPARED);
        }
        byte[] values = new byte[matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            float scale = scales[i % cols];
            values[i] = scale == 0 ? 0 : (byte) Math.rint(matrix[i] / scale);
        }
        return new RoundedColumns(rows, cols, values, scales);
    }

    /** What is held, exactly: [rows, cols]. */
    float[] widened() {
        float[] matrix = new float[values.length];
        for (int i = 0; i < matrix.length; i++) {
            matrix[i] = values[i] * scales[i % cols];
        }
        return matrix;
    }

    /** The values as bytes, [rows, cols]. */
    MemorySegment bytes() {
        return MemorySegment.ofArray(values);
    }

    /** The same transposed, [cols, rows]. */
    MemorySegment transposedBytes() {
        byte[] transposed = new byte[values.length];
        for (int i = 0; i < rows; i++) {
            for (int k = 0; k < cols; k++) {
                transposed[k * rows + i] = values[i * cols + k];
            }
        }
        return MemorySegment.ofArray(transposed);
    }
}
