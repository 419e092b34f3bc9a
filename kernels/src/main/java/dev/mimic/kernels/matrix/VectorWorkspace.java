package dev.mimic.kernels.matrix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Scratch of one share of an operation. Grows to what the largest call needed and stays. */
final class VectorWorkspace {
    /** Columns of weights converted at once. */
    static final int SLICE = 512;

    /** Leading dimension of a converted block: a constant for addressing, off the powers of two for the caches' sake. */
    static final int LEADING = SLICE + 16;

    /** Bytes of a line of the cache. */
    private static final int LINE = 64;

    private float[] block = new float[0];
    private float[] sums = new float[0];
    private float[] totals = new float[0];
    private float[] turned = new float[0];
    private MemorySegment panels = MemorySegment.NULL;
    private MemorySegment panelSums = MemorySegment.NULL;

    @SuppressWarnings("UnusedVariable") // see read
    private long words;

    private final float[] rows = new float[VectorChainTile.ROWS * VectorDots.LEADING];
    private final float[] tiles = new float[(4 + VectorGemvPanels.GROUPS) * VectorChainTile.SIZE];
    private final float[] tile = new float
            [Math.max(VectorGemmTile.ROWS * VectorGemmTile.PANEL, VectorF32GemmTile.ROWS * VectorF32GemmTile.PANEL)];
    private final QuantizedActivations activations = new QuantizedActivations();
    private final int[] integers = new int[VectorQ4Dots.SCRATCH];
    private final float[] lines = new float[VectorPanelPacking.SCRATCH];

    /** Twelve rows of F32, {@link VectorDots#LEADING} apart. */
    float[] rows() {
        return rows;
    }

    /** Rows of F32, {@link #LEADING} apart: [rows, SLICE]. */
    float[] block(int rows) {
        if (block.length < rows * LEADING) {
            block = new float[rows * LEADING];
        }
        return block;
    }

    /** Sums in progress. */
    float[] sums(int length) {
        if (sums.length < length) {
            sums = new float[length];
        }
        return sums;
    }

    /** Sums of slices added up. */
    float[] totals(int length) {
        if (totals.length < length) {
            totals = new float[length];
        }
        return totals;
    }

    /** Sums in progress that lie like panels. */
    MemorySegment panelSums(int length) {
        panelSums = panels(panelSums, length);
        return panelSums;
    }

    /** Packed panels. */
    MemorySegment panels(int length) {
        panels = panels(panels, length);
        return panels;
    }

    /** Rows of x in the order of lines. */
    float[] turned(int length) {
        if (turned.length < length) {
            turned = new float[length];
        }
        return turned;
    }

    /**
     * Panels of at least so many elements of F32: those given if they have them. They begin at a line of the cache, which
     * no array is sure to do, and lie outside the heap, because only there that can be asked for.
     */
    static MemorySegment panels(MemorySegment given, int length) {
        long bytes = (long) length * Float.BYTES;
        // at least doubled: what is outgrown waits for the garbage collector, so it had better be seldom
        return given.byteSize() >= bytes ? given : Arena.ofAuto().allocate(Math.max(bytes, 2 * given.byteSize()), LINE);
    }

    /**
     * The panels given, their class known to C2. A load from a segment has one profile for all its callers: where weights
     * of F32 are mapped from a file it has seen two classes, and every load of a panel asked which one it has, which
     * cost a tile a fifth.
     *
     * @throws IllegalArgumentException if they are no native segment, as all panels are
     */
    static MemorySegment ofKnownClass(MemorySegment panels) {
        if (panels.getClass() != NativeSegments.CLASS) {
            throw new IllegalArgumentException(
                    "panels: they lie in a " + panels.getClass() + ", expected a " + NativeSegments.CLASS);
        }
        return panels;
    }

    /** Takes what was read for the caches' sake alone, so that the compiler does not leave the reading out. */
    void read(long some) {
        words ^= some;
    }

    /** Widened lines of weights on their way into panels. */
    float[] lines() {
        return lines;
    }

    /** Rows of x in 8 bits. */
    QuantizedActivations activations() {
        return activations;
    }

    /** Sums of integers of some blocks, {@link VectorQ4Dots#SCRATCH}. */
    int[] integers() {
        return integers;
    }

    /** Chains in the making, [4 + GROUPS, 12, PANEL]. */
    float[] tiles() {
        return tiles;
    }

    /**
     * Sums of one tile of a matrix-matrix product: [12, PANEL] of {@link VectorGemmTile} or [6, PANEL] of {@link
     * VectorF32GemmTile}, whose panels are wider.
     */
    float[] tile() {
        return tile;
    }
}
