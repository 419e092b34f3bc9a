package dev.mimic.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width of this process, chosen once: constants, so that C2 folds them. The property that forces one is
 * {@link KernelChoice#PROPERTY}; under {@code scalar} these are the processor's own, for whoever asks for vectors
 * nevertheless.
 */
@SuppressWarnings("exports") // for the kernels of this module alone
public final class VectorWidth {
    /** Vectors of float. */
    public static final VectorSpecies<Float> SPECIES = species(KernelChoice.requested());

    /** Vectors of as many int. */
    public static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);

    /** Vectors of as many short: half the bits. */
    public static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(SPECIES.vectorBitSize() / 2));

    /** Vectors of as many byte; at 128 bits, where there are none so short, of twice as many. */
    public static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, SPECIES.vectorBitSize() / 4)));

    /** Vectors of short, of all bits. */
    public static final VectorSpecies<Short> WORDS = SPECIES.withLanes(short.class);

    /**
     * Offsets of tiles stay below: C2 then knows that no index of theirs overflows an int, and one register addresses a
     * whole row, whether the loads of vectors are checked or not.
     */
    public static final int REACH = 1 << 30;

    private VectorWidth() {}

    /** Bits of a vector. */
    public static int bits() {
        return SPECIES.vectorBitSize();
    }

    private static VectorSpecies<Float> species(KernelChoice choice) {
        // the kernels are written for 4 to 16 lanes
        int bits = choice.bits() == 0
                ? Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512)
                : choice.bits();
        return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }
}
