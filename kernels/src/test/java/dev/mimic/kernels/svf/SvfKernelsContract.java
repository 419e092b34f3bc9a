package dev.mimic.kernels.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every implementation of {@link SvfKernels} must do, in both forms of the product; the oracle is a double loop. */
public abstract class SvfKernelsContract {
    static final int BATCH = 8;

    private static final double U = 0x1p-24; // half an ulp, relative
    private static final float GUARD = 12345.678f;
    private static final int GUARDS = 33;

    /** For those that say which kernels. */
    protected SvfKernelsContract() {}

    /** Rows of U, rows of V, rank. */
    static final int[][] SHAPES = {
        {1, 1, 1}, {5, 3, 2}, {17, 31, 13}, {64, 40, 40}, {33, 128, 16}, {100, 67, 1}, {96, 96, 96}, {301, 129, 65}
    };

    private final WorkerPool pool = WorkerPool.of(2);

    @SuppressWarnings("this-escape") // subclasses are told
    private final List<SvfKernels> implementations = implementations(pool);

    /** What is under test; called before a subclass's own fields are set. */
    protected abstract List<SvfKernels> implementations(WorkerPool pool);

    @AfterEach
    public void close() {
        pool.close();
    }

    @Test
    public void everyRowGetsItsOwnScaleInBothForms() {
        forEachCase((kernels, phase, c) -> {
            float[] y = c.target(0);
            kernels.apply(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), y);
            c.check(y, null);
            c.assertGuards(y);
            float[] base = gaussian(SeededCases.generator(2), BATCH * c.out());
            float[] residual = c.target(0);
            System.arraycopy(base, 0, residual, 0, base.length);
            kernels.accumulate(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), residual);
            c.check(residual, base);
            c.assertGuards(residual);
        });
    }

    @Test
    public void whatABackwardPassNeedsIsKeptAndTheResultIsTheSame() {
        forEachCase((kernels, phase, c) -> {
            float[] expected = c.target(0);
            kernels.apply(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), expected);
            float[] kept = c.scratch();
            float[] y = c.target(0);
            kernels.apply(phase, c.factors, BATCH, c.x, c.scales, kept, c.scratch(), y);
            assertArrayEquals(expected, y);
            c.checkKept(kept);
            float[] added = c.target(0.5f);
            kernels.accumulate(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), added);
            float[] keptToo = c.scratch();
            float[] addedToo = c.target(0.5f);
            kernels.accumulate(phase, c.factors, BATCH, c.x, c.scales, keptToo, c.scratch(), addedToo);
            assertArrayEquals(added, addedToo);
            assertArrayEquals(kept, keptToo);
        });
    }

    @Test
    public void aRowIsTheSameAloneAndAmongEightOthers() {
        forEachCase((kernels, phase, c) -> {
            float[] applied = c.target(0);
            kernels.apply(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), applied);
            float[] added = c.target(0.5f);
            kernels.accumulate(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), added);
            for (int i = 0; i < BATCH; i++) {
                float[] x = Arrays.copyOfRange(c.x, i * c.in(), (i + 1) * c.in());
                float[][] scale = {c.scales[i]};
                float[] y = new float[c.out()];
                kernels.apply(phase, c.factors, 1, x, scale, new float[c.rank()], y);
                assertArrayEquals(y, Arrays.copyOfRange(applied, i * c.out(), (i + 1) * c.out()));
                Arrays.fill(y, 0.5f);
                kernels.accumulate(phase, c.factors, 1, x, scale, new float[c.rank()], y);
                assertArrayEquals(y, Arrays.copyOfRange(added, i * c.out(), (i + 1) * c.out()));
            }
        });
    }

    @Test
    public void rowsWithoutAScaleAreLeftAsTheyAre() {
        forEachCase((kernels, phase, c) -> {
            float[] all = c.target(-0f);
            kernels.accumulate(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), all);
            for (int mask = 0; mask < 1 << BATCH; mask += 37) {
                float[][] scales = c.scales.clone();
                for (int i = 0; i < BATCH; i++) {
                    scales[i] = (mask >> i & 1) == 0 ? null : scales[i];
                }
                float[] y = c.target(-0f);
                kernels.accumulate(phase, c.factors, BATCH, c.x, scales, c.scratch(), y);
                for (int i = 0; i < BATCH * c.out(); i++) {
                    float expected = scales[i / c.out()] == null ? -0f : all[i];
                    assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(y[i]));
                }
            }
        });
    }

    @Test
    public void whatABackwardPassNeedsOfVIsTheSameHoweverItIsStored() {
        forEachCase((kernels, phase, c) -> {
            float[] x = gaussian(SeededCases.generator(4), BATCH * c.rank());
            float[] y = new float[BATCH * c.in()];
            kernels.expand(c.factors, BATCH, x, y);
            for (int i = 0; i < BATCH; i++) {
                for (int j = 0; j < c.in(); j++) {
                    double sum = 0;
                    double magnitude = 0;
                    for (int k = 0; k < c.rank(); k++) {
                        double term = (double) c.v[j * c.rank() + k] * x[i * c.rank() + k];
                        sum += term;
                        magnitude += Math.abs(term);
                    }
                    assertEquals(sum, y[i * c.in() + j], (c.rank() + 1) * U * magnitude);
                }
            }
        });
    }

    @Test
    public void arraysThatAreTooShortAndMissingScalesAreRefused() {
        try (Arena arena = Arena.ofShared()) {
            Case c = new Case(arena, new int[] {12, 9, 7}, SeededCases.generator(3), false);
            SvfKernels kernels = implementations.getFirst();
            float[] y = c.target(0);
            float[] one = new float[1];
            refused("svf: x has", () -> kernels.apply(Phase.DECODE, c.factors, 8, one, c.scales, c.scratch(), y));
            refused(
                    "svf: y has",
                    () -> kernels.accumulate(Phase.DECODE, c.factors, 8, c.x, c.scales, c.scratch(), one));
            refused("svf: scratch has", () -> kernels.apply(Phase.DECODE, c.factors, 8, c.x, c.scales, one, y));
            float[][] few = Arrays.copyOf(c.scales, 7);
            refused("svf: scales has", () -> kernels.apply(Phase.DECODE, c.factors, 8, c.x, few, c.scratch(), y));
            float[][] wrong = c.scales.clone();
            wrong[3] = new float[6];
            refused(
                    "svf: scale has length 6, expected at least 7",
                    () -> kernels.accumulate(Phase.PREFILL, c.factors, 8, c.x, wrong, c.scratch(), y));
            wrong[3] = null;
            refused(
                    "svf: scales has none for row 3",
                    () -> kernels.apply(Phase.DECODE, c.factors, 8, c.x, wrong, c.scratch(), y));
        }
    }

    private static void refused(String message, Runnable call) {
        String actual = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(actual.startsWith(message), actual);
    }

    /** A check of one case. */
    protected interface Check {
        void check(SvfKernels kernels, Phase phase, Case c);
    }

    protected final void forEachCase(Check check) {
        for (int[] shape : SHAPES) {
            SeededCases.run(2, shape[0], random -> {
                try (Arena arena = Arena.ofShared()) {
                    Case c = new Case(arena, shape, random, random.nextBoolean());
                    for (SvfKernels kernels : implementations) {
                        for (Phase phase : Phase.values()) {
                            check.check(kernels, phase, c);
                        }
                    }
                }
            });
        }
    }

    static float[] gaussian(RandomGenerator random, int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /** Factors, of F32 or of bytes with V transposed; eight rows and eight scales, the last two rows sharing theirs. */
    static final class Case {
        final SvfFactors factors;
        final float[] u;
        final float[] v;
        final float[] x;
        final float[][] scales = new float[BATCH][];

        Case(Arena arena, int[] shape, RandomGenerator random, boolean bytes) {
            u = bytes ? bytes(random, shape[0] * shape[2]) : gaussian(random, shape[0] * shape[2]);
            v = bytes ? bytes(random, shape[1] * shape[2]) : gaussian(random, shape[1] * shape[2]);
            x = gaussian(random, BATCH * shape[1]);
            for (int i = 0; i < BATCH - 1; i++) {
                scales[i] = gaussian(random, shape[2]);
            }
            scales[BATCH - 1] = scales[BATCH - 2];
            factors = bytes
                    ? new SvfFactors(
                            byteMatrix(arena, shape[0], shape[2], u),
                            byteMatrix(arena, shape[2], shape[1], transposed(v, shape[1], shape[2])),
                            true)
                    : new SvfFactors(matrix(arena, shape[0], shape[2], u), matrix(arena, shape[1], shape[2], v));
        }

        private static float[] bytes(RandomGenerator random, int length) {
            float[] x = new float[length];
            for (int i = 0; i < length; i++) {
                x[i] = random.nextInt(-127, 128);
            }
            return x;
        }

        private static float[] transposed(float[] x, int rows, int cols) {
            float[] y = new float[x.length];
            for (int i = 0; i < x.length; i++) {
                y[i % cols * rows + i / cols] = x[i];
            }
            return y;
        }

        private static Matrix byteMatrix(Arena arena, int rows, int cols, float[] elements) {
            MemorySegment data = arena.allocate(elements.length);
            for (int i = 0; i < elements.length; i++) {
                data.set(ValueLayout.JAVA_BYTE, i, (byte) elements[i]);
            }
            return new Matrix.Int8(rows, cols, data);
        }

        private static Matrix matrix(Arena arena, int rows, int cols, float[] elements) {
            MemorySegment data = arena.allocate(4L * elements.length);
            MemorySegment.copy(elements, 0, data, Matrix.FLOAT, 0, elements.length);
            return new Matrix.F32(rows, cols, data);
        }

        int out() {
            return factors.out();
        }

        int in() {
            return factors.in();
        }

        int rank() {
            return factors.rank();
        }

        float[] scratch() {
            return new float[BATCH * rank()];
        }

        float[] target(float value) {
            float[] y = new float[BATCH * out() + GUARDS];
            Arrays.fill(y, value);
            Arrays.fill(y, BATCH * out(), y.length, GUARD);
            return y;
        }

        void assertGuards(float[] y) {
            for (int i = BATCH * out(); i < y.length; i++) {
                assertEquals(GUARD, y[i]);
            }
        }

        /** Compares with Vᵀ x in double. */
        void checkKept(float[] kept) {
            for (int i = 0; i < BATCH; i++) {
                for (int k = 0; k < rank(); k++) {
                    double product = 0;
                    double absolute = 0;
                    for (int j = 0; j < in(); j++) {
                        double term = (double) v[j * rank() + k] * x[i * in() + j];
                        product += term;
                        absolute += Math.abs(term);
                    }
                    assertEquals(product, kept[i * rank() + k], (in() + 1) * U * absolute);
                }
            }
        }

        /** Compares y with base + U (scale .* (Vᵀ x)) in double; without a base it is 0. */
        void check(float[] y, float[] base) {
            for (int i = 0; i < BATCH; i++) {
                for (int r = 0; r < out(); r++) {
                    double exact = base == null ? 0 : base[i * out() + r];
                    double magnitude = Math.abs(exact);
                    for (int k = 0; k < rank(); k++) {
                        double product = 0;
                        double absolute = 0;
                        for (int j = 0; j < in(); j++) {
                            double term = (double) v[j * rank() + k] * x[i * in() + j];
                            product += term;
                            absolute += Math.abs(term);
                        }
                        double factor = (double) u[r * rank() + k] * scales[i][k];
                        exact += factor * product;
                        magnitude += Math.abs(factor) * absolute;
                    }
                    // a sum over in, a scale, a sum over rank, the residual sum
                    double tolerance = (in() + rank() + 6) * U * magnitude;
                    if (!(Math.abs(exact - y[i * out() + r]) <= tolerance)) {
                        throw new AssertionError("row " + i + ", element " + r + " is " + y[i * out() + r]
                                + ", expected " + exact + " within " + tolerance);
                    }
                }
            }
        }
    }
}
