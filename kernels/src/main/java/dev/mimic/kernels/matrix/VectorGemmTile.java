package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.REACH;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;

/**
 * The register tile of both matrix-matrix products: rows of a block against a panel of two vectors,
 * {@code sums[r, j] += Σ_k a[r, k] · panel[k, j]}. The sums of a call start at zero and are stored; a loop of its own
 * adds them. With that addition in the tile C2 meets its node limit, stops inlining, and everything is boxed.
 *
 * <p>Written out by hand, because vectors live in locals only: 24 accumulators, 2 vectors of the panel and a broadcast
 * fill the 32 registers of AVX-512, and 12 accumulators the 16 of AVX2.
 */
final class VectorGemmTile {
    /** Elements of a row of a panel. */
    static final int PANEL = 2 * SPECIES.length();

    /** Rows of a block that one tile takes. */
    static final int ROWS = 12;

    /** Steps of k of one call: a panel's slice of 32 KiB at 512 bits stays in L1 while the tiles pass. */
    static final int DEPTH = 256;

    private static final int LANES = SPECIES.length();

    private static final int HALF = ROWS / 2;

    /** Whether the registers hold the whole tile. */
    private static final boolean WIDE = SPECIES.vectorBitSize() >= 512;

    private VectorGemmTile() {}

    /**
     * One tile of twelve rows, added to sums.
     *
     * @param columns of the panel that are wanted; the others of sums may be left as they are
     * @param a [12, length], rows {@link VectorWorkspace#LEADING} apart
     * @param panel [length, PANEL] of F32
     * @param panelOffset elements
     * @param length steps of k
     * @param tile [12, PANEL]; overwritten
     * @param sums [12, PANEL]; accumulated into
     */
    static void accumulate(
            int columns,
            float[] a,
            int aOffset,
            MemorySegment panel,
            int panelOffset,
            int length,
            float[] tile,
            MemorySegment sums,
            int offset) {
        if (columns <= LANES) {
            half(a, aOffset, panel, panelOffset, length, tile);
            add(tile, 2 * LANES, sums, offset);
        } else {
            multiply(ROWS, a, aOffset, panel, panelOffset, length, tile);
            add(tile, LANES, sums, offset);
        }
    }

    /**
     * One tile from zero: {@code tile[r, j] = Σ_k a[r, k] · panel[k, j]}; as of {@link #accumulate}.
     *
     * @param rows rows that are wanted, up to 12; the others may be left as they are
     */
    static void multiply(
            int rows, float[] a, int aOffset, MemorySegment panel, int panelOffset, int length, float[] tile) {
        if (WIDE && rows > HALF) {
            twelve(a, aOffset, panel, panelOffset, length, tile, 0);
            return;
        }
        six(a, aOffset, panel, panelOffset, length, tile, 0);
        if (rows > HALF) {
            six(a, aOffset + HALF * LEADING, panel, panelOffset, length, tile, HALF * PANEL);
        }
    }

    /** Whole lines of the cache: a load that crosses two costs a tile up to a tenth, and arrays begin anywhere. */
    private static FloatVector load(MemorySegment panel, int index) {
        return FloatVector.fromMemorySegment(SPECIES, panel, (long) index * Float.BYTES, LITTLE_ENDIAN);
    }

    private static void add(float[] tile, int step, MemorySegment panels, int offset) {
        MemorySegment sums = VectorWorkspace.ofKnownClass(panels);
        for (int i = 0; i < ROWS * PANEL; i += step) {
            load(sums, offset + i)
                    .add(FloatVector.fromArray(SPECIES, tile, i))
                    .intoMemorySegment(sums, (long) (offset + i) * Float.BYTES, LITTLE_ENDIAN);
        }
    }

    /** Sets the elements {@code [0, length)} to 0, a multiple of a panel's row. */
    static void clear(MemorySegment panels, int length) {
        MemorySegment sums = VectorWorkspace.ofKnownClass(panels);
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int i = 0; i < length; i += LANES) {
            zero.intoMemorySegment(sums, (long) i * Float.BYTES, LITTLE_ENDIAN);
        }
    }

    private static void twelve(
            float[] a, int aFrom, MemorySegment panels, int panelFrom, int steps, float[] tile, int offset) {
        MemorySegment panel = VectorWorkspace.ofKnownClass(panels);
        int aOffset = Objects.checkIndex(aFrom, REACH);
        int panelOffset = Objects.checkIndex(panelFrom, REACH);
        int length = Objects.checkIndex(steps, DEPTH + 1);
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
        for (int k = 0; k < length; k++) {
            FloatVector low = load(panel, panelOffset + k * PANEL);
            FloatVector high = load(panel, panelOffset + k * PANEL + LANES);
            FloatVector w = FloatVector.broadcast(SPECIES, a[aOffset + k]);
            l0 = w.fma(low, l0);
            h0 = w.fma(high, h0);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 1 * LEADING]);
            l1 = w.fma(low, l1);
            h1 = w.fma(high, h1);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 2 * LEADING]);
            l2 = w.fma(low, l2);
            h2 = w.fma(high, h2);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 3 * LEADING]);
            l3 = w.fma(low, l3);
            h3 = w.fma(high, h3);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 4 * LEADING]);
            l4 = w.fma(low, l4);
            h4 = w.fma(high, h4);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 5 * LEADING]);
            l5 = w.fma(low, l5);
            h5 = w.fma(high, h5);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 6 * LEADING]);
            l6 = w.fma(low, l6);
            h6 = w.fma(high, h6);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 7 * LEADING]);
            l7 = w.fma(low, l7);
            h7 = w.fma(high, h7);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 8 * LEADING]);
            l8 = w.fma(low, l8);
            h8 = w.fma(high, h8);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 9 * LEADING]);
            l9 = w.fma(low, l9);
            h9 = w.fma(high, h9);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 10 * LEADING]);
            l10 = w.fma(low, l10);
            h10 = w.fma(high, h10);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 11 * LEADING]);
            l11 = w.fma(low, l11);
            h11 = w.fma(high, h11);
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

    private static void six(
            float[] a, int aFrom, MemorySegment panels, int panelFrom, int steps, float[] tile, int offset) {
        MemorySegment panel = VectorWorkspace.ofKnownClass(panels);
        int aOffset = Objects.checkIndex(aFrom, REACH);
        int panelOffset = Objects.checkIndex(panelFrom, REACH);
        int length = Objects.checkIndex(steps, DEPTH + 1);
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
        for (int k = 0; k < length; k++) {
            FloatVector low = load(panel, panelOffset + k * PANEL);
            FloatVector high = load(panel, panelOffset + k * PANEL + LANES);
            FloatVector w = FloatVector.broadcast(SPECIES, a[aOffset + k]);
            l0 = w.fma(low, l0);
            h0 = w.fma(high, h0);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 1 * LEADING]);
            l1 = w.fma(low, l1);
            h1 = w.fma(high, h1);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 2 * LEADING]);
            l2 = w.fma(low, l2);
            h2 = w.fma(high, h2);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 3 * LEADING]);
            l3 = w.fma(low, l3);
            h3 = w.fma(high, h3);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 4 * LEADING]);
            l4 = w.fma(low, l4);
            h4 = w.fma(high, h4);
            w = FloatVector.broadcast(SPECIES, a[aOffset + k + 5 * LEADING]);
            l5 = w.fma(low, l5);
            h5 = w.fma(high, h5);
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

    /** The first vector of the panel alone, for few rows of x; it fits any processor's registers. */
    private static void half(float[] a, int aFrom, MemorySegment panels, int panelFrom, int steps, float[] tile) {
        MemorySegment panel = VectorWorkspace.ofKnownClass(panels);
        int aOffset = Objects.checkIndex(aFrom, REACH);
        int panelOffset = Objects.checkIndex(panelFrom, REACH);
        int length = Objects.checkIndex(steps, DEPTH + 1);
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector l0 = zero;
        FloatVector l1 = zero;
        FloatVector l2 = zero;
        FloatVector l3 = zero;
        FloatVector l4 = zero;
        FloatVector l5 = zero;
        FloatVector l6 = zero;
        FloatVector l7 = zero;
        FloatVector l8 = zero;
        FloatVector l9 = zero;
        FloatVector l10 = zero;
        FloatVector l11 = zero;
        for (int k = 0; k < length; k++) {
            FloatVector low = load(panel, panelOffset + k * PANEL);
            l0 = FloatVector.broadcast(SPECIES, a[aOffset + k]).fma(low, l0);
            l1 = FloatVector.broadcast(SPECIES, a[aOffset + k + 1 * LEADING]).fma(low, l1);
            l2 = FloatVector.broadcast(SPECIES, a[aOffset + k + 2 * LEADING]).fma(low, l2);
            l3 = FloatVector.broadcast(SPECIES, a[aOffset + k + 3 * LEADING]).fma(low, l3);
            l4 = FloatVector.broadcast(SPECIES, a[aOffset + k + 4 * LEADING]).fma(low, l4);
            l5 = FloatVector.broadcast(SPECIES, a[aOffset + k + 5 * LEADING]).fma(low, l5);
            l6 = FloatVector.broadcast(SPECIES, a[aOffset + k + 6 * LEADING]).fma(low, l6);
            l7 = FloatVector.broadcast(SPECIES, a[aOffset + k + 7 * LEADING]).fma(low, l7);
            l8 = FloatVector.broadcast(SPECIES, a[aOffset + k + 8 * LEADING]).fma(low, l8);
            l9 = FloatVector.broadcast(SPECIES, a[aOffset + k + 9 * LEADING]).fma(low, l9);
            l10 = FloatVector.broadcast(SPECIES, a[aOffset + k + 10 * LEADING]).fma(low, l10);
            l11 = FloatVector.broadcast(SPECIES, a[aOffset + k + 11 * LEADING]).fma(low, l11);
        }
        l0.intoArray(tile, 0 * PANEL);
        l1.intoArray(tile, 1 * PANEL);
        l2.intoArray(tile, 2 * PANEL);
        l3.intoArray(tile, 3 * PANEL);
        l4.intoArray(tile, 4 * PANEL);
        l5.intoArray(tile, 5 * PANEL);
        l6.intoArray(tile, 6 * PANEL);
        l7.intoArray(tile, 7 * PANEL);
        l8.intoArray(tile, 8 * PANEL);
        l9.intoArray(tile, 9 * PANEL);
        l10.intoArray(tile, 10 * PANEL);
        l11.intoArray(tile, 11 * PANEL);
    }
}
