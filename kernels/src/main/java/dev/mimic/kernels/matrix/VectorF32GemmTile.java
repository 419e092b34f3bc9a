package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.REACH;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;

/**
 * The register tile of {@link VectorF32Gemm}: six rows of F32 weights, read where they are, against a panel of four
 * vectors, {@code sums[r, j] += Σ_k weights[r, k] · panel[k, j]}, or of the last panel as many as its rows of x fill. Six
 * rows are as many addresses as there are registers for, and six streams from memory, which the processor reads ahead of
 * while it multiplies.
 *
 * <p>Written out by hand, and the sums of a call stored from zero, as in {@link VectorGemmTile}: 24 accumulators, 4 vectors
 * of the panel and a broadcast fill the 32 registers of AVX-512, and 12 accumulators the 16 of AVX2.
 */
final class VectorF32GemmTile {
    /** Elements of a row of a panel. */
    static final int PANEL = 4 * SPECIES.length();

    /** Rows of weights that one tile takes. */
    static final int ROWS = 6;

    private static final int LANES = SPECIES.length();

    /** Whether the registers hold the whole tile. */
    private static final boolean WIDE = SPECIES.vectorBitSize() >= 512;

    private VectorF32GemmTile() {}

    /**
     * One tile of six rows, added to sums.
     *
     * @param columns of the panel that are wanted; vectors without one are left as they are
     * @param weights F32
     * @param from byte of the first weight
     * @param stride bytes from row to row
     * @param rows of weights that there are, 1 to 6; the sums of the others are those of the last
     * @param panel [length, PANEL] of F32
     * @param panelOffset elements
     * @param length steps of k, up to {@link VectorGemmTile#DEPTH}
     * @param tile [6, PANEL]; overwritten
     * @param sums [6, PANEL]; accumulated into
     */
    static void accumulate(
            int columns,
            MemorySegment weights,
            long from,
            long stride,
            int rows,
            MemorySegment panel,
            int panelOffset,
            int length,
            float[] tile,
            MemorySegment sums,
            int offset) {
        int vectors = (columns + LANES - 1) / LANES;
        int last = rows - 1;
        if (WIDE && vectors == 4) {
            four(weights, from, stride, last, panel, panelOffset, length, tile);
        } else if (WIDE && vectors == 3) {
            VectorF32OddTile.three(weights, from, stride, last, panel, panelOffset, length, tile);
        } else {
            int pairs = vectors / 2 * 2;
            for (int i = 0; i < pairs; i += 2) {
                two(weights, from, stride, last, panel, panelOffset + i * LANES, length, tile, i * LANES);
            }
            if (pairs < vectors) {
                int at = panelOffset + pairs * LANES;
                VectorF32OddTile.one(weights, from, stride, last, panel, at, length, tile, pairs * LANES);
            }
        }
        if (vectors == 4) {
            for (int i = 0; i < ROWS * PANEL; i += LANES) {
                add(tile, i, sums, offset + i);
            }
            return;
        }
        for (int r = 0; r < ROWS * PANEL; r += PANEL) {
            for (int i = r; i < r + vectors * LANES; i += LANES) {
                add(tile, i, sums, offset + i);
            }
        }
    }

    /** Whole lines of the cache, as in {@link VectorGemmTile}. */
    static FloatVector load(MemorySegment panel, int index) {
        return FloatVector.fromMemorySegment(SPECIES, panel, (long) index * Float.BYTES, LITTLE_ENDIAN);
    }

    private static void add(float[] tile, int from, MemorySegment panels, int to) {
        MemorySegment sums = VectorWorkspace.ofKnownClass(panels);
        load(sums, to)
                .add(FloatVector.fromArray(SPECIES, tile, from))
                .intoMemorySegment(sums, (long) to * Float.BYTES, LITTLE_ENDIAN);
    }

    /** Six rows against the whole panel. */
    private static void four(
            MemorySegment weights,
            long from,
            long stride,
            int last,
            MemorySegment panels,
            int panelFrom,
            int steps,
            float[] tile) {
        MemorySegment panel = VectorWorkspace.ofKnownClass(panels);
        int panelOffset = Objects.checkIndex(panelFrom, REACH);
        int length = Objects.checkIndex(steps, DEPTH + 1);
        FloatVector zero = FloatVector.zero(SPECIES);
        long row1 = from + Math.min(1, last) * stride;
        long row2 = from + Math.min(2, last) * stride;
        long row3 = from + Math.min(3, last) * stride;
        long row4 = from + Math.min(4, last) * stride;
        long row5 = from + Math.min(5, last) * stride;
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector c0 = zero;
        FloatVector d0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector c1 = zero;
        FloatVector d1 = zero;
        FloatVector a2 = zero;
        FloatVector b2 = zero;
        FloatVector c2 = zero;
        FloatVector d2 = zero;
        FloatVector a3 = zero;
        FloatVector b3 = zero;
        FloatVector c3 = zero;
        FloatVector d3 = zero;
        FloatVector a4 = zero;
        FloatVector b4 = zero;
        FloatVector c4 = zero;
        FloatVector d4 = zero;
        FloatVector a5 = zero;
        FloatVector b5 = zero;
        FloatVector c5 = zero;
        FloatVector d5 = zero;
        for (int k = 0; k < length; k++) {
            FloatVector a = load(panel, panelOffset + k * PANEL);
            FloatVector b = load(panel, panelOffset + k * PANEL + LANES);
            FloatVector c = load(panel, panelOffset + k * PANEL + 2 * LANES);
            FloatVector d = load(panel, panelOffset + k * PANEL + 3 * LANES);
            FloatVector w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, from + 4L * k));
            a0 = w.fma(a, a0);
            b0 = w.fma(b, b0);
            c0 = w.fma(c, c0);
            d0 = w.fma(d, d0);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row1 + 4L * k));
            a1 = w.fma(a, a1);
            b1 = w.fma(b, b1);
            c1 = w.fma(c, c1);
            d1 = w.fma(d, d1);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row2 + 4L * k));
            a2 = w.fma(a, a2);
            b2 = w.fma(b, b2);
            c2 = w.fma(c, c2);
            d2 = w.fma(d, d2);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row3 + 4L * k));
            a3 = w.fma(a, a3);
            b3 = w.fma(b, b3);
            c3 = w.fma(c, c3);
            d3 = w.fma(d, d3);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row4 + 4L * k));
            a4 = w.fma(a, a4);
            b4 = w.fma(b, b4);
            c4 = w.fma(c, c4);
            d4 = w.fma(d, d4);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row5 + 4L * k));
            a5 = w.fma(a, a5);
            b5 = w.fma(b, b5);
            c5 = w.fma(c, c5);
            d5 = w.fma(d, d5);
        }
        a0.intoArray(tile, 0 * PANEL);
        b0.intoArray(tile, 0 * PANEL + LANES);
        c0.intoArray(tile, 0 * PANEL + 2 * LANES);
        d0.intoArray(tile, 0 * PANEL + 3 * LANES);
        a1.intoArray(tile, 1 * PANEL);
        b1.intoArray(tile, 1 * PANEL + LANES);
        c1.intoArray(tile, 1 * PANEL + 2 * LANES);
        d1.intoArray(tile, 1 * PANEL + 3 * LANES);
        a2.intoArray(tile, 2 * PANEL);
        b2.intoArray(tile, 2 * PANEL + LANES);
        c2.intoArray(tile, 2 * PANEL + 2 * LANES);
        d2.intoArray(tile, 2 * PANEL + 3 * LANES);
        a3.intoArray(tile, 3 * PANEL);
        b3.intoArray(tile, 3 * PANEL + LANES);
        c3.intoArray(tile, 3 * PANEL + 2 * LANES);
        d3.intoArray(tile, 3 * PANEL + 3 * LANES);
        a4.intoArray(tile, 4 * PANEL);
        b4.intoArray(tile, 4 * PANEL + LANES);
        c4.intoArray(tile, 4 * PANEL + 2 * LANES);
        d4.intoArray(tile, 4 * PANEL + 3 * LANES);
        a5.intoArray(tile, 5 * PANEL);
        b5.intoArray(tile, 5 * PANEL + LANES);
        c5.intoArray(tile, 5 * PANEL + 2 * LANES);
        d5.intoArray(tile, 5 * PANEL + 3 * LANES);
    }

    /** Six rows against two vectors of the panel. */
    private static void two(
            MemorySegment weights,
            long from,
            long stride,
            int last,
            MemorySegment panels,
            int panelFrom,
            int steps,
            float[] tile,
            int offset) {
        MemorySegment panel = VectorWorkspace.ofKnownClass(panels);
        int panelOffset = Objects.checkIndex(panelFrom, REACH);
        int length = Objects.checkIndex(steps, DEPTH + 1);
        FloatVector zero = FloatVector.zero(SPECIES);
        long row1 = from + Math.min(1, last) * stride;
        long row2 = from + Math.min(2, last) * stride;
        long row3 = from + Math.min(3, last) * stride;
        long row4 = from + Math.min(4, last) * stride;
        long row5 = from + Math.min(5, last) * stride;
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector a2 = zero;
        FloatVector b2 = zero;
        FloatVector a3 = zero;
        FloatVector b3 = zero;
        FloatVector a4 = zero;
        FloatVector b4 = zero;
        FloatVector a5 = zero;
        FloatVector b5 = zero;
        for (int k = 0; k < length; k++) {
            FloatVector a = load(panel, panelOffset + k * PANEL);
            FloatVector b = load(panel, panelOffset + k * PANEL + LANES);
            FloatVector w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, from + 4L * k));
            a0 = w.fma(a, a0);
            b0 = w.fma(b, b0);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row1 + 4L * k));
            a1 = w.fma(a, a1);
            b1 = w.fma(b, b1);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row2 + 4L * k));
            a2 = w.fma(a, a2);
            b2 = w.fma(b, b2);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row3 + 4L * k));
            a3 = w.fma(a, a3);
            b3 = w.fma(b, b3);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row4 + 4L * k));
            a4 = w.fma(a, a4);
            b4 = w.fma(b, b4);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row5 + 4L * k));
            a5 = w.fma(a, a5);
            b5 = w.fma(b, b5);
        }
        a0.intoArray(tile, offset + 0 * PANEL);
        b0.intoArray(tile, offset + 0 * PANEL + LANES);
        a1.intoArray(tile, offset + 1 * PANEL);
        b1.intoArray(tile, offset + 1 * PANEL + LANES);
        a2.intoArray(tile, offset + 2 * PANEL);
        b2.intoArray(tile, offset + 2 * PANEL + LANES);
        a3.intoArray(tile, offset + 3 * PANEL);
        b3.intoArray(tile, offset + 3 * PANEL + LANES);
        a4.intoArray(tile, offset + 4 * PANEL);
        b4.intoArray(tile, offset + 4 * PANEL + LANES);
        a5.intoArray(tile, offset + 5 * PANEL);
        b5.intoArray(tile, offset + 5 * PANEL + LANES);
    }
}
