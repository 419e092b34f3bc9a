package dev.mimic.kernels.row;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** What every implementation of {@link RowKernels} must do; the oracle is a loop in double. */
abstract class RowKernelsContract {
    /** Around every vector width, primes, sizes of models. */
    private static final int[] LENGTHS = {
        1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17, 23, 31, 32, 33, 47, 61, 63, 64, 65, 97, 127, 128, 129, 255, 257,
        576, 1536, 2048, 2053
    };

    private static final double U = 0x1p-24; // half an ulp, relative
    private static final float GUARD = 12345.678f;
    private static final int GUARDS = 40;

    abstract RowKernels kernels(WorkerPool pool);

    private final WorkerPool single = WorkerPool.of(1);

    private RowKernels kernels() {
        return kernels(single);
    }

    @Test
    void rmsNormMatchesTheOracle() {
        for (int size : LENGTHS) {
            SeededCases.run(2, 100L * size, random -> {
                int batch = 1 + random.nextInt(4);
                float[] x = mixed(random, batch * size);
                float[] weight = mixed(random, size);
                float[] y = guarded(batch * size);
                kernels().rmsNorm(batch, x, weight, 1e-5f, y);
                for (int i = 0; i < batch; i++) {
                    double sum = 0;
                    for (int c = 0; c < size; c++) {
                        sum += (double) x[i * size + c] * x[i * size + c];
                    }
                    double scale = 1 / Math.sqrt(sum / size + 1e-5f);
                    for (int c = 0; c < size; c++) {
                        double exact = weight[c] * x[i * size + c] * scale;
                        // the root halves the error of the sum; scale and two products round once each
                        near(exact, y[i * size + c], (0.5 * (size + 3) + 4) * U * Math.abs(exact));
                    }
                }
                assertGuards(y, batch * size);
            });
        }
    }

    @Test
    void rmsNormOverItsInputAndWithOneBadRowLeavesTheOthers() {
        RandomGenerator random = SeededCases.generator(1);
        int size = 67;
        float[] x = mixed(random, 3 * size);
        float[] weight = mixed(random, size);
        float[] expected = new float[3 * size];
        kernels().rmsNorm(3, x, weight, 1e-6f, expected);
        x[size + 5] = Float.NaN;
        kernels().rmsNorm(3, x, weight, 1e-6f, x);
        for (int c = 0; c < size; c++) {
            assertEquals(expected[c], x[c]);
            assertTrue(Float.isNaN(x[size + c]));
            assertEquals(expected[2 * size + c], x[2 * size + c]);
        }
        float[] zeros = new float[size];
        kernels().rmsNorm(1, zeros, weight, 1e-6f, zeros);
        for (float zero : zeros) {
            assertEquals(0, zero, 0f);
        }
    }

    @Test
    void softmaxMatchesTheOracleAtAnyOffset() {
        for (int length : LENGTHS) {
            for (int offset : new int[] {0, 1, 3}) {
                SeededCases.run(1, 1000L * length + offset, random -> {
                    float spread = (float) Math.pow(10, random.nextDouble(-2, 2));
                    float[] x = guarded(offset + length);
                    Arrays.fill(x, 0, offset, GUARD);
                    for (int i = 0; i < length; i++) {
                        x[offset + i] = spread * (float) random.nextGaussian();
                    }
                    float[] before = x.clone();
                    kernels().softmax(x, offset, length);
                    checkSoftmax(before, x, offset, length);
                    for (int i = 0; i < offset; i++) {
                        assertEquals(GUARD, x[i]);
                    }
                    assertGuards(x, offset + length);
                });
            }
        }
    }

    private static void checkSoftmax(float[] x, float[] y, int offset, int length) {
        double max = Double.NEGATIVE_INFINITY;
        double min = Double.POSITIVE_INFINITY;
        for (int i = offset; i < offset + length; i++) {
            max = Math.max(max, x[i]);
            min = Math.min(min, x[i]);
        }
        double sum = 0;
        for (int i = offset; i < offset + length; i++) {
            sum += Math.exp(x[i] - max);
        }
        // each exponent is rounded by up to (max - min) u (beyond 104 all is 0), exp by 2 u, the sum by length u
        double relative = (2 * Math.min(104, max - min) + length + 8) * U;
        for (int i = offset; i < offset + length; i++) {
            double exact = Math.exp(x[i] - max) / sum;
            near(exact, y[i], relative * exact + 4 * Float.MIN_VALUE);
        }
    }

    @Test
    void softmaxOfEqualLogitsIsUniform() {
        for (int length : LENGTHS) {
            float[] x = new float[length];
            Arrays.fill(x, -3.7f);
            kernels().softmax(x, 0, length);
            for (float value : x) {
                assertEquals(x[0], value);
                assertEquals(1f / length, value, 2 * U / length);
            }
        }
    }

    @Test
    void softmaxGivesMinusInfinityNoWeightAndSpreadsNan() {
        for (int length : new int[] {2, 5, 16, 17, 40}) {
            for (int at = 0; at < length; at++) {
                float[] x = new float[length];
                x[at] = Float.NEGATIVE_INFINITY;
                kernels().softmax(x, 0, length);
                for (int i = 0; i < length; i++) {
                    assertEquals(i == at ? 0f : 1f / (length - 1), x[i], 2 * U);
                }
                x[at] = Float.NaN;
                kernels().softmax(x, 0, length);
                for (float value : x) {
                    assertTrue(Float.isNaN(value));
                }
            }
        }
        float[] none = new float[9];
        Arrays.fill(none, Float.NEGATIVE_INFINITY);
        kernels().softmax(none, 0, 9);
        assertTrue(Float.isNaN(none[0]) && Float.isNaN(none[8]));
        kernels().softmax(none, 9, 0);
    }

    @Test
    void swiGluMatchesTheOracle() {
        for (int length : LENGTHS) {
            SeededCases.run(2, 7L * length, random -> {
                float[] gate = mixed(random, length);
                float[] up = mixed(random, length);
                gate[random.nextInt(length)] = -95f + 20 * random.nextFloat();
                float[] out = guarded(length);
                kernels().swiGlu(length, gate, up, out);
                for (int i = 0; i < length; i++) {
                    double exact = gate[i] / (1 + Math.exp(-(double) gate[i])) * up[i];
                    // exp 2 u, sum, product, quotient, product: 1 u each; exp may be a subnormal number
                    double subnormal = (Math.abs(gate[i] * (double) up[i]) + Math.abs(up[i]) + 1) * Float.MIN_VALUE;
                    near(exact, out[i], 8 * U * Math.abs(exact) + subnormal);
                }
                assertGuards(out, length);
                kernels().swiGlu(length, gate, up, gate);
                assertArrayEquals(Arrays.copyOf(out, length), gate);
            });
        }
    }

    @Test
    void swiGluOfAnElementDoesNotDependOnItsIndex() {
        for (float value : new float[] {-1.1f, 0.3f, 2.7f, -17.2f, -90.5f}) {
            for (int length : LENGTHS) {
                float[] gate = new float[length];
                Arrays.fill(gate, value);
                float[] up = new float[length];
                Arrays.fill(up, 1.3f);
                float[] out = new float[length];
                kernels().swiGlu(length, gate, up, out);
                for (float element : out) {
                    assertEquals(out[0], element);
                }
            }
        }
    }

    @Test
    void swiGluAtTheExtremes() {
        float infinity = Float.POSITIVE_INFINITY;
        float[] gate = {0f, -0f, infinity, -infinity, Float.NaN, 1000f, -1000f, Float.MAX_VALUE};
        float[] up = new float[gate.length];
        Arrays.fill(up, 1f);
        float[] out = new float[gate.length];
        kernels().swiGlu(gate.length, gate, up, out);
        assertArrayEquals(new float[] {0f, 0f, infinity, Float.NaN, Float.NaN, 1000f, 0f, Float.MAX_VALUE}, out, 0f);
    }

    @Test
    void rotateMatchesTheOracle() {
        for (int headSize : new int[] {2, 4, 6, 8, 10, 16, 18, 32, 40, 64, 66, 80, 96, 128, 130}) {
            SeededCases.run(2, headSize, random -> {
                int batch = 1 + random.nextInt(3);
                int heads = 1 + random.nextInt(4);
                int half = headSize / 2;
                float[] x = guarded(batch * heads * headSize);
                System.arraycopy(mixed(random, batch * heads * headSize), 0, x, 0, batch * heads * headSize);
                float[] before = x.clone();
                float[] cos = mixed(random, batch * half);
                float[] sin = mixed(random, batch * half);
                kernels().rotate(batch, heads, headSize, x, cos, sin);
                for (int i = 0; i < batch * heads * half; i++) {
                    int first = i / half * headSize + i % half;
                    int angle = i / half / heads * half + i % half;
                    double a = before[first];
                    double b = before[first + half];
                    double tolerance =
                            2 * U * (Math.abs(a) + Math.abs(b)) * (Math.abs(cos[angle]) + Math.abs(sin[angle]));
                    near(a * cos[angle] - b * sin[angle], x[first], tolerance);
                    near(b * cos[angle] + a * sin[angle], x[first + half], tolerance);
                }
                assertGuards(x, batch * heads * headSize);
            });
        }
    }

    @Test
    void addIsTheRoundedSum() {
        for (int length : LENGTHS) {
            SeededCases.run(1, length, random -> {
                float[] x = mixed(random, length);
                float[] y = guarded(length);
                System.arraycopy(mixed(random, length), 0, y, 0, length);
                float[] expected = y.clone();
                for (int i = 0; i < length; i++) {
                    expected[i] = (float) ((double) y[i] + x[i]); // exact to within double, so rounded right
                }
                kernels().add(length, x, y);
                assertArrayEquals(expected, y);
            });
        }
    }

    @Test
    void aRowIsTheSameAloneAndInABatchWhateverTheThreads() {
        int batch = 45;
        int size = 1031;
        RandomGenerator random = SeededCases.generator(3);
        float[] x = mixed(random, batch * size);
        float[] weight = mixed(random, size);
        float[] up = mixed(random, batch * size);
        int heads = 5;
        int half = 101;
        float[] q = mixed(random, batch * heads * 2 * half);
        float[] cos = mixed(random, batch * half);
        float[] sin = mixed(random, batch * half);
        for (int threads = 1; threads <= 3; threads++) {
            try (WorkerPool pool = WorkerPool.of(threads)) {
                RowKernels together = kernels(pool);
                float[] normed = new float[batch * size];
                together.rmsNorm(batch, x, weight, 1e-5f, normed);
                float[] gated = new float[batch * size];
                together.swiGlu(batch * size, x, up, gated);
                float[] added = up.clone();
                together.add(batch * size, x, added);
                float[] rotated = q.clone();
                together.rotate(batch, heads, 2 * half, rotated, cos, sin);
                for (int i = 0; i < batch; i++) {
                    float[] row = part(x, i, size);
                    float[] y = new float[size];
                    kernels().rmsNorm(1, row, weight, 1e-5f, y);
                    assertArrayEquals(y, part(normed, i, size));
                    kernels().swiGlu(size, row, part(up, i, size), y);
                    assertArrayEquals(y, part(gated, i, size));
                    float[] sum = part(up, i, size);
                    kernels().add(size, row, sum);
                    assertArrayEquals(sum, part(added, i, size));
                    float[] head = part(q, i, heads * 2 * half);
                    kernels().rotate(1, heads, 2 * half, head, part(cos, i, half), part(sin, i, half));
                    assertArrayEquals(head, part(rotated, i, heads * 2 * half));
                }
            }
        }
    }

    @Test
    void arraysThatAreTooShortAreRefused() {
        float[] four = new float[4];
        float[] eight = new float[8];
        refused("rmsNorm: x has length 4", () -> kernels().rmsNorm(2, four, four, 0, eight));
        refused("rmsNorm: y has length 4", () -> kernels().rmsNorm(2, eight, four, 0, four));
        refused("softmax: x has length 4", () -> kernels().softmax(four, 1, 4));
        refused("swiGlu: gate has length 4", () -> kernels().swiGlu(5, four, eight, eight));
        refused("swiGlu: up has length 4", () -> kernels().swiGlu(5, eight, four, eight));
        refused("swiGlu: out has length 4", () -> kernels().swiGlu(5, eight, eight, four));
        refused("rotate: x has length 4", () -> kernels().rotate(1, 1, 8, four, four, four));
        refused("rotate: cos has length 4", () -> kernels().rotate(1, 1, 10, new float[10], four, eight));
        refused("rotate: sin has length 4", () -> kernels().rotate(1, 1, 10, new float[10], eight, four));
        refused("add: x has length 4", () -> kernels().add(5, four, eight));
        refused("add: y has length 4", () -> kernels().add(5, eight, four));
    }

    private static void refused(String message, Runnable call) {
        String actual = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(actual.startsWith(message), actual);
    }

    private static void near(double expected, float actual, double tolerance) {
        if (!(Math.abs(expected - actual) <= tolerance)) {
            throw new AssertionError("is " + actual + ", expected " + expected + " within " + tolerance);
        }
    }

    /** Both signs, magnitudes from 2^-8 to 2^4. */
    private static float[] mixed(RandomGenerator random, int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) (random.nextGaussian() * Math.pow(2, random.nextDouble(-8, 4)));
        }
        return x;
    }

    private static float[] part(float[] x, int row, int size) {
        return Arrays.copyOfRange(x, row * size, (row + 1) * size);
    }

    private static float[] guarded(int length) {
        float[] x = new float[length + GUARDS];
        Arrays.fill(x, length, x.length, GUARD);
        return x;
    }

    private static void assertGuards(float[] x, int length) {
        for (int i = length; i < x.length; i++) {
            assertEquals(GUARD, x[i], "element " + i + " behind the end at " + length);
        }
    }
}
