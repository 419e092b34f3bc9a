package dev.mimic.kernels;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The one order in which lanes are added up. Not {@code reduceLanes(ADD)}: its order is unspecified and may differ
 * between the interpreter and compiled code, and a value must not depend on when its loop was compiled.
 */
@SuppressWarnings("exports") // for the kernels of this module alone
public final class VectorLanes {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    /** Moves each lane by 8, 4, 2 or 1: for who adds up a vector at hand, in the order of {@link #sum}. */
    public static final VectorShuffle<Float> BY_8 = rotation(8);

    public static final VectorShuffle<Float> BY_4 = rotation(4);
    public static final VectorShuffle<Float> BY_2 = rotation(2);
    public static final VectorShuffle<Float> BY_1 = rotation(1);

    private VectorLanes() {}

    /**
     * Sum of the elements of a vector, by halves: of 4 to 16 lanes. From memory, because a vector that is passed to a
     * method is boxed where C2 refuses to inline it.
     *
     * @param lanes read from {@code offset} on
     */
    public static float sum(float[] lanes, int offset) {
        Objects.checkFromIndexSize(offset, LANES, lanes.length);
        FloatVector sum = FloatVector.fromArray(SPECIES, lanes, offset);
        if (LANES > 8) {
            sum = sum.add(sum.rearrange(BY_8));
        }
        if (LANES > 4) {
            sum = sum.add(sum.rearrange(BY_4));
        }
        sum = sum.add(sum.rearrange(BY_2));
        return sum.add(sum.rearrange(BY_1)).lane(0);
    }

    private static VectorShuffle<Float> rotation(int by) {
        return VectorShuffle.fromOp(SPECIES, lane -> (lane + by) % LANES);
    }
}
