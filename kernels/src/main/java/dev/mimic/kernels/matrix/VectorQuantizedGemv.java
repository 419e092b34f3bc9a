package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * {@code y[i, r] = Σ_c weights[r, c] · x[i, c]} of quantized weights in place, for any number of rows of x: four units of
 * rows of weights at a time, which stay in the caches while the rows of x pass. Q8 takes x as it is, Q4 takes it in 8 bits.
 * The order is that of {@link VectorQ8Dots} and {@link VectorQ4Dots}, in every form.
 */
final class VectorQuantizedGemv implements VectorMatrixKernels.Ranged {
    /** Rows that a thread gets at least, and multiples of which it gets. */
    static final int GRAIN = QuantizedFormat.ROWS;

    private static final int LANES = SPECIES.length();

    /** Units of a panel. */
    private static final int SPLIT = QuantizedFormat.ROWS / LANES;

    /** Units at once. */
    private static final int UNITS = 4;

    /**
     * Whether several units are read at once: so many streams from memory are what some processors want, one long stream
     * what others do. The property changes speed alone, never a bit.
     */
    private static final boolean SEVERAL = Integer.getInteger("mimic.streams", UNITS) > 1;

    /** Rows of x at once. */
    private static final int BATCH = 4;

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int first = begin / LANES;
        int last = (end + LANES - 1) / LANES;
        int cols = weights.cols();
        int blocks = QuantizedFormat.blocks(cols);
        float[] sums = workspace.sums(Math.max(UNITS, 1 + blocks) * LANES);
        switch (weights) {
            case Matrix.Q8 q8 -> {
                float[] whole = x;
                int stride = cols;
                if (cols % QuantizedFormat.BLOCK != 0) {
                    stride = blocks * QuantizedFormat.BLOCK;
                    whole = padded(x, batch, cols, stride, workspace);
                }
                for (int unit = first; unit < last; unit += UNITS) {
                    eight(q8, unit, Math.min(UNITS, last - unit), blocks, batch, whole, stride, sums, y);
                }
            }
            case Matrix.Q4 q4 -> {
                QuantizedActivations rounded = workspace.activations();
                rounded.reserve(Math.multiplyExact(batch, blocks));
                for (int i = 0; i < batch; i++) {
                    VectorRounding.row(rounded, i, x, i * cols, cols);
                }
                for (int unit = first; unit < last; unit += UNITS) {
                    four(q4, unit, Math.min(UNITS, last - unit), blocks, batch, rounded, workspace.integers(), sums, y);
                }
            }
            default -> throw new IllegalArgumentException("gemv: weights are not quantized");
        }
    }

    /** Rows of x in whole blocks. */
    private static float[] padded(float[] x, int batch, int cols, int stride, VectorWorkspace workspace) {
        float[] rows = workspace.block(batch * stride / VectorWorkspace.LEADING + 1);
        for (int i = 0; i < batch; i++) {
            System.arraycopy(x, i * cols, rows, i * stride, cols);
            Arrays.fill(rows, i * stride + cols, (i + 1) * stride, 0);
        }
        return rows;
    }

    private static long valuesAt(int unit, int blocks, int blockBytes) {
        return (long) (unit / SPLIT) * blocks * blockBytes + (long) (unit % SPLIT) * LANES * Integer.BYTES;
    }

    private static long scalesAt(int unit, int blocks) {
        return (long) (unit / SPLIT) * blocks * VectorQ8Dots.SCALES + (long) (unit % SPLIT) * LANES * Short.BYTES;
    }

    private static void eight(
            Matrix.Q8 weights,
            int unit,
            int units,
            int blocks,
            int batch,
            float[] x,
            int stride,
            float[] sums,
            float[] y) {
        MemorySegment values = weights.data();
        MemorySegment scales = weights.scales();
        int rows = weights.rows();
        int i = 0;
        for (; i <= batch - BATCH; i += BATCH) {
            int x0 = i * stride;
            for (int u = unit; u < unit + units; u++) {
                long v = valuesAt(u, blocks, VectorQ8Dots.BLOCK);
                long t = scalesAt(u, blocks);
                VectorQ8Dots.rows4(
                        values, scales, v, t, blocks, x, x0, x0 + stride, x0 + 2 * stride, x0 + 3 * stride, sums);
                writeRows(sums, u * LANES, rows, i, y);
            }
        }
        for (; i < batch; i++) {
            if (units == UNITS && SEVERAL) {
                VectorQ8Dots.units4(
                        values,
                        scales,
                        valuesAt(unit, blocks, VectorQ8Dots.BLOCK),
                        valuesAt(unit + 1, blocks, VectorQ8Dots.BLOCK),
                        valuesAt(unit + 2, blocks, VectorQ8Dots.BLOCK),
                        valuesAt(unit + 3, blocks, VectorQ8Dots.BLOCK),
                        scalesAt(unit, blocks),
                        scalesAt(unit + 1, blocks),
                        scalesAt(unit + 2, blocks),
                        scalesAt(unit + 3, blocks),
                        blocks,
                        x,
                        i * stride,
                        sums);
                write(sums, 0, unit * LANES, UNITS * LANES, rows, i, y);
            } else {
                for (int u = unit; u < unit + units; u++) {
                    long v = valuesAt(u, blocks, VectorQ8Dots.BLOCK);
                    VectorQ8Dots.unit(values, scales, v, scalesAt(u, blocks), blocks, x, i * stride, sums);
                    write(sums, 0, u * LANES, LANES, rows, i, y);
                }
            }
        }
    }

    private static void four(
            Matrix.Q4 weights,
            int unit,
            int units,
            int blocks,
            int batch,
            QuantizedActivations x,
            int[] scratch,
            float[] sums,
            float[] y) {
        MemorySegment values = weights.data();
        MemorySegment scales = weights.scales();
        int rows = weights.rows();
        int i = 0;
        for (; i <= batch - BATCH; i += BATCH) {
            for (int u = unit; u < unit + units; u++) {
                long v = valuesAt(u, blocks, VectorQ4Dots.BLOCK);
                VectorQ4Dots.rows4(values, scales, v, scalesAt(u, blocks), blocks, x, i, scratch, sums);
                writeRows(sums, u * LANES, rows, i, y);
            }
        }
        for (; i < batch; i++) {
            if (units == UNITS && SEVERAL) {
                VectorQ4Dots.units4(
                        values,
                        scales,
                        valuesAt(unit, blocks, VectorQ4Dots.BLOCK),
                        valuesAt(unit + 1, blocks, VectorQ4Dots.BLOCK),
                        valuesAt(unit + 2, blocks, VectorQ4Dots.BLOCK),
                        valuesAt(unit + 3, blocks, VectorQ4Dots.BLOCK),
                        scalesAt(unit, blocks),
                        scalesAt(unit + 1, blocks),
                        scalesAt(unit + 2, blocks),
                        scalesAt(unit + 3, blocks),
                        blocks,
                        x,
                        i,
                        scratch,
                        sums);
                write(sums, 0, unit * LANES, UNITS * LANES, rows, i, y);
            } else {
                for (int u = unit; u < unit + units; u++) {
                    long v = valuesAt(u, blocks, VectorQ4Dots.BLOCK);
                    VectorQ4Dots.unit(values, scales, v, scalesAt(u, blocks), blocks, x, i, scratch, sums);
                    write(sums, 0, u * LANES, LANES, rows, i, y);
                }
            }
        }
    }

    private static void writeRows(float[] sums, int row, int rows, int first, float[] y) {
        for (int k = 0; k < BATCH; k++) {
            write(sums, k * LANES, row, LANES, rows, first + k, y);
        }
    }

    /** Rows beyond the end are zeros of the last panel, and dropped. */
    private static void write(float[] sums, int from, int row, int count, int rows, int i, float[] y) {
        int valid = Math.min(count, rows - row);
        for (int k = 0; k < valid; k++) {
            y[i * rows + row + k] = sums[from + k];
        }
    }
}
