package dev.mimic.kernels.roofline;

import dev.mimic.kernels.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** A plain vector sum, the fastest that memory can be read by a kernel: eight sums in flight, one stream. */
final class VectorRead {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final long BYTES = SPECIES.vectorByteSize();

    /** Bytes that one turn of the loop reads; ranges are multiples of it. */
    static final int STEP = 8 * SPECIES.vectorByteSize();

    /** Floats that {@link #sum} writes. */
    static final int LANES = SPECIES.length();

    private VectorRead() {}

    /**
     * Adds up the floats of {@code [begin, end)}, each lane by itself.
     *
     * @param begin bytes
     * @param end bytes; {@code end - begin} is a multiple of {@link #STEP}
     * @param lanes overwritten from {@code offset} on, {@link #LANES} elements
     */
    static void sum(MemorySegment data, long begin, long end, float[] lanes, int offset) {
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        FloatVector e = a;
        FloatVector f = a;
        FloatVector g = a;
        FloatVector h = a;
        ByteOrder order = ByteOrder.LITTLE_ENDIAN;
        for (long at = begin; at <= end - STEP; at += STEP) {
            a = a.add(FloatVector.fromMemorySegment(SPECIES, data, at, order));
            b = b.add(FloatVector.fromMemorySegment(SPECIES, data, at + BYTES, order));
            c = c.add(FloatVector.fromMemorySegment(SPECIES, data, at + 2 * BYTES, order));
            d = d.add(FloatVector.fromMemorySegment(SPECIES, data, at + 3 * BYTES, order));
            e = e.add(FloatVector.fromMemorySegment(SPECIES, data, at + 4 * BYTES, order));
            f = f.add(FloatVector.fromMemorySegment(SPECIES, data, at + 5 * BYTES, order));
            g = g.add(FloatVector.fromMemorySegment(SPECIES, data, at + 6 * BYTES, order));
            h = h.add(FloatVector.fromMemorySegment(SPECIES, data, at + 7 * BYTES, order));
        }
        a.add(b).add(c.add(d)).add(e.add(f).add(g.add(h))).intoArray(lanes, offset);
    }

    /**
     * The same for an array.
     *
     * @param length elements, a multiple of those of {@link #STEP}
     */
    static void sum(float[] data, int length, float[] lanes, int offset) {
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        FloatVector e = a;
        FloatVector f = a;
        FloatVector g = a;
        FloatVector h = a;
        for (int i = 0; i <= length - 8 * LANES; i += 8 * LANES) {
            a = a.add(FloatVector.fromArray(SPECIES, data, i));
            b = b.add(FloatVector.fromArray(SPECIES, data, i + LANES));
            c = c.add(FloatVector.fromArray(SPECIES, data, i + 2 * LANES));
            d = d.add(FloatVector.fromArray(SPECIES, data, i + 3 * LANES));
            e = e.add(FloatVector.fromArray(SPECIES, data, i + 4 * LANES));
            f = f.add(FloatVector.fromArray(SPECIES, data, i + 5 * LANES));
            g = g.add(FloatVector.fromArray(SPECIES, data, i + 6 * LANES));
            h = h.add(FloatVector.fromArray(SPECIES, data, i + 7 * LANES));
        }
        a.add(b).add(c.add(d)).add(e.add(f).add(g.add(h))).intoArray(lanes, offset);
    }
}
