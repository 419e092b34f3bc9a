package dev.mimic.kernels.row;

import static jdk.incubator.vector.VectorOperators.MAX;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector loops. Sums run in one order for a given length. What only adds and multiplies by element is bit for bit the
 * scalar twin, which is its tail. What approximates exp copies its last elements into one vector more, so that no value
 * depends on its index.
 */
final class VectorRowKernels implements RowKernels {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    /** Elements worth a thread: some microseconds, against less than one (spinning) to three for the hand-over. */
    private static final int SHARE = 16384;

    private final WorkerPool pool;

    /** The last lanes of a softmax. */
    private final float[] last = new float[LANES];

    private final float[] shift = new float[LANES];
    private final float[] sums = new float[LANES];

    private final RmsNorm rmsNorm = new RmsNorm();
    private final SwiGlu swiGlu = new SwiGlu();
    private final Rotate rotate = new Rotate();
    private final Add add = new Add();

    VectorRowKernels(WorkerPool pool) {
        this.pool = pool;
    }

    @Override
    public void rmsNorm(int batch, float[] x, float[] weight, float epsilon, float[] y) {
        int size = weight.length;
        Shapes.atLeast("rmsNorm", "x", x.length, (long) batch * size);
        Shapes.atLeast("rmsNorm", "y", y.length, (long) batch * size);
        rmsNorm.set(x, weight, epsilon, y);
        pool.run(batch, grain(size), rmsNorm);
    }

    @Override
    public void softmax(float[] x, int offset, int length) {
        Shapes.range("softmax", "x", offset, length, x.length);
        if (length == 0) {
            return;
        }
        float max = max(x, offset, length);
        int whole = length / LANES * LANES;
        int rest = length - whole;
        Arrays.fill(last, Float.NEGATIVE_INFINITY); // lanes of weight 0
        System.arraycopy(x, offset + whole, last, 0, rest);
        float sum = weigh(x, offset, whole, max) + weigh(last, 0, LANES, max);
        System.arraycopy(last, 0, x, offset + whole, rest);
        scale(1 / sum, x, offset, length);
    }

    /** Makes each element {@code exp(x - max)} and returns their sum. */
    private float weigh(float[] x, int offset, int length, float max) {
        Arrays.fill(shift, max);
        VectorExp.weigh(x, offset, LANES, length / LANES, shift, sums, 0);
        return VectorLanes.sum(sums, 0);
    }

    /** NaN if there is one among them. */
    private static float max(float[] x, int offset, int length) {
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= length - LANES; i += LANES) {
            max = max.max(FloatVector.fromArray(SPECIES, x, offset + i));
        }
        float result = max.reduceLanes(MAX);
        for (; i < length; i++) {
            result = Math.max(result, x[offset + i]);
        }
        return result;
    }

    private static void scale(float factor, float[] x, int offset, int length) {
        int i = 0;
        for (; i <= length - LANES; i += LANES) {
            FloatVector.fromArray(SPECIES, x, offset + i).mul(factor).intoArray(x, offset + i);
        }
        for (; i < length; i++) {
            x[offset + i] *= factor;
        }
    }

    @Override
    public void swiGlu(int length, float[] gate, float[] up, float[] out) {
        Shapes.atLeast("swiGlu", "gate", gate.length, length);
        Shapes.atLeast("swiGlu", "up", up.length, length);
        Shapes.atLeast("swiGlu", "out", out.length, length);
        swiGlu.set(gate, up, out);
        pool.run(length, SHARE / 2, swiGlu);
    }

    @Override
    public void rotate(int batch, int heads, int headSize, float[] x, float[] cos, float[] sin) {
        Shapes.atLeast("rotate", "x", x.length, (long) batch * heads * headSize);
        Shapes.atLeast("rotate", "cos", cos.length, (long) batch * (headSize / 2));
        Shapes.atLeast("rotate", "sin", sin.length, (long) batch * (headSize / 2));
        rotate.set(heads, headSize, x, cos, sin);
        pool.run(batch, grain(heads * headSize), rotate);
    }

    @Override
    public void add(int length, float[] x, float[] y) {
        Shapes.atLeast("add", "x", x.length, length);
        Shapes.atLeast("add", "y", y.length, length);
        add.set(x, y);
        pool.run(length, SHARE, add);
    }

    /** Rows worth a thread. */
    private static int grain(int rowSize) {
        return Math.max(1, SHARE / Math.max(1, rowSize));
    }

    // The tasks are made once: handing one over allocates nothing.

    private static final class RmsNorm implements WorkerPool.Task {
        private float[] x;
        private float[] weight;
        private float epsilon;
        private float[] y;

        void set(float[] x, float[] weight, float epsilon, float[] y) {
            this.x = x;
            this.weight = weight;
            this.epsilon = epsilon;
            this.y = y;
        }

        @Override
        public void run(int begin, int end) {
            for (int i = begin; i < end; i++) {
                row(x, i * weight.length, weight, epsilon, y);
            }
        }

        private static void row(float[] x, int offset, float[] weight, float epsilon, float[] y) {
            int size = weight.length;
            double mean = sumOfSquares(x, offset, size) / size;
            float scale = (float) (1 / Math.sqrt(mean + epsilon));
            int c = 0;
            for (; c <= size - LANES; c += LANES) {
                FloatVector.fromArray(SPECIES, x, offset + c)
                        .mul(scale)
                        .mul(FloatVector.fromArray(SPECIES, weight, c))
                        .intoArray(y, offset + c);
            }
            for (; c < size; c++) {
                y[offset + c] = weight[c] * (x[offset + c] * scale);
            }
        }

        private static float sumOfSquares(float[] x, int offset, int size) {
            FloatVector a = FloatVector.zero(SPECIES);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            int i = 0;
            for (; i <= size - 4 * LANES; i += 4 * LANES) { // four sums in flight hide the latency of fma
                FloatVector x0 = FloatVector.fromArray(SPECIES, x, offset + i);
                FloatVector x1 = FloatVector.fromArray(SPECIES, x, offset + i + LANES);
                FloatVector x2 = FloatVector.fromArray(SPECIES, x, offset + i + 2 * LANES);
                FloatVector x3 = FloatVector.fromArray(SPECIES, x, offset + i + 3 * LANES);
                a = x0.fma(x0, a);
                b = x1.fma(x1, b);
                c = x2.fma(x2, c);
                d = x3.fma(x3, d);
            }
            for (; i <= size - LANES; i += LANES) {
                FloatVector x0 = FloatVector.fromArray(SPECIES, x, offset + i);
                a = x0.fma(x0, a);
            }
            a = a.add(b).add(c.add(d));
            if (LANES > 8) {
                a = a.add(a.rearrange(VectorLanes.BY_8));
            }
            if (LANES > 4) {
                a = a.add(a.rearrange(VectorLanes.BY_4));
            }
            a = a.add(a.rearrange(VectorLanes.BY_2));
            float sum = a.add(a.rearrange(VectorLanes.BY_1)).lane(0);
            for (; i < size; i++) {
                sum += x[offset + i] * x[offset + i];
            }
            return sum;
        }
    }

    private static final class SwiGlu implements WorkerPool.Task {
        private final float[] lastGate = new float[LANES];
        private final float[] lastUp = new float[LANES];
        private final float[] lastOut = new float[LANES];
        private float[] gate;
        private float[] up;
        private float[] out;

        void set(float[] gate, float[] up, float[] out) {
            this.gate = gate;
            this.up = up;
            this.out = out;
        }

        @Override
        public void run(int begin, int end) {
            int whole = begin + (end - begin) / LANES * LANES;
            VectorExp.swiGlu(gate, up, out, begin, whole);
            if (whole < end) { // only the last share: all others end at a multiple of SHARE
                int rest = end - whole;
                System.arraycopy(gate, whole, lastGate, 0, rest);
                System.arraycopy(up, whole, lastUp, 0, rest);
                VectorExp.swiGlu(lastGate, lastUp, lastOut, 0, LANES);
                System.arraycopy(lastOut, 0, out, whole, rest);
            }
        }
    }

    private static final class Rotate implements WorkerPool.Task {
        private int heads;
        private int headSize;
        private float[] x;
        private float[] cos;
        private float[] sin;

        void set(int heads, int headSize, float[] x, float[] cos, float[] sin) {
            this.heads = heads;
            this.headSize = headSize;
            this.x = x;
            this.cos = cos;
            this.sin = sin;
        }

        @Override
        public void run(int begin, int end) {
            int half = headSize / 2;
            for (int i = begin; i < end; i++) {
                for (int h = 0; h < heads; h++) {
                    head(x, (i * heads + h) * headSize, half, cos, sin, i * half);
                }
            }
        }

        private static void head(float[] x, int offset, int half, float[] cos, float[] sin, int angle) {
            int j = 0;
            for (; j <= half - LANES; j += LANES) {
                FloatVector a = FloatVector.fromArray(SPECIES, x, offset + j);
                FloatVector b = FloatVector.fromArray(SPECIES, x, offset + half + j);
                FloatVector c = FloatVector.fromArray(SPECIES, cos, angle + j);
                FloatVector s = FloatVector.fromArray(SPECIES, sin, angle + j);
                a.mul(c).sub(b.mul(s)).intoArray(x, offset + j);
                b.mul(c).add(a.mul(s)).intoArray(x, offset + half + j);
            }
            ScalarRowKernels.rotateHead(x, offset, half, cos, sin, angle, j);
        }
    }

    private static final class Add implements WorkerPool.Task {
        private float[] x;
        private float[] y;

        void set(float[] x, float[] y) {
            this.x = x;
            this.y = y;
        }

        @Override
        public void run(int begin, int end) {
            int i = begin;
            for (; i <= end - LANES; i += LANES) {
                FloatVector.fromArray(SPECIES, y, i)
                        .add(FloatVector.fromArray(SPECIES, x, i))
                        .intoArray(y, i);
            }
            for (; i < end; i++) {
                y[i] += x[i];
            }
        }
    }
}
