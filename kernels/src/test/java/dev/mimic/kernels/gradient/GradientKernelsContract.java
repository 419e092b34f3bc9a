package dev.mimic.kernels.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionShape;
import dev.mimic.kernels.row.RowKernels;
import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every implementation of {@link GradientKernels} must do; the oracles are loops and differences in double. */
abstract class GradientKernelsContract {
    private static final int ALL = Integer.MAX_VALUE;
    private static final double U = 0x1p-24; // half an ulp, relative
    private static final float GUARD = 12345.678f;
    private static final int GUARDS = 40;

    /** Around every vector width, primes, sizes of models. */
    private static final int[] LENGTHS = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 61, 64, 65, 128, 257, 577
    };

    /** Heads, kv heads and head size. */
    private static final int[][] SHAPES = {
        {1, 1, 1},
        {2, 1, 3},
        {4, 2, 8},
        {6, 2, 15},
        {3, 1, 16},
        {2, 2, 17},
        {4, 2, 32},
        {5, 1, 40},
        {9, 3, 64},
        {2, 1, 80}
    };

    abstract GradientKernels kernels(WorkerPool pool);

    private final WorkerPool single = WorkerPool.of(1);

    @AfterEach
    void close() {
        single.close();
    }

    private GradientKernels kernels() {
        return kernels(single);
    }

    @Test
    void rmsNormMatchesTheOracle() {
        for (int size : LENGTHS) {
            RandomGenerator random = SeededCases.generator(size);
            int batch = 3;
            float[] x = gaussian(random, batch * size);
            float[] weight = gaussian(random, size);
            float[] g = gaussian(random, batch * size);
            float[] dx = guarded(batch * size);
            kernels().rmsNorm(batch, x, weight, 1e-5f, g, dx);
            for (int i = 0; i < batch; i++) {
                double squares = 0;
                double products = 0;
                double absolute = 0;
                for (int c = i * size; c < (i + 1) * size; c++) {
                    double product = (double) weight[c - i * size] * g[c] * x[c];
                    squares += (double) x[c] * x[c];
                    products += product;
                    absolute += Math.abs(product);
                }
                double scale = 1 / Math.sqrt(squares / size + 1e-5f);
                for (int c = i * size; c < (i + 1) * size; c++) {
                    double forward = scale * weight[c - i * size] * g[c];
                    double cube = x[c] * scale * scale * scale / size;
                    double tolerance = (size + 8) * U * (Math.abs(forward) + 2.5 * Math.abs(cube) * absolute);
                    assertEquals(forward - cube * products, dx[c], tolerance, "size " + size + " at " + c);
                }
            }
            assertGuards(dx, batch * size);
            kernels().rmsNorm(batch, x, weight, 1e-5f, g, g);
            assertArrayEquals(Arrays.copyOf(dx, batch * size), g, "over its input");
        }
    }

    /** The formula itself, against differences of the forward kernel's own definition. */
    @Test
    void rmsNormIsTheSlopeOfItsForward() {
        RandomGenerator random = SeededCases.generator(77);
        int size = 6;
        float[] x = gaussian(random, size);
        float[] weight = gaussian(random, size);
        float[] g = gaussian(random, size);
        float[] dx = new float[size];
        kernels().rmsNorm(1, x, weight, 1e-2f, g, dx);
        assertSlope(x, dx, values -> {
            double squares = 0;
            for (double value : values) {
                squares += value * value;
            }
            double loss = 0;
            for (int c = 0; c < size; c++) {
                loss += g[c] * weight[c] * values[c] / Math.sqrt(squares / size + 1e-2f);
            }
            return loss;
        });
    }

    @Test
    void swiGluMatchesTheOracleAndTheSlopeOfItsForward() {
        for (int length : LENGTHS) {
            RandomGenerator random = SeededCases.generator(100 + length);
            float[] gate = gaussian(random, length);
            for (int i = 0; i < length; i++) {
                gate[i] *= (float) Math.pow(10, random.nextInt(-2, 3));
            }
            float[] up = gaussian(random, length);
            float[] g = gaussian(random, length);
            float[] dGate = guarded(length);
            float[] dUp = guarded(length);
            kernels().swiGlu(length, gate, up, g, dGate, dUp);
            for (int i = 0; i < length; i++) {
                double s = 1 / (1 + Math.exp(-gate[i]));
                double exact = (double) g[i] * up[i] * s * (1 + gate[i] * (1 - s));
                // s is off by a few ulps, and so is 1 - s, of 1: where it is small, gate makes much of that
                double tolerance = 8 * U * Math.abs((double) g[i] * up[i] * s) * (1 + Math.abs(gate[i]));
                assertEquals(exact, dGate[i], tolerance + Float.MIN_NORMAL, "gate " + gate[i]);
                double second = (double) g[i] * gate[i] * s;
                assertEquals(second, dUp[i], 8 * U * Math.abs(second) + Float.MIN_NORMAL, "gate " + gate[i]);
            }
            assertGuards(dGate, length);
            assertGuards(dUp, length);
            kernels().swiGlu(length, gate, up, g, gate, up);
            assertArrayEquals(Arrays.copyOf(dGate, length), gate, "over its inputs");
            assertArrayEquals(Arrays.copyOf(dUp, length), up, "over its inputs");
        }
        float[] gate = {0.7f, -1.3f, 3};
        float[] up = {0.4f, 2, -1};
        float[] g = {1.5f, -0.5f, 0.25f};
        float[] dGate = new float[3];
        float[] dUp = new float[3];
        kernels().swiGlu(3, gate, up, g, dGate, dUp);
        assertSlope(gate, dGate, values -> swiGlu(values, wide(up), g));
        assertSlope(up, dUp, values -> swiGlu(wide(gate), values, g));
    }

    private static double swiGlu(double[] gate, double[] up, float[] g) {
        double loss = 0;
        for (int i = 0; i < g.length; i++) {
            loss += g[i] * gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        return loss;
    }

    @Test
    void rotateUndoesTheRotation() {
        for (int headSize = 2; headSize < 140; headSize += 2) {
            RandomGenerator random = SeededCases.generator(headSize);
            float[] x = guarded(2 * 3 * headSize);
            float[] cos = new float[headSize];
            float[] sin = new float[headSize];
            for (int j = 0; j < headSize; j++) {
                double angle = random.nextDouble(7);
                cos[j] = (float) Math.cos(angle);
                sin[j] = (float) Math.sin(angle);
            }
            for (int i = 0; i < 6 * headSize; i++) {
                x[i] = (float) random.nextGaussian();
            }
            float[] before = x.clone();
            RowKernels.scalar(single).rotate(2, 3, headSize, x, cos, sin);
            kernels().rotate(2, 3, headSize, x, cos, sin);
            for (int i = 0; i < 6 * headSize; i++) {
                assertEquals(before[i], x[i], 40 * U, "head size " + headSize);
            }
            assertGuards(x, 6 * headSize);
        }
    }

    @Test
    void attentionMatchesTheOracleOfEverySequence() {
        for (int[] sizes : SHAPES) {
            AttentionShape shape = new AttentionShape(sizes[0], sizes[1], sizes[2], (float) (1 / Math.sqrt(sizes[2])));
            for (int window : new int[] {ALL, 1, 5, 40}) {
                int[] begins = {0, 1, 18, 18, 95};
                int[] ends = {1, 18, 18, 95, 128};
                checkAttention(shape, window, begins, ends, 10 + window + sizes[2]);
            }
        }
    }

    private void checkAttention(AttentionShape shape, int window, int[] begins, int[] ends, long seed) {
        RandomGenerator random = SeededCases.generator(seed);
        int total = ends[ends.length - 1];
        int keySize = shape.kvHeads() * shape.headSize();
        float[] q = gaussian(random, total * shape.querySize());
        float[] k = gaussian(random, total * keySize);
        float[] v = gaussian(random, total * keySize);
        float[] g = gaussian(random, total * shape.querySize());
        float[] dq = guarded(q.length);
        float[] dk = guarded(k.length);
        float[] dv = guarded(v.length);
        SequenceRows packed = SequenceRows.packed(begins.length, begins, ends);
        kernels().attention(shape, window, packed, new HeadGradients(q, k, v, g, dq, dk, dv));
        for (int b = 0; b < begins.length; b++) {
            int first = begins[b];
            AttentionOracle oracle = new AttentionOracle(shape, window, first, ends[b] - first, q, k, v, g);
            oracle.backward();
            near("dq of " + shape, oracle.dq, oracle.errorQ, dq, first * shape.querySize());
            near("dk of " + shape, oracle.dk, oracle.errorK, dk, first * keySize);
            near("dv of " + shape, oracle.dv, oracle.errorV, dv, first * keySize);
        }
        assertGuards(dq, q.length);
        assertGuards(dk, k.length);
        assertGuards(dv, v.length);
        for (int threads = 2; threads <= 3; threads++) {
            try (WorkerPool pool = WorkerPool.of(threads)) {
                float[] q2 = new float[q.length];
                float[] k2 = new float[k.length];
                float[] v2 = new float[v.length];
                kernels(pool).attention(shape, window, packed, new HeadGradients(q, k, v, g, q2, k2, v2));
                assertArrayEquals(Arrays.copyOf(dq, q.length), q2);
                assertArrayEquals(Arrays.copyOf(dk, k.length), k2);
                assertArrayEquals(Arrays.copyOf(dv, v.length), v2);
            }
        }
    }

    @Test
    void attentionDoesNotDependOnWhereTheRowsAre() {
        AttentionShape shape = new AttentionShape(4, 2, 6, 0.4f);
        RandomGenerator random = SeededCases.generator(77);
        int rows = 90;
        int[] begins = {0, 1, 40};
        int[] ends = {1, 40, rows};
        int[] places = IntStream.range(0, rows).toArray();
        for (int i = rows - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int place = places[i];
            places[i] = places[j];
            places[j] = place;
        }
        int[] widths = {24, 12, 12, 24, 24, 12, 12};
        float[][] straight = new float[7][];
        float[][] turned = new float[7][];
        for (int n = 0; n < 7; n++) {
            straight[n] = n < 4 ? gaussian(random, rows * widths[n]) : new float[rows * widths[n]];
            turned[n] = moved(straight[n], places, widths[n]);
        }
        kernels().attention(shape, 30, SequenceRows.packed(3, begins, ends), heads(straight));
        kernels().attention(shape, 30, new SequenceRows(3, begins, ends, places), heads(turned));
        for (int n = 0; n < 7; n++) {
            assertArrayEquals(moved(straight[n], places, widths[n]), turned[n], "array " + n);
        }
    }

    private static HeadGradients heads(float[][] a) {
        return new HeadGradients(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    }

    private static float[] moved(float[] x, int[] places, int width) {
        float[] moved = new float[x.length];
        for (int i = 0; i < places.length; i++) {
            System.arraycopy(x, i * width, moved, places[i] * width, width);
        }
        return moved;
    }

    /** The oracle's formula, against differences of attention as it is defined. */
    @Test
    void theOracleOfAttentionIsTheSlopeOfItsForward() {
        AttentionShape shape = new AttentionShape(4, 2, 3, 0.6f);
        RandomGenerator random = SeededCases.generator(3);
        for (int window : new int[] {ALL, 3}) {
            AttentionOracle oracle = new AttentionOracle(
                    shape,
                    window,
                    0,
                    6,
                    gaussian(random, 6 * 12),
                    gaussian(random, 6 * 6),
                    gaussian(random, 6 * 6),
                    gaussian(random, 6 * 12));
            oracle.backward();
            double[][] inputs = {oracle.q, oracle.k, oracle.v};
            double[][] gradients = {oracle.dq, oracle.dk, oracle.dv};
            for (int n = 0; n < 3; n++) {
                for (int i = 0; i < inputs[n].length; i++) {
                    double value = inputs[n][i];
                    inputs[n][i] = value + 1e-5;
                    double above = oracle.loss();
                    inputs[n][i] = value - 1e-5;
                    double below = oracle.loss();
                    inputs[n][i] = value;
                    assertEquals((above - below) / 2e-5, gradients[n][i], 1e-8);
                }
            }
        }
    }

    @Test
    void svfAddsItsSumsAndScalesWhatGoesOn() {
        for (int rank : LENGTHS) {
            for (int batch : new int[] {1, 2, 37, 300}) {
                RandomGenerator random = SeededCases.generator(rank * 1000L + batch);
                float[] sigma = gaussian(random, rank);
                float[] scale = gaussian(random, rank);
                float[] a = guarded(batch * rank);
                float[] b = gaussian(random, batch * rank);
                for (int i = 0; i < batch * rank; i++) {
                    a[i] = (float) random.nextGaussian();
                }
                float[] before = a.clone();
                double[] dz = new double[rank];
                Arrays.fill(dz, 0.5);
                kernels().svf(batch, sigma, scale, b, a, dz);
                for (int k = 0; k < rank; k++) {
                    double sum = 0;
                    double absolute = 0;
                    for (int i = 0; i < batch; i++) {
                        double product = (double) before[i * rank + k] * b[i * rank + k];
                        sum += product;
                        absolute += Math.abs(product);
                        assertEquals(before[i * rank + k] * scale[k], a[i * rank + k]);
                    }
                    double tolerance = (batch + 2) * U * absolute * Math.abs(sigma[k]) + 1e-15;
                    assertEquals(0.5 + sigma[k] * sum, dz[k], tolerance);
                }
                assertGuards(a, batch * rank);
                float[] scaled = Arrays.copyOf(before, batch * rank);
                kernels().scale(batch, scale, scaled);
                assertArrayEquals(Arrays.copyOf(a, batch * rank), scaled);
            }
        }
    }

    @Test
    void outerAddsUpProductsOverRows() {
        for (int size : LENGTHS) {
            for (int rank : new int[] {1, 2, 3, 4, 5, 8, 13}) {
                for (int batch : new int[] {1, 3, 257, 300}) {
                    RandomGenerator random = SeededCases.generator(size * 10_000L + rank * 1000L + batch);
                    float[] a = gaussian(random, batch * rank);
                    float[] b = gaussian(random, batch * size);
                    int offset = 3;
                    double[] sums = new double[offset + rank * size + GUARDS];
                    Arrays.fill(sums, 0.5);
                    kernels().outer(batch, rank, size, a, b, sums, offset);
                    for (int at = 0; at < sums.length; at++) {
                        int k = Math.floorDiv(at - offset, size);
                        int c = Math.floorMod(at - offset, size);
                        double sum = 0;
                        double absolute = 0;
                        for (int i = 0; i < batch && k >= 0 && k < rank; i++) {
                            double product = (double) a[i * rank + k] * b[i * size + c];
                            sum += product;
                            absolute += Math.abs(product);
                        }
                        assertEquals(0.5 + sum, sums[at], batch * U * absolute + 1e-15);
                    }
                }
            }
        }
    }

    @Test
    void logSoftmaxMatchesTheOracle() {
        for (int size : new int[] {1, 2, 5, 16, 17, 704, 1023, 1024, 1025, 3001}) {
            RandomGenerator random = SeededCases.generator(size);
            int batch = 5;
            float[] x = guarded(batch * size);
            for (int i = 0; i < batch * size; i++) {
                x[i] = (float) (10 * random.nextGaussian());
            }
            float[] before = x.clone();
            kernels().logSoftmax(batch, size, x);
            for (int i = 0; i < batch; i++) {
                double sum = 0;
                for (int c = i * size; c < (i + 1) * size; c++) {
                    sum += Math.exp(before[c]);
                }
                // exp by 2 u and what the argument was rounded to, the piece's sum, log and difference
                double error = (2 * 100 + 1024) * U / 100 + 100 * U;
                for (int c = i * size; c < (i + 1) * size; c++) {
                    assertEquals(before[c] - Math.log(sum), x[c], error, "size " + size);
                }
            }
            assertGuards(x, batch * size);
        }
    }

    @Test
    void divergenceAndLogitGradientsMatchTheOracle() {
        for (int size : new int[] {1, 2, 5, 16, 17, 704, 1023, 1025}) {
            RandomGenerator random = SeededCases.generator(size);
            int batch = 4;
            float[] x = logProbabilities(random, batch, size);
            float[] reference = logProbabilities(random, batch, size);
            float[] alpha = gaussian(random, batch);
            double[] divergences = new double[batch];
            kernels().divergence(batch, size, reference, x, divergences);
            float[] out = guarded(batch * size);
            float[] plain = guarded(batch * size);
            kernels().logits(size, x, reference, alpha, -0.3f, 0.7f, out);
            kernels().logits(size, x, null, alpha, 0, 0, plain);
            for (int i = 0; i < batch; i++) {
                double divergence = 0;
                double absolute = 0;
                for (int c = i * size; c < (i + 1) * size; c++) {
                    double term = Math.exp(reference[c]) * ((double) reference[c] - x[c]);
                    divergence += term;
                    absolute += Math.abs(term);
                    double share = Math.exp(x[c]);
                    double other = Math.exp(reference[c]);
                    double gap = (double) x[c] - reference[c];
                    double exact = share * (alpha[i] + 0.7f * gap) - 0.3f * other;
                    double magnitude = share * (Math.abs(alpha[i]) + Math.abs(0.7f * gap)) + 0.3f * other;
                    assertEquals(exact, out[c], 12 * U * magnitude + Float.MIN_NORMAL);
                    assertEquals(share * alpha[i], plain[c], 4 * U * share * Math.abs(alpha[i]) + Float.MIN_NORMAL);
                }
                assertEquals(divergence, divergences[i], (Math.min(size, 1024) + 6) * U * absolute);
            }
            assertGuards(out, batch * size);
            assertGuards(plain, batch * size);
            kernels().logits(size, x, reference, alpha, -0.3f, 0.7f, x);
            assertArrayEquals(Arrays.copyOf(out, batch * size), x, "over its input");
        }
    }

    private float[] logProbabilities(RandomGenerator random, int batch, int size) {
        float[] x = gaussian(random, batch * size);
        for (int i = 0; i < x.length; i++) {
            x[i] *= 3;
        }
        kernels().logSoftmax(batch, size, x);
        return x;
    }

    @Test
    void threadsDoNotShow() {
        RandomGenerator random = SeededCases.generator(9);
        int batch = 300;
        int size = 257;
        float[] x = gaussian(random, batch * size);
        float[] y = gaussian(random, batch * size);
        float[] weight = gaussian(random, size);
        float[][] results = null;
        double[] sums = null;
        for (int threads = 1; threads <= 3; threads++) {
            try (WorkerPool pool = WorkerPool.of(threads)) {
                GradientKernels kernels = kernels(pool);
                float[] norm = new float[batch * size];
                float[] dGate = new float[batch * size];
                float[] dUp = new float[batch * size];
                float[] a = x.clone();
                double[] dz = new double[size];
                float[] logits = x.clone();
                kernels.rmsNorm(batch, x, weight, 1e-5f, y, norm);
                kernels.swiGlu(batch * size - 3, x, y, y, dGate, dUp);
                kernels.svf(batch, weight, weight, y, a, dz);
                kernels.outer(batch, 1, size, Arrays.copyOf(y, batch), x, dz, 0);
                kernels.logSoftmax(batch, size, logits);
                float[][] found = {norm, dGate, dUp, a, logits};
                results = results == null ? found : results;
                sums = sums == null ? dz : sums;
                assertArrayEquals(sums, dz);
                for (int n = 0; n < found.length; n++) {
                    assertArrayEquals(results[n], found[n]);
                }
            }
        }
    }

    @Test
    void wrongSizesAreRefused() {
        float[] two = new float[2];
        float[] three = new float[3];
        GradientKernels kernels = kernels();
        AttentionShape shape = new AttentionShape(1, 1, 1, 1);
        int[] zero = {0};
        int[] end = {3};
        refused("rmsNorm backward: g has length 2", () -> kernels.rmsNorm(1, three, three, 1, two, three));
        refused("swiGlu backward: dUp has length 2", () -> kernels.swiGlu(3, three, three, three, three, two));
        refused("rotate backward: dx has length 3", () -> kernels.rotate(1, 2, 2, three, three, three));
        refused("svf backward: b has length 2", () -> kernels.svf(1, three, three, two, three, new double[3]));
        refused("svf backward: dz has length 1", () -> kernels.svf(1, three, three, three, three, new double[1]));
        refused("outer: b has length 2", () -> kernels.outer(1, 1, 3, three, two, new double[3], 0));
        refused("outer: sums has length 3", () -> kernels.outer(1, 1, 3, three, three, new double[3], 1));
        refused("logSoftmax: x has length 3", () -> kernels.logSoftmax(2, 2, three));
        refused("divergence: to has length 2", () -> kernels.divergence(1, 3, three, two, new double[1]));
        refused("logits backward: reference", () -> kernels.logits(3, three, two, new float[1], 1, 0, three));
        SequenceRows packed = SequenceRows.packed(1, zero, end);
        SequenceRows backwards = new SequenceRows(1, end, zero, new int[3]);
        HeadGradients short_ = new HeadGradients(three, three, two, three, three, three, three);
        refused("attention: v has length 2", () -> kernels.attention(shape, ALL, packed, short_));
        HeadGradients whole = new HeadGradients(three, three, three, three, three, three, three);
        refused("attention: sequence 0 has places [3, 0)", () -> kernels.attention(shape, ALL, backwards, whole));
        refused("attention: window is 0", () -> kernels.attention(shape, 0, packed, whole));
        SequenceRows few = new SequenceRows(1, zero, end, new int[2]);
        refused("attention: places has length 2", () -> kernels.attention(shape, ALL, few, whole));
        SequenceRows negative = new SequenceRows(1, zero, end, new int[] {0, -1, 1});
        refused("attention: place 1 is row -1", () -> kernels.attention(shape, ALL, negative, whole));
        SequenceRows far = new SequenceRows(1, zero, end, new int[] {0, 1, Integer.MAX_VALUE});
        refused("attention: q has length 3", () -> kernels.attention(shape, ALL, far, whole));
        SequenceRows twice = new SequenceRows(1, zero, end, new int[] {0, 2, 2});
        refused("attention: place 2 of sequence 0 is row 2", () -> kernels.attention(shape, ALL, twice, whole));
        SequenceRows shared = SequenceRows.packed(2, new int[] {0, 1}, new int[] {2, 3});
        refused("attention: place 1 of sequence 1 is row 1", () -> kernels.attention(shape, ALL, shared, whole));
    }

    private static void refused(String message, Runnable call) {
        String actual = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(actual.startsWith(message), actual);
    }

    private static void near(String what, double[] exact, double[] errors, float[] found, int from) {
        for (int i = 0; i < exact.length; i++) {
            assertEquals(exact[i], found[from + i], errors[i] + Float.MIN_NORMAL, what + " at " + i);
        }
    }

    /** Compares a gradient of a few numbers with differences of a loss in double. */
    private static void assertSlope(float[] x, float[] gradient, ToDoubleFunction<double[]> loss) {
        double step = 1e-5;
        for (int i = 0; i < x.length; i++) {
            double[] values = wide(x);
            values[i] = x[i] + step;
            double above = loss.applyAsDouble(values);
            values[i] = x[i] - step;
            double below = loss.applyAsDouble(values);
            // a difference is good to step² of the third slope, the kernel to a few ulps of terms of about 10
            assertEquals((above - below) / (2 * step), gradient[i], 200 * U);
        }
    }

    private static double[] wide(float[] x) {
        double[] wide = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            wide[i] = x[i];
        }
        return wide;
    }

    private static float[] gaussian(RandomGenerator random, int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static float[] guarded(int length) {
        float[] x = new float[length + GUARDS];
        Arrays.fill(x, GUARD);
        return x;
    }

    private static void assertGuards(float[] x, int length) {
        for (int i = length; i < x.length; i++) {
            assertEquals(GUARD, x[i], "element " + i + " behind the end at " + length);
        }
    }
}
