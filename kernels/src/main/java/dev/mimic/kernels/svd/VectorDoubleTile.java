package dev.mimic.kernels.svd;

import static dev.mimic.kernels.VectorWidth.REACH;

import dev.mimic.kernels.VectorWidth;
import java.util.Objects;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Tiles of a matrix product in registers: so many rows by two vectors. */
final class VectorDoubleTile {
    private static final VectorSpecies<Double> SPECIES =
            VectorSpecies.of(double.class, VectorShape.forBitSize(VectorWidth.bits()));
    private static final int LANES = SPECIES.length();
    private static final int TILE_ROWS = DoubleKernels.TILE_ROWS;

    /** Steps stay below: with them, too, no index overflows an int. */
    private static final int MOST = REACH / (2 * TILE_ROWS * LANES);

    private VectorDoubleTile() {}

    /** {@link DoubleKernels#tile} in 24 sums: for 32 registers. */
    static void twelve(int steps, double[] a, int aFrom, double[] b, int bFrom, double[] tile) {
        int aOffset = Objects.checkIndex(aFrom, REACH);
        int bOffset = Objects.checkIndex(bFrom, REACH);
        int depth = Objects.checkIndex(steps, MOST);
        DoubleVector zero = DoubleVector.zero(SPECIES);
        DoubleVector left0 = zero;
        DoubleVector right0 = zero;
        DoubleVector left1 = zero;
        DoubleVector right1 = zero;
        DoubleVector left2 = zero;
        DoubleVector right2 = zero;
        DoubleVector left3 = zero;
        DoubleVector right3 = zero;
        DoubleVector left4 = zero;
        DoubleVector right4 = zero;
        DoubleVector left5 = zero;
        DoubleVector right5 = zero;
        DoubleVector left6 = zero;
        DoubleVector right6 = zero;
        DoubleVector left7 = zero;
        DoubleVector right7 = zero;
        DoubleVector left8 = zero;
        DoubleVector right8 = zero;
        DoubleVector left9 = zero;
        DoubleVector right9 = zero;
        DoubleVector left10 = zero;
        DoubleVector right10 = zero;
        DoubleVector left11 = zero;
        DoubleVector right11 = zero;
        for (int k = 0; k < depth; k++) {
            DoubleVector left = load(b, bOffset + k * 2 * LANES);
            DoubleVector right = load(b, bOffset + k * 2 * LANES + LANES);
            DoubleVector a0 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 0]);
            left0 = a0.fma(left, left0);
            right0 = a0.fma(right, right0);
            DoubleVector a1 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 1]);
            left1 = a1.fma(left, left1);
            right1 = a1.fma(right, right1);
            DoubleVector a2 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 2]);
            left2 = a2.fma(left, left2);
            right2 = a2.fma(right, right2);
            DoubleVector a3 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 3]);
            left3 = a3.fma(left, left3);
            right3 = a3.fma(right, right3);
            DoubleVector a4 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 4]);
            left4 = a4.fma(left, left4);
            right4 = a4.fma(right, right4);
            DoubleVector a5 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 5]);
            left5 = a5.fma(left, left5);
            right5 = a5.fma(right, right5);
            DoubleVector a6 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 6]);
            left6 = a6.fma(left, left6);
            right6 = a6.fma(right, right6);
            DoubleVector a7 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 7]);
            left7 = a7.fma(left, left7);
            right7 = a7.fma(right, right7);
            DoubleVector a8 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 8]);
            left8 = a8.fma(left, left8);
            right8 = a8.fma(right, right8);
            DoubleVector a9 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 9]);
            left9 = a9.fma(left, left9);
            right9 = a9.fma(right, right9);
            DoubleVector a10 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 10]);
            left10 = a10.fma(left, left10);
            right10 = a10.fma(right, right10);
            DoubleVector a11 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 11]);
            left11 = a11.fma(left, left11);
            right11 = a11.fma(right, right11);
        }
        left0.intoArray(tile, 0 * LANES);
        right0.intoArray(tile, 1 * LANES);
        left1.intoArray(tile, 2 * LANES);
        right1.intoArray(tile, 3 * LANES);
        left2.intoArray(tile, 4 * LANES);
        right2.intoArray(tile, 5 * LANES);
        left3.intoArray(tile, 6 * LANES);
        right3.intoArray(tile, 7 * LANES);
        left4.intoArray(tile, 8 * LANES);
        right4.intoArray(tile, 9 * LANES);
        left5.intoArray(tile, 10 * LANES);
        right5.intoArray(tile, 11 * LANES);
        left6.intoArray(tile, 12 * LANES);
        right6.intoArray(tile, 13 * LANES);
        left7.intoArray(tile, 14 * LANES);
        right7.intoArray(tile, 15 * LANES);
        left8.intoArray(tile, 16 * LANES);
        right8.intoArray(tile, 17 * LANES);
        left9.intoArray(tile, 18 * LANES);
        right9.intoArray(tile, 19 * LANES);
        left10.intoArray(tile, 20 * LANES);
        right10.intoArray(tile, 21 * LANES);
        left11.intoArray(tile, 22 * LANES);
        right11.intoArray(tile, 23 * LANES);
    }

    /** Six rows of it in 12 sums: for 16 registers. */
    static void six(int steps, double[] a, int aFrom, double[] b, int bFrom, double[] tile, int tileOffset) {
        int aOffset = Objects.checkIndex(aFrom, REACH);
        int bOffset = Objects.checkIndex(bFrom, REACH);
        int depth = Objects.checkIndex(steps, MOST);
        DoubleVector zero = DoubleVector.zero(SPECIES);
        DoubleVector left0 = zero;
        DoubleVector right0 = zero;
        DoubleVector left1 = zero;
        DoubleVector right1 = zero;
        DoubleVector left2 = zero;
        DoubleVector right2 = zero;
        DoubleVector left3 = zero;
        DoubleVector right3 = zero;
        DoubleVector left4 = zero;
        DoubleVector right4 = zero;
        DoubleVector left5 = zero;
        DoubleVector right5 = zero;
        for (int k = 0; k < depth; k++) {
            DoubleVector left = load(b, bOffset + k * 2 * LANES);
            DoubleVector right = load(b, bOffset + k * 2 * LANES + LANES);
            DoubleVector a0 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 0]);
            left0 = a0.fma(left, left0);
            right0 = a0.fma(right, right0);
            DoubleVector a1 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 1]);
            left1 = a1.fma(left, left1);
            right1 = a1.fma(right, right1);
            DoubleVector a2 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 2]);
            left2 = a2.fma(left, left2);
            right2 = a2.fma(right, right2);
            DoubleVector a3 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 3]);
            left3 = a3.fma(left, left3);
            right3 = a3.fma(right, right3);
            DoubleVector a4 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 4]);
            left4 = a4.fma(left, left4);
            right4 = a4.fma(right, right4);
            DoubleVector a5 = DoubleVector.broadcast(SPECIES, a[aOffset + k * TILE_ROWS + 5]);
            left5 = a5.fma(left, left5);
            right5 = a5.fma(right, right5);
        }
        left0.intoArray(tile, tileOffset + 0 * LANES);
        right0.intoArray(tile, tileOffset + 1 * LANES);
        left1.intoArray(tile, tileOffset + 2 * LANES);
        right1.intoArray(tile, tileOffset + 3 * LANES);
        left2.intoArray(tile, tileOffset + 4 * LANES);
        right2.intoArray(tile, tileOffset + 5 * LANES);
        left3.intoArray(tile, tileOffset + 6 * LANES);
        right3.intoArray(tile, tileOffset + 7 * LANES);
        left4.intoArray(tile, tileOffset + 8 * LANES);
        right4.intoArray(tile, tileOffset + 9 * LANES);
        left5.intoArray(tile, tileOffset + 10 * LANES);
        right5.intoArray(tile, tileOffset + 11 * LANES);
    }

    private static DoubleVector load(double[] from, int index) {
        return DoubleVector.fromArray(SPECIES, from, index);
    }
}
