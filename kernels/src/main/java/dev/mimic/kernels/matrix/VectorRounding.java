package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.QuantizedActivations.HALF;
import static dev.mimic.kernels.matrix.QuantizedFormat.BLOCK;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.mimic.kernels.VectorLanes;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link QuantizedActivations#roundRow} in vectors, with the same bits. */
final class VectorRounding {
    private static final int LANES = SPECIES.length();

    /** 1.5 · 2^23: a small number that is added to it ends as an integer, ties to even, in the lowest bits. */
    private static final float INTEGERS = 0x1.8p23f;

    private static final int INTEGER_BITS = Float.floatToRawIntBits(INTEGERS);

    private VectorRounding() {}

    /**
     * Rounds a row.
     *
     * @param row where it goes
     * @param x [cols] from {@code offset} on
     */
    static void row(QuantizedActivations to, int row, float[] x, int offset, int cols) {
        int blocks = QuantizedFormat.blocks(cols);
        int whole = cols / BLOCK;
        for (int b = 0; b < whole; b++) {
            block(to, row * blocks + b, x, offset + b * BLOCK);
        }
        if (whole < blocks) {
            float[] last = to.last();
            Arrays.fill(last, 0);
            System.arraycopy(x, offset + whole * BLOCK, last, 0, cols - whole * BLOCK);
            block(to, row * blocks + whole, last, 0);
        }
    }

    private static void block(QuantizedActivations to, int block, float[] x, int offset) {
        FloatVector most = FloatVector.zero(SPECIES);
        for (int i = 0; i < BLOCK; i += LANES) {
            most = most.max(FloatVector.fromArray(SPECIES, x, offset + i).abs()); // NaN stays
        }
        if (LANES > 8) {
            most = most.max(most.rearrange(VectorLanes.BY_8));
        }
        if (LANES > 4) {
            most = most.max(most.rearrange(VectorLanes.BY_4));
        }
        most = most.max(most.rearrange(VectorLanes.BY_2));
        float largest = most.max(most.rearrange(VectorLanes.BY_1)).lane(0);
        FloatVector inverse = FloatVector.broadcast(SPECIES, to.start(block, largest));
        if (Float.isNaN(to.scales()[block])) {
            Arrays.fill(to.pairs(), block * HALF, (block + 1) * HALF, 0);
            to.offsets()[block] = 0;
            return;
        }
        int[] pairs = to.pairs();
        IntVector sum = IntVector.zero(INTS);
        for (int i = 0; i < HALF; i += LANES) {
            IntVector low = FloatVector.fromArray(SPECIES, x, offset + i)
                    .mul(inverse)
                    .add(INTEGERS)
                    .reinterpretAsInts()
                    .sub(INTEGER_BITS);
            IntVector high = FloatVector.fromArray(SPECIES, x, offset + HALF + i)
                    .mul(inverse)
                    .add(INTEGERS)
                    .reinterpretAsInts()
                    .sub(INTEGER_BITS);
            sum = sum.add(low).add(high);
            low.and(0xffff).or(high.lanewise(LSHL, 16)).intoArray(pairs, block * HALF + i);
        }
        to.offsets()[block] = -8 * sum.reduceLanes(ADD); // integers: any order
    }
}
