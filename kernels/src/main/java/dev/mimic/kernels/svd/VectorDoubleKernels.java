package dev.mimic.kernels.svd;

import dev.mimic.kernels.VectorWidth;
import java.util.Objects;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The loops of {@link ScalarDoubleKernels} in the Vector API. */
final class VectorDoubleKernels implements DoubleKernels {
    private static final VectorSpecies<Double> SPECIES =
            VectorSpecies.of(double.class, VectorShape.forBitSize(VectorWidth.bits()));
    private static final int LANES = SPECIES.length();
    private static final VectorShuffle<Double> BY_4 = rotation(4);
    private static final VectorShuffle<Double> BY_2 = rotation(2);
    private static final VectorShuffle<Double> BY_1 = rotation(1);

    private static VectorShuffle<Double> rotation(int by) {
        return VectorShuffle.fromOp(SPECIES, lane -> (lane + by) % LANES);
    }

    @Override
    public String name() {
        return Integer.toString(SPECIES.vectorBitSize());
    }

    @Override
    public int tileCols() {
        return 2 * LANES;
    }

    @Override
    public int stripCols() {
        return 4 * LANES;
    }

    @Override
    public double dot(double[] a, int aOffset, double[] b, int bOffset, int length) {
        Objects.checkFromIndexSize(aOffset, length, a.length);
        Objects.checkFromIndexSize(bOffset, length, b.length);
        DoubleVector even = DoubleVector.zero(SPECIES);
        DoubleVector odd = even;
        DoubleVector third = even;
        DoubleVector fourth = even;
        int i = 0;
        for (; i <= length - 4 * LANES; i += 4 * LANES) { // four sums in flight hide the latency of fma
            even = load(a, aOffset + i).fma(load(b, bOffset + i), even);
            odd = load(a, aOffset + i + LANES).fma(load(b, bOffset + i + LANES), odd);
            third = load(a, aOffset + i + 2 * LANES).fma(load(b, bOffset + i + 2 * LANES), third);
            fourth = load(a, aOffset + i + 3 * LANES).fma(load(b, bOffset + i + 3 * LANES), fourth);
        }
        for (; i <= length - LANES; i += LANES) {
            even = load(a, aOffset + i).fma(load(b, bOffset + i), even);
        }
        // by halves, as VectorLanes: the order of reduceLanes is unspecified
        DoubleVector sum = even.add(odd).add(third.add(fourth));
        if (LANES > 4) {
            sum = sum.add(sum.rearrange(BY_4));
        }
        if (LANES > 2) {
            sum = sum.add(sum.rearrange(BY_2));
        }
        double body = sum.add(sum.rearrange(BY_1)).lane(0);
        return body + ScalarDoubleKernels.dotRange(a, aOffset, b, bOffset, i, length);
    }

    @Override
    public void axpy(double alpha, double[] x, int xOffset, double[] y, int yOffset, int length) {
        Objects.checkFromIndexSize(xOffset, length, x.length);
        Objects.checkFromIndexSize(yOffset, length, y.length);
        DoubleVector factor = DoubleVector.broadcast(SPECIES, alpha);
        int i = 0;
        for (; i <= length - LANES; i += LANES) {
            load(x, xOffset + i).fma(factor, load(y, yOffset + i)).intoArray(y, yOffset + i);
        }
        ScalarDoubleKernels.axpyRange(alpha, x, xOffset, y, yOffset, i, length);
    }

    @Override
    public void tile(int depth, double[] a, double[] b, int bOffset, double[] tile) {
        Objects.checkFromIndexSize(bOffset, 2L * LANES * depth, (long) b.length);
        Objects.checkFromIndexSize(0, TILE_ROWS * 2 * LANES, tile.length);
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
            DoubleVector a0 = DoubleVector.broadcast(SPECIES, a[k * TILE_ROWS + 0]);
            left0 = a0.fma(left, left0);
            right0 = a0.fma(right, right0);
            DoubleVector a1 = DoubleVector.broadcast(SPECIES, a[k * TILE_ROWS + 1]);
            left1 = a1.fma(left, left1);
            right1 = a1.fma(right, right1);
            DoubleVector a2 = DoubleVector.broadcast(SPECIES, a[k * TILE_ROWS + 2]);
            left2 = a2.fma(left, left2);
            right2 = a2.fma(right, right2);
            DoubleVector a3 = DoubleVector.broadcast(SPECIES, a[k * TILE_ROWS + 3]);
            left3 = a3.fma(left, left3);
            right3 = a3.fma(right, right3);
            DoubleVector a4 = DoubleVector.broadcast(SPECIES, a[k * TILE_ROWS + 4]);
            left4 = a4.fma(left, left4);
            right4 = a4.fma(right, right4);
            DoubleVector a5 = DoubleVector.broadcast(SPECIES, a[k * TILE_ROWS + 5]);
            left5 = a5.fma(left, left5);
            right5 = a5.fma(right, right5);
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
    }

    @Override
    public void rotate(double[] x, int first, int last, double[] turns, int offset) {
        Objects.checkFromToIndex(Math.min(first, last) * 4L * LANES, (last + 1) * 4L * LANES, (long) x.length);
        int row = last * 4 * LANES;
        DoubleVector lower0 = load(x, row);
        DoubleVector lower1 = load(x, row + LANES);
        DoubleVector lower2 = load(x, row + 2 * LANES);
        DoubleVector lower3 = load(x, row + 3 * LANES);
        for (int i = last - 1; i >= first; i--) { // the row between two rotations stays in registers
            DoubleVector c = DoubleVector.broadcast(SPECIES, turns[2 * (offset + i - first)]);
            DoubleVector s = DoubleVector.broadcast(SPECIES, turns[2 * (offset + i - first) + 1]);
            int upperRow = row - 4 * LANES;
            DoubleVector upper0 = load(x, upperRow);
            DoubleVector upper1 = load(x, upperRow + LANES);
            DoubleVector upper2 = load(x, upperRow + 2 * LANES);
            DoubleVector upper3 = load(x, upperRow + 3 * LANES);
            s.fma(upper0, c.mul(lower0)).intoArray(x, row);
            s.fma(upper1, c.mul(lower1)).intoArray(x, row + LANES);
            s.fma(upper2, c.mul(lower2)).intoArray(x, row + 2 * LANES);
            s.fma(upper3, c.mul(lower3)).intoArray(x, row + 3 * LANES);
            lower0 = c.mul(upper0).sub(s.mul(lower0));
            lower1 = c.mul(upper1).sub(s.mul(lower1));
            lower2 = c.mul(upper2).sub(s.mul(lower2));
            lower3 = c.mul(upper3).sub(s.mul(lower3));
            row = upperRow;
        }
        lower0.intoArray(x, row);
        lower1.intoArray(x, row + LANES);
        lower2.intoArray(x, row + 2 * LANES);
        lower3.intoArray(x, row + 3 * LANES);
    }

    private static DoubleVector load(double[] from, int index) {
        return DoubleVector.fromArray(SPECIES, from, index);
    }
}
