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
    public void tile(int depth, double[] a, int aOffset, double[] b, int bOffset, double[] tile) {
        Objects.checkFromIndexSize(aOffset, TILE_ROWS * depth, a.length);
        Objects.checkFromIndexSize(bOffset, 2 * LANES * depth, b.length);
        Objects.checkFromIndexSize(0, TILE_ROWS * 2 * LANES, tile.length);
        if (LANES == 8) { // 32 registers come with 512 bits
            VectorDoubleTile.twelve(depth, a, aOffset, b, bOffset, tile);
        } else {
            VectorDoubleTile.six(depth, a, aOffset, b, bOffset, tile, 0);
            VectorDoubleTile.six(depth, a, aOffset + 6, b, bOffset, tile, 6 * 2 * LANES);
        }
    }

    @Override
    public void pack(int depth, double[] b, int bOffset, int bStride, double[] packed, int offset) {
        rows(depth, b, bOffset, bStride, 2 * LANES);
        Objects.checkFromIndexSize(offset, depth * 2 * LANES, packed.length);
        for (int k = 0; k < depth; k++) {
            int from = bOffset + k * bStride;
            int to = offset + k * 2 * LANES;
            load(b, from).intoArray(packed, to);
            load(b, from + LANES).intoArray(packed, to + LANES);
        }
    }

    @Override
    public void addTile(double alpha, double[] tile, double[] c, int cOffset, int cStride) {
        Objects.checkFromIndexSize(0, TILE_ROWS * 2 * LANES, tile.length);
        rows(TILE_ROWS, c, cOffset, cStride, 2 * LANES);
        DoubleVector factor = DoubleVector.broadcast(SPECIES, alpha);
        for (int i = 0; i < TILE_ROWS; i++) {
            int to = cOffset + i * cStride;
            int from = i * 2 * LANES;
            load(tile, from).fma(factor, load(c, to)).intoArray(c, to);
            load(tile, from + LANES).fma(factor, load(c, to + LANES)).intoArray(c, to + LANES);
        }
    }

    @Override
    public void symmetric(
            int length,
            double[] a,
            int aOffset,
            int aStride,
            double[] x,
            int xOffset,
            double[] alpha,
            double[] y,
            int yOffset,
            double[] sums) {
        rows(SYMMETRIC_ROWS, a, aOffset, aStride, length);
        Objects.checkFromIndexSize(xOffset, length, x.length);
        Objects.checkFromIndexSize(yOffset, length, y.length);
        Objects.checkFromIndexSize(0, SYMMETRIC_ROWS * LANES, sums.length);
        DoubleVector sum0 = DoubleVector.zero(SPECIES);
        DoubleVector sum1 = sum0;
        DoubleVector sum2 = sum0;
        DoubleVector sum3 = sum0;
        DoubleVector alpha0 = DoubleVector.broadcast(SPECIES, alpha[0]);
        DoubleVector alpha1 = DoubleVector.broadcast(SPECIES, alpha[1]);
        DoubleVector alpha2 = DoubleVector.broadcast(SPECIES, alpha[2]);
        DoubleVector alpha3 = DoubleVector.broadcast(SPECIES, alpha[3]);
        int i = 0;
        for (; i <= length - LANES; i += LANES) {
            DoubleVector xs = load(x, xOffset + i);
            DoubleVector a0 = load(a, aOffset + i);
            DoubleVector a1 = load(a, aOffset + aStride + i);
            DoubleVector a2 = load(a, aOffset + 2 * aStride + i);
            DoubleVector a3 = load(a, aOffset + 3 * aStride + i);
            sum0 = a0.fma(xs, sum0);
            sum1 = a1.fma(xs, sum1);
            sum2 = a2.fma(xs, sum2);
            sum3 = a3.fma(xs, sum3);
            DoubleVector even = a0.fma(alpha0, load(y, yOffset + i));
            DoubleVector odd = a1.mul(alpha1);
            a2.fma(alpha2, even).add(a3.fma(alpha3, odd)).intoArray(y, yOffset + i);
        }
        sum0.intoArray(sums, 0);
        sum1.intoArray(sums, LANES);
        sum2.intoArray(sums, 2 * LANES);
        sum3.intoArray(sums, 3 * LANES);
        for (int r = 0; r < SYMMETRIC_ROWS; r++) {
            sums[r] = sumByHalves(sums, r * LANES);
        }
        ScalarDoubleKernels.symmetricRange(a, aOffset, aStride, x, xOffset, alpha, y, yOffset, sums, i, length);
    }

    @Override
    public void poles(int begin, int end, double[] d, double[] z, double origin, double shift, double[] sums) {
        Objects.checkFromToIndex(begin, end, d.length);
        Objects.checkFromToIndex(begin, end, z.length);
        DoubleVector sum = DoubleVector.zero(SPECIES);
        DoubleVector slope = sum;
        DoubleVector from = DoubleVector.broadcast(SPECIES, origin);
        DoubleVector by = DoubleVector.broadcast(SPECIES, shift);
        int i = begin;
        for (; i <= end - LANES; i += LANES) {
            DoubleVector weight = load(z, i);
            DoubleVector quotient = weight.div(load(d, i).sub(from).sub(by));
            sum = weight.fma(quotient, sum);
            slope = quotient.fma(quotient, slope);
        }
        sum.intoArray(sums, 0);
        slope.intoArray(sums, LANES);
        sums[0] = sumByHalves(sums, 0);
        sums[1] = sumByHalves(sums, LANES);
        ScalarDoubleKernels.polesRange(i, end, d, z, origin, shift, sums);
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

    /** Checks rows of an array, {@code stride} apart from {@code offset}. */
    private static void rows(int count, double[] array, int offset, int stride, int width) {
        if (count > 0) {
            Objects.checkFromIndexSize(offset, (count - 1) * (long) stride + width, (long) array.length);
        }
    }

    /** Adds up a vector in memory, in the order of {@link #dot}; destroys it. */
    private static double sumByHalves(double[] lanes, int offset) {
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int i = offset; i < offset + half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[offset];
    }

    private static DoubleVector load(double[] from, int index) {
        return DoubleVector.fromArray(SPECIES, from, index);
    }
}
