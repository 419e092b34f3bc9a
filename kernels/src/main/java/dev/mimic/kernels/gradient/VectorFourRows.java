package dev.mimic.kernels.gradient;

import static dev.mimic.kernels.VectorWidth.REACH;
import static dev.mimic.kernels.VectorWidth.SPECIES;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;

/**
 * A register tile of four rows and two vectors, for the products of attention's gradient: each vector that is loaded serves
 * four sums, and eight of them in flight hide the latency of fma.
 */
final class VectorFourRows {
    /** Rows of a tile. */
    static final int ROWS = 4;

    private static final int LANES = SPECIES.length();

    /** Columns of a tile. */
    static final int COLUMNS = 2 * LANES;

    private VectorFourRows() {}

    /**
     * {@code out[outFrom + r · outRow + c] += Σ_n a[aFrom + r · aRow + n · aStep] · b[bFrom + n · bRow + c]} for r below
     * {@link #ROWS}, c below {@link #COLUMNS} and n below {@code steps}, in order of n.
     */
    static void accumulate(
            float[] a,
            int aFrom,
            int aRow,
            int aStep,
            float[] b,
            int bFrom,
            int bRow,
            int steps,
            float[] out,
            int outFrom,
            int outRow) {
        int a0 = Objects.checkIndex(aFrom, REACH);
        int a1 = Objects.checkIndex(aFrom + aRow, REACH);
        int a2 = Objects.checkIndex(aFrom + 2 * aRow, REACH);
        int a3 = Objects.checkIndex(aFrom + 3 * aRow, REACH);
        int from = Objects.checkIndex(bFrom, REACH);
        int o1 = outFrom + outRow;
        int o2 = o1 + outRow;
        int o3 = o2 + outRow;
        FloatVector s00 = FloatVector.fromArray(SPECIES, out, outFrom);
        FloatVector s01 = FloatVector.fromArray(SPECIES, out, outFrom + LANES);
        FloatVector s10 = FloatVector.fromArray(SPECIES, out, o1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, out, o1 + LANES);
        FloatVector s20 = FloatVector.fromArray(SPECIES, out, o2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, out, o2 + LANES);
        FloatVector s30 = FloatVector.fromArray(SPECIES, out, o3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, out, o3 + LANES);
        for (int n = 0; n < steps; n++) {
            FloatVector b0 = FloatVector.fromArray(SPECIES, b, from + n * bRow);
            FloatVector b1 = FloatVector.fromArray(SPECIES, b, from + n * bRow + LANES);
            FloatVector weight = FloatVector.broadcast(SPECIES, a[a0 + n * aStep]);
            s00 = weight.fma(b0, s00);
            s01 = weight.fma(b1, s01);
            weight = FloatVector.broadcast(SPECIES, a[a1 + n * aStep]);
            s10 = weight.fma(b0, s10);
            s11 = weight.fma(b1, s11);
            weight = FloatVector.broadcast(SPECIES, a[a2 + n * aStep]);
            s20 = weight.fma(b0, s20);
            s21 = weight.fma(b1, s21);
            weight = FloatVector.broadcast(SPECIES, a[a3 + n * aStep]);
            s30 = weight.fma(b0, s30);
            s31 = weight.fma(b1, s31);
        }
        s00.intoArray(out, outFrom);
        s01.intoArray(out, outFrom + LANES);
        s10.intoArray(out, o1);
        s11.intoArray(out, o1 + LANES);
        s20.intoArray(out, o2);
        s21.intoArray(out, o2 + LANES);
        s30.intoArray(out, o3);
        s31.intoArray(out, o3 + LANES);
    }
}
