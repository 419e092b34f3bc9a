package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SHORTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorGemmTile.PANEL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/** How weights become panels, each [DEPTH, PANEL] with outputs side by side. */
enum VectorPanelPacking {
    /** An output is a row of weights: {@code y = W x}. */
    ROWS {
        @Override
        int outputs(Matrix weights) {
            return weights.rows();
        }

        @Override
        int length(Matrix weights) {
            return weights.cols();
        }

        @Override
        void pack(Matrix weights, int output, int width, int k, int depth, float[] lines, MemorySegment packed) {
            if (weights instanceof Matrix.Q8 || weights instanceof Matrix.Q4) {
                VectorQuantizedUnpack.panels(weights, output, width, k, depth, packed);
                return;
            }
            for (int j = 0; j < width; j += LINES) {
                int valid = Math.min(LINES, width - j);
                VectorUnpack.block(weights, output + j, k, valid, depth, lines, 0, DEPTH);
                turn(lines, 0, DEPTH, depth, packed, j / PANEL * DEPTH * PANEL + j % PANEL, PANEL);
            }
        }
    },

    /** An output is a column of weights: {@code y = Wᵀ x}. */
    COLUMNS {
        @Override
        int outputs(Matrix weights) {
            return weights.cols();
        }

        @Override
        int length(Matrix weights) {
            return weights.rows();
        }

        @Override
        void pack(Matrix weights, int output, int width, int k, int depth, float[] lines, MemorySegment packed) {
            for (int line = 0; line < depth; line++) {
                column(weights, k + line, output, width, line, lines, packed);
            }
        }
    },

    /** The same, the rows of a slice in the order of {@link VectorQuarters}, as those of x. */
    COLUMNS_BY_QUARTERS {
        @Override
        int outputs(Matrix weights) {
            return weights.cols();
        }

        @Override
        int length(Matrix weights) {
            return weights.rows();
        }

        @Override
        void pack(Matrix weights, int output, int width, int k, int depth, float[] lines, MemorySegment packed) {
            for (int line = 0; line < depth; line++) {
                column(weights, k + VectorQuarters.row(line, depth), output, width, line, lines, packed);
            }
        }
    };

    /** Lines widened at once; divides every PANEL. */
    static final int LINES = 8;

    /** Elements of the scratch for lines. */
    static final int SCRATCH = LINES * Math.max(DEPTH, VectorPanelGemm.LINE);

    private static final int LANES = SPECIES.length();

    /** Elements of y in a row. */
    abstract int outputs(Matrix weights);

    /** Elements of x in a row. */
    abstract int length(Matrix weights);

    /**
     * Packs the outputs {@code [output, output + width)} at {@code [k, k + depth)}. What lies behind the last output or
     * the last k is left as it was, for sums that nobody reads.
     *
     * @param lines [SCRATCH]; overwritten
     * @param packed [PANELS, DEPTH, PANEL]; overwritten
     */
    abstract void pack(Matrix weights, int output, int width, int k, int depth, float[] lines, MemorySegment packed);

    /** A row of weights becomes a line of panels. */
    private static void column(
            Matrix weights, int row, int output, int width, int line, float[] lines, MemorySegment packed) {
        int body = SPECIES.loopBound(width);
        long from = (long) row * weights.cols() + output;
        int to = line * PANEL;
        switch (weights) {
            case Matrix.F32 f32 -> f32(f32.data(), from, body, packed, to);
            case Matrix.Bf16 bf16 -> bf16(bf16.data(), from, body, packed, to);
            case Matrix.F16 _, Matrix.Int8 _, Matrix.Q8 _, Matrix.Q4 _ -> {
                VectorUnpack.block(weights, row, output, 1, body, lines, 0, 0);
                cut(lines, body, packed, to);
            }
        }
        if (body < width) {
            VectorUnpack.block(weights, row, output + body, 1, width - body, lines, 0, 0);
            MemorySegment.copy(lines, 0, packed, Matrix.FLOAT, (to + place(body)) * (long) Float.BYTES, width - body);
        }
    }

    /** Eight lines become columns: {@code packed[to + k · width + r] = lines[from + r · stride + k]}. */
    static void turn(float[] lines, int from, int stride, int depth, MemorySegment packed, int to, int width) {
        for (int k = 0; k < depth; k++) {
            int line = from + k;
            long at = (to + k * width) * (long) Float.BYTES;
            packed.set(Matrix.FLOAT, at, lines[line]);
            packed.set(Matrix.FLOAT, at + 4, lines[line + stride]);
            packed.set(Matrix.FLOAT, at + 8, lines[line + 2 * stride]);
            packed.set(Matrix.FLOAT, at + 12, lines[line + 3 * stride]);
            packed.set(Matrix.FLOAT, at + 16, lines[line + 4 * stride]);
            packed.set(Matrix.FLOAT, at + 20, lines[line + 5 * stride]);
            packed.set(Matrix.FLOAT, at + 24, lines[line + 6 * stride]);
            packed.set(Matrix.FLOAT, at + 28, lines[line + 7 * stride]);
        }
    }

    // the vectors of a line go to their panels

    private static void f32(MemorySegment data, long from, int width, MemorySegment packed, int to) {
        for (int c = 0; c < width; c += LANES) {
            FloatVector.fromMemorySegment(SPECIES, data, (from + c) * Float.BYTES, LITTLE_ENDIAN)
                    .intoMemorySegment(packed, (to + place(c)) * (long) Float.BYTES, LITTLE_ENDIAN);
        }
    }

    private static void bf16(MemorySegment data, long from, int width, MemorySegment packed, int to) {
        for (int c = 0; c < width; c += LANES) {
            ShortVector.fromMemorySegment(SHORTS, data, (from + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .intoMemorySegment(packed, (to + place(c)) * (long) Float.BYTES, LITTLE_ENDIAN);
        }
    }

    private static void cut(float[] line, int width, MemorySegment packed, int to) {
        for (int c = 0; c < width; c += LANES) {
            FloatVector.fromArray(SPECIES, line, c)
                    .intoMemorySegment(packed, (to + place(c)) * (long) Float.BYTES, LITTLE_ENDIAN);
        }
    }

    /** Where an output stands in packed. */
    private static int place(int output) {
        return output / PANEL * DEPTH * PANEL + output % PANEL;
    }
}
