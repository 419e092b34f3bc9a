package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SHORTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.QuantizedFormat.BLOCK;
import static dev.mimic.kernels.matrix.QuantizedFormat.ROWS;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorGemmTile.PANEL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/** Exact widening of quantized weights into the panels of a matrix-matrix product, whose rows lie side by side as theirs. */
final class VectorQuantizedUnpack {
    private static final int LANES = SPECIES.length();

    /** Bytes of one int of each row of a panel. */
    private static final int LINE = ROWS * Integer.BYTES;

    private VectorQuantizedUnpack() {}

    /**
     * Packs rows {@code [row, row + rows)} at columns {@code [col, col + length)}, up to whole blocks.
     *
     * @param row a multiple of the lanes
     * @param col a multiple of {@link QuantizedFormat#BLOCK}
     * @param packed [panels, DEPTH, PANEL]; overwritten
     */
    static void panels(Matrix weights, int row, int rows, int col, int length, MemorySegment packed) {
        int blocks = QuantizedFormat.blocks(weights.cols());
        for (int r = 0; r < rows; r += LANES) {
            int panel = (row + r) / ROWS;
            int lane = (row + r) % ROWS;
            int to = r / PANEL * DEPTH * PANEL + r % PANEL;
            for (int c = 0; c < length; c += BLOCK) {
                long block = (long) panel * blocks + (col + c) / BLOCK;
                long scale = (block * ROWS + lane) * Short.BYTES;
                switch (weights) {
                    case Matrix.Q8 q8 -> {
                        long from = block * VectorQ8Dots.BLOCK + (long) lane * Integer.BYTES;
                        eight(q8.data(), from, q8.scales(), scale, packed, to + c * PANEL);
                    }
                    case Matrix.Q4 q4 -> {
                        long from = block * VectorQ4Dots.BLOCK + (long) lane * Integer.BYTES;
                        four(q4.data(), from, q4.scales(), scale, packed, to + c * PANEL);
                    }
                    default -> throw new IllegalArgumentException("gemm: weights are not quantized");
                }
            }
        }
    }

    private static void eight(
            MemorySegment values, long from, MemorySegment scales, long scaleAt, MemorySegment packed, int to) {
        FloatVector scale = ShortVector.fromMemorySegment(SHORTS, scales, scaleAt, LITTLE_ENDIAN)
                .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                .lanewise(LSHL, 16)
                .reinterpretAsFloats();
        for (int i = 0; i < 8; i++) {
            IntVector v = IntVector.fromMemorySegment(INTS, values, from + (long) i * LINE, LITTLE_ENDIAN);
            int at = to + 4 * i * PANEL;
            ((FloatVector) v.lanewise(LSHL, 24).lanewise(ASHR, 24).convertShape(I2F, SPECIES, 0))
                    .mul(scale)
                    .intoMemorySegment(packed, at * (long) Float.BYTES, LITTLE_ENDIAN);
            ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 24).convertShape(I2F, SPECIES, 0))
                    .mul(scale)
                    .intoMemorySegment(packed, (at + PANEL) * (long) Float.BYTES, LITTLE_ENDIAN);
            ((FloatVector) v.lanewise(LSHL, 8).lanewise(ASHR, 24).convertShape(I2F, SPECIES, 0))
                    .mul(scale)
                    .intoMemorySegment(packed, (at + 2 * PANEL) * (long) Float.BYTES, LITTLE_ENDIAN);
            ((FloatVector) v.lanewise(ASHR, 24).convertShape(I2F, SPECIES, 0))
                    .mul(scale)
                    .intoMemorySegment(packed, (at + 3 * PANEL) * (long) Float.BYTES, LITTLE_ENDIAN);
        }
    }

    private static void four(
            MemorySegment values, long from, MemorySegment scales, long scaleAt, MemorySegment packed, int to) {
        FloatVector scale = ShortVector.fromMemorySegment(SHORTS, scales, scaleAt, LITTLE_ENDIAN)
                .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                .lanewise(LSHL, 16)
                .reinterpretAsFloats();
        for (int i = 0; i < 4; i++) {
            IntVector v = IntVector.fromMemorySegment(INTS, values, from + (long) i * LINE, LITTLE_ENDIAN);
            int at = to + 4 * i * PANEL;
            for (int k = 0; k < 4; k++) {
                ((FloatVector) v.lanewise(LSHR, 4 * k).and(15).sub(8).convertShape(I2F, SPECIES, 0))
                        .mul(scale)
                        .intoMemorySegment(packed, (at + k * PANEL) * (long) Float.BYTES, LITTLE_ENDIAN);
                ((FloatVector) v.lanewise(LSHR, 16 + 4 * k).and(15).sub(8).convertShape(I2F, SPECIES, 0))
                        .mul(scale)
                        .intoMemorySegment(packed, (at + (16 + k) * PANEL) * (long) Float.BYTES, LITTLE_ENDIAN);
            }
        }
    }

    /**
     * Rows as rows: {@code out[outOffset + r · outStride + c] = weights[row + r, col + c]}, in plain loops.
     *
     * @param outStride elements from row to row
     */
    static void block(Matrix weights, int row, int col, int rows, int cols, float[] out, int outOffset, int outStride) {
        for (int r = 0; r < rows; r++) {
            long first = (long) (row + r) * weights.cols() + col;
            for (int c = 0; c < cols; c++) {
                out[outOffset + r * outStride + c] = weights.get(first + c);
            }
        }
    }
}
