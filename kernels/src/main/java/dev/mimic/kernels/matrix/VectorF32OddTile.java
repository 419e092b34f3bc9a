package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.REACH;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorF32GemmTile.PANEL;
import static dev.mimic.kernels.matrix.VectorF32GemmTile.load;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;

/** The tiles of {@link VectorF32GemmTile} for a last panel that has an odd number of vectors, the same in all else. */
final class VectorF32OddTile {
    private static final int LANES = SPECIES.length();

    private VectorF32OddTile() {}

    /** Six rows against three vectors of the panel, which take 22 registers. */
    static void three(
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
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector c1 = zero;
        FloatVector a2 = zero;
        FloatVector b2 = zero;
        FloatVector c2 = zero;
        FloatVector a3 = zero;
        FloatVector b3 = zero;
        FloatVector c3 = zero;
        FloatVector a4 = zero;
        FloatVector b4 = zero;
        FloatVector c4 = zero;
        FloatVector a5 = zero;
        FloatVector b5 = zero;
        FloatVector c5 = zero;
        for (int k = 0; k < length; k++) {
            FloatVector a = load(panel, panelOffset + k * PANEL);
            FloatVector b = load(panel, panelOffset + k * PANEL + LANES);
            FloatVector c = load(panel, panelOffset + k * PANEL + 2 * LANES);
            FloatVector w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, from + 4L * k));
            a0 = w.fma(a, a0);
            b0 = w.fma(b, b0);
            c0 = w.fma(c, c0);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row1 + 4L * k));
            a1 = w.fma(a, a1);
            b1 = w.fma(b, b1);
            c1 = w.fma(c, c1);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row2 + 4L * k));
            a2 = w.fma(a, a2);
            b2 = w.fma(b, b2);
            c2 = w.fma(c, c2);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row3 + 4L * k));
            a3 = w.fma(a, a3);
            b3 = w.fma(b, b3);
            c3 = w.fma(c, c3);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row4 + 4L * k));
            a4 = w.fma(a, a4);
            b4 = w.fma(b, b4);
            c4 = w.fma(c, c4);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row5 + 4L * k));
            a5 = w.fma(a, a5);
            b5 = w.fma(b, b5);
            c5 = w.fma(c, c5);
        }
        a0.intoArray(tile, 0 * PANEL);
        b0.intoArray(tile, 0 * PANEL + LANES);
        c0.intoArray(tile, 0 * PANEL + 2 * LANES);
        a1.intoArray(tile, 1 * PANEL);
        b1.intoArray(tile, 1 * PANEL + LANES);
        c1.intoArray(tile, 1 * PANEL + 2 * LANES);
        a2.intoArray(tile, 2 * PANEL);
        b2.intoArray(tile, 2 * PANEL + LANES);
        c2.intoArray(tile, 2 * PANEL + 2 * LANES);
        a3.intoArray(tile, 3 * PANEL);
        b3.intoArray(tile, 3 * PANEL + LANES);
        c3.intoArray(tile, 3 * PANEL + 2 * LANES);
        a4.intoArray(tile, 4 * PANEL);
        b4.intoArray(tile, 4 * PANEL + LANES);
        c4.intoArray(tile, 4 * PANEL + 2 * LANES);
        a5.intoArray(tile, 5 * PANEL);
        b5.intoArray(tile, 5 * PANEL + LANES);
        c5.intoArray(tile, 5 * PANEL + 2 * LANES);
    }

    /** Six rows against one vector of the panel. */
    static void one(
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
        FloatVector a1 = zero;
        FloatVector a2 = zero;
        FloatVector a3 = zero;
        FloatVector a4 = zero;
        FloatVector a5 = zero;
        for (int k = 0; k < length; k++) {
            FloatVector a = load(panel, panelOffset + k * PANEL);
            FloatVector w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, from + 4L * k));
            a0 = w.fma(a, a0);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row1 + 4L * k));
            a1 = w.fma(a, a1);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row2 + 4L * k));
            a2 = w.fma(a, a2);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row3 + 4L * k));
            a3 = w.fma(a, a3);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row4 + 4L * k));
            a4 = w.fma(a, a4);
            w = FloatVector.broadcast(SPECIES, weights.get(Matrix.FLOAT, row5 + 4L * k));
            a5 = w.fma(a, a5);
        }
        a0.intoArray(tile, offset + 0 * PANEL);
        a1.intoArray(tile, offset + 1 * PANEL);
        a2.intoArray(tile, offset + 2 * PANEL);
        a3.intoArray(tile, offset + 3 * PANEL);
        a4.intoArray(tile, offset + 4 * PANEL);
        a5.intoArray(tile, offset + 5 * PANEL);
    }
}
