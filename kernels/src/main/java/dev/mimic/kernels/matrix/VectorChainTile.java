package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.REACH;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorDots.LEADING;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;

/**
 * The register tile of matrix-vector products for many rows of x: one chain, the columns that are equal modulo the lanes,
 * of rows of weights against a panel of two vectors of rows of x. Lanes are rows of x here, so a chain adds up what one
 * lane adds up in {@link VectorDots}: in the same order, with the same fma.
 *
 * <p>Written out by hand, because vectors live in locals only: 24 accumulators, 2 vectors of the panel and a broadcast
 * fill the 32 registers of AVX-512, and 12 accumulators the 16 of AVX2. Two chains of half the rows, added in registers,
 * would save stores but were a third slower.
 */
final class VectorChainTile {
    /** Rows of x that one tile takes. */
    static final int PANEL = 2 * SPECIES.length();

    /** Rows of weights that one tile takes. */
    static final int ROWS = 12;

    /** Elements of a tile. */
    static final int SIZE = ROWS * PANEL;

    private static final int LANES = SPECIES.length();

    /** Whether the registers hold the whole tile. */
    private static final boolean WIDE = SPECIES.vectorBitSize() >= 512;

    private VectorChainTile() {}

    /**
     * One chain: {@code tile[r, i] = Σ_k w[r, k · lanes] · panel[k, i]}.
     *
     * @param w [12, length], rows {@link VectorDots#LEADING} apart; begins at the chain's first column
     * @param panel [length / lanes, PANEL]
     * @param length columns of all chains; a multiple of the lanes
     * @param tile [12, PANEL]; overwritten
     */
    static void chain(float[] w, int wOffset, float[] panel, int panelOffset, int length, float[] tile, int offset) {
        if (WIDE) {
            twelve(w, wOffset, panel, panelOffset, length, tile, offset);
        } else {
            six(w, wOffset, panel, panelOffset, length, tile, offset);
            six(w, wOffset + 6 * LEADING, panel, panelOffset, length, tile, offset + 6 * PANEL);
        }
    }

    /** Adds four tiles that lie behind each other from {@code from} on, {@code (0 + 1) + (2 + 3)}, into the one at {@code to}. */
    static void addFour(float[] tiles, int from, int to) {
        for (int i = 0; i < SIZE; i += LANES) {
            FloatVector first = FloatVector.fromArray(SPECIES, tiles, from + i)
                    .add(FloatVector.fromArray(SPECIES, tiles, from + SIZE + i));
            FloatVector second = FloatVector.fromArray(SPECIES, tiles, from + 2 * SIZE + i)
                    .add(FloatVector.fromArray(SPECIES, tiles, from + 3 * SIZE + i));
            first.add(second).intoArray(tiles, to + i);
        }
    }

    /**
     * The sum of one, two or four such tiles, added by halves. It is never -0, so that a first sum may be stored where
     * further ones are added.
     *
     * @param tiles [lanes / 4, 12, PANEL] from {@code from}
     * @param sums [12, PANEL] from {@code to}; overwritten
     */
    static void sum(float[] tiles, int from, float[] sums, int to) {
        for (int i = 0; i < SIZE; i += LANES) {
            FloatVector sum = FloatVector.fromArray(SPECIES, tiles, from + i);
            if (LANES > 4) {
                sum = sum.add(FloatVector.fromArray(SPECIES, tiles, from + SIZE + i));
            }
            if (LANES > 8) {
                sum = sum.add(FloatVector.fromArray(SPECIES, tiles, from + 2 * SIZE + i)
                        .add(FloatVector.fromArray(SPECIES, tiles, from + 3 * SIZE + i)));
            }
            sum.intoArray(sums, to + i);
        }
    }

    /** Adds a tile, {@code sums[to + i] += tile[from + i]}. */
    static void accumulate(float[] tile, int from, float[] sums, int to) {
        for (int i = 0; i < SIZE; i += LANES) {
            FloatVector.fromArray(SPECIES, sums, to + i)
                    .add(FloatVector.fromArray(SPECIES, tile, from + i))
                    .intoArray(sums, to + i);
        }
    }

    private static void twelve(float[] w, int wFrom, float[] panel, int panelFrom, int cols, float[] tile, int offset) {
        int wOffset = Objects.checkIndex(wFrom, REACH);
        int panelOffset = Objects.checkIndex(panelFrom, REACH);
        int length = Objects.checkIndex(cols, LEADING + 1);
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector l0 = zero;
        FloatVector h0 = zero;
        FloatVector l1 = zero;
        FloatVector h1 = zero;
        FloatVector l2 = zero;
        FloatVector h2 = zero;
        FloatVector l3 = zero;
        FloatVector h3 = zero;
        FloatVector l4 = zero;
        FloatVector h4 = zero;
        FloatVector l5 = zero;
        FloatVector h5 = zero;
        FloatVector l6 = zero;
        FloatVector h6 = zero;
        FloatVector l7 = zero;
        FloatVector h7 = zero;
        FloatVector l8 = zero;
        FloatVector h8 = zero;
        FloatVector l9 = zero;
        FloatVector h9 = zero;
        FloatVector l10 = zero;
        FloatVector h10 = zero;
        FloatVector l11 = zero;
        FloatVector h11 = zero;
        for (int c = 0; c < length; c += LANES) {
            FloatVector low = FloatVector.fromArray(SPECIES, panel, panelOffset + 2 * c);
            FloatVector high = FloatVector.fromArray(SPECIES, panel, panelOffset + 2 * c + LANES);
            FloatVector a = FloatVector.broadcast(SPECIES, w[wOffset + c]);
            l0 = a.fma(low, l0);
            h0 = a.fma(high, h0);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 1 * LEADING]);
            l1 = a.fma(low, l1);
            h1 = a.fma(high, h1);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 2 * LEADING]);
            l2 = a.fma(low, l2);
            h2 = a.fma(high, h2);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 3 * LEADING]);
            l3 = a.fma(low, l3);
            h3 = a.fma(high, h3);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 4 * LEADING]);
            l4 = a.fma(low, l4);
            h4 = a.fma(high, h4);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 5 * LEADING]);
            l5 = a.fma(low, l5);
            h5 = a.fma(high, h5);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 6 * LEADING]);
            l6 = a.fma(low, l6);
            h6 = a.fma(high, h6);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 7 * LEADING]);
            l7 = a.fma(low, l7);
            h7 = a.fma(high, h7);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 8 * LEADING]);
            l8 = a.fma(low, l8);
            h8 = a.fma(high, h8);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 9 * LEADING]);
            l9 = a.fma(low, l9);
            h9 = a.fma(high, h9);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 10 * LEADING]);
            l10 = a.fma(low, l10);
            h10 = a.fma(high, h10);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 11 * LEADING]);
            l11 = a.fma(low, l11);
            h11 = a.fma(high, h11);
        }
        l0.intoArray(tile, offset + 0 * PANEL);
        h0.intoArray(tile, offset + 0 * PANEL + LANES);
        l1.intoArray(tile, offset + 1 * PANEL);
        h1.intoArray(tile, offset + 1 * PANEL + LANES);
        l2.intoArray(tile, offset + 2 * PANEL);
        h2.intoArray(tile, offset + 2 * PANEL + LANES);
        l3.intoArray(tile, offset + 3 * PANEL);
        h3.intoArray(tile, offset + 3 * PANEL + LANES);
        l4.intoArray(tile, offset + 4 * PANEL);
        h4.intoArray(tile, offset + 4 * PANEL + LANES);
        l5.intoArray(tile, offset + 5 * PANEL);
        h5.intoArray(tile, offset + 5 * PANEL + LANES);
        l6.intoArray(tile, offset + 6 * PANEL);
        h6.intoArray(tile, offset + 6 * PANEL + LANES);
        l7.intoArray(tile, offset + 7 * PANEL);
        h7.intoArray(tile, offset + 7 * PANEL + LANES);
        l8.intoArray(tile, offset + 8 * PANEL);
        h8.intoArray(tile, offset + 8 * PANEL + LANES);
        l9.intoArray(tile, offset + 9 * PANEL);
        h9.intoArray(tile, offset + 9 * PANEL + LANES);
        l10.intoArray(tile, offset + 10 * PANEL);
        h10.intoArray(tile, offset + 10 * PANEL + LANES);
        l11.intoArray(tile, offset + 11 * PANEL);
        h11.intoArray(tile, offset + 11 * PANEL + LANES);
    }

    private static void six(float[] w, int wFrom, float[] panel, int panelFrom, int cols, float[] tile, int offset) {
        int wOffset = Objects.checkIndex(wFrom, REACH);
        int panelOffset = Objects.checkIndex(panelFrom, REACH);
        int length = Objects.checkIndex(cols, LEADING + 1);
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector l0 = zero;
        FloatVector h0 = zero;
        FloatVector l1 = zero;
        FloatVector h1 = zero;
        FloatVector l2 = zero;
        FloatVector h2 = zero;
        FloatVector l3 = zero;
        FloatVector h3 = zero;
        FloatVector l4 = zero;
        FloatVector h4 = zero;
        FloatVector l5 = zero;
        FloatVector h5 = zero;
        for (int c = 0; c < length; c += LANES) {
            FloatVector low = FloatVector.fromArray(SPECIES, panel, panelOffset + 2 * c);
            FloatVector high = FloatVector.fromArray(SPECIES, panel, panelOffset + 2 * c + LANES);
            FloatVector a = FloatVector.broadcast(SPECIES, w[wOffset + c]);
            l0 = a.fma(low, l0);
            h0 = a.fma(high, h0);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 1 * LEADING]);
            l1 = a.fma(low, l1);
            h1 = a.fma(high, h1);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 2 * LEADING]);
            l2 = a.fma(low, l2);
            h2 = a.fma(high, h2);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 3 * LEADING]);
            l3 = a.fma(low, l3);
            h3 = a.fma(high, h3);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 4 * LEADING]);
            l4 = a.fma(low, l4);
            h4 = a.fma(high, h4);
            a = FloatVector.broadcast(SPECIES, w[wOffset + c + 5 * LEADING]);
            l5 = a.fma(low, l5);
            h5 = a.fma(high, h5);
        }
        l0.intoArray(tile, offset + 0 * PANEL);
        h0.intoArray(tile, offset + 0 * PANEL + LANES);
        l1.intoArray(tile, offset + 1 * PANEL);
        h1.intoArray(tile, offset + 1 * PANEL + LANES);
        l2.intoArray(tile, offset + 2 * PANEL);
        h2.intoArray(tile, offset + 2 * PANEL + LANES);
        l3.intoArray(tile, offset + 3 * PANEL);
        h3.intoArray(tile, offset + 3 * PANEL + LANES);
        l4.intoArray(tile, offset + 4 * PANEL);
        h4.intoArray(tile, offset + 4 * PANEL + LANES);
        l5.intoArray(tile, offset + 5 * PANEL);
        h5.intoArray(tile, offset + 5 * PANEL + LANES);
    }
}
