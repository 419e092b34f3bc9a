package dev.mimic.kernels.lowrank;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Low-rank changes row by row, over the scalar matrix kernels and over those that this machine uses. */
final class LowRankKernelsTest {
    private static final double U = 0x1p-24; // half an ulp, relative
    private static final float GUARD = 12345.678f;
    private static final int GUARDS = 33;
    private static final int BATCH = 9;

    /** out, in and the ranks of the three pairs. */
    private static final int[][] SHAPES = {
        {1, 1, 1, 1, 1},
        {5, 3, 2, 1, 4},
        {17, 31, 13, 4, 8},
        {64, 40, 8, 8, 8},
        {33, 128, 16, 1, 5},
        {301, 129, 4, 8, 65}
    };

    private final WorkerPool pool = WorkerPool.of(2);

    @AfterEach
    void close() {
        pool.close();
    }

    private List<LowRankKernels> implementations() {
        return List.of(Backend.scalar(pool).lowRank(), Backend.best(pool).lowRank());
    }

    @Test
    void everyRowGetsItsOwnChange() {
        forEachCase((kernels, phase, c) -> {
            float[] y = c.target();
            kernels.accumulate(phase, BATCH, c.pairs, c.x, null, null, y);
            for (int i = 0; i < BATCH; i++) {
                for (int r = 0; r < c.out; r++) {
                    c.check(i, r, y[i * c.out + r]);
                }
            }
            c.assertGuards(y);
        });
    }

    @Test
    void aRowIsTheSameAloneAndAmongOthers() {
        forEachCase((kernels, phase, c) -> {
            float[] all = c.target();
            kernels.accumulate(phase, BATCH, c.pairs, c.x, null, null, all);
            for (int i = 0; i < BATCH; i++) {
                float[] x = Arrays.copyOfRange(c.x, i * c.in, (i + 1) * c.in);
                float[] y = Arrays.copyOfRange(c.base, i * c.out, (i + 1) * c.out);
                kernels.accumulate(phase, 1, new LowRankPair[] {c.pairs[i]}, x, null, null, y);
                assertArrayEquals(y, Arrays.copyOfRange(all, i * c.out, (i + 1) * c.out));
            }
        });
    }

    @Test
    void rowsWithoutAPairAreLeftAsTheyAre() {
        forEachCase((kernels, phase, c) -> {
            float[] y = c.target();
            kernels.accumulate(phase, BATCH, c.pairs, c.x, null, null, y);
            for (int i = 0; i < BATCH; i++) {
                if (c.pairs[i] == null) {
                    assertArrayEquals(
                            Arrays.copyOfRange(c.base, i * c.out, (i + 1) * c.out),
                            Arrays.copyOfRange(y, i * c.out, (i + 1) * c.out));
                }
            }
        });
    }

    @Test
    void droppedElementsOfXDoNotCount() {
        Dropout dropout = new Dropout(0.4);
        forEachCase((kernels, phase, c) -> {
            long[] keys = SeededCases.generator(4).longs(BATCH).toArray();
            float[] dropped = c.x.clone();
            dropout.apply(keys, BATCH, c.in, dropped);
            float[] expected = c.target();
            kernels.accumulate(phase, BATCH, c.pairs, dropped, null, null, expected);
            float[] before = c.x.clone();
            float[] y = c.target();
            kernels.accumulate(phase, BATCH, c.pairs, c.x, dropout, keys, y);
            assertArrayEquals(expected, y);
            assertArrayEquals(before, c.x);
        });
    }

    @Test
    void nothingIsAllocatedOnceTheArraysHaveGrown() {
        try (Arena arena = Arena.ofShared()) {
            Case c = new Case(arena, new int[] {33, 128, 16, 1, 5}, SeededCases.generator(1));
            LowRankKernels kernels = Backend.vector(pool).lowRank();
            float[] y = c.target();
            assertEquals(
                    0,
                    Allocations.fewestBytes(
                            100,
                            "mimic-worker",
                            () -> kernels.accumulate(Phase.DECODE, BATCH, c.pairs, c.x, null, null, y)));
        }
    }

    @Test
    void wrongSizesAreRefused() {
        try (Arena arena = Arena.ofShared()) {
            Case c = new Case(arena, SHAPES[1], SeededCases.generator(1));
            LowRankKernels kernels = implementations().getFirst();
            refused(
                    "lowRank: pairs has length 9",
                    () -> kernels.accumulate(Phase.DECODE, 10, c.pairs, c.x, null, null, c.target()));
            refused(
                    "lowRank: x has length 2",
                    () -> kernels.accumulate(Phase.DECODE, BATCH, c.pairs, new float[2], null, null, c.target()));
            refused(
                    "lowRank: y has length 2",
                    () -> kernels.accumulate(Phase.DECODE, BATCH, c.pairs, c.x, null, null, new float[2]));
            Matrix a = c.pairs[1].a();
            refused("LowRankPair: a is [2, 3], b is [1, 5]", () -> new LowRankPair(a, c.pairs[3].b(), 1));
        }
    }

    private static void refused(String message, Runnable call) {
        String actual = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(actual.startsWith(message), actual);
    }

    /** A check of one case. */
    private interface Check {
        void check(LowRankKernels kernels, Phase phase, Case c);
    }

    private void forEachCase(Check check) {
        for (int[] shape : SHAPES) {
            SeededCases.run(1, shape[0], random -> {
                try (Arena arena = Arena.ofShared()) {
                    Case c = new Case(arena, shape, random);
                    for (LowRankKernels kernels : implementations()) {
                        for (Phase phase : Phase.values()) {
                            check.check(kernels, phase, c);
                        }
                    }
                }
            });
        }
    }

    private static float[] gaussian(RandomGenerator random, int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /** Nine rows: three pairs in turn, some rows without. */
    private static final class Case {
        final int out;
        final int in;
        final float[] x;
        final float[] base;
        final LowRankPair[] pairs = new LowRankPair[BATCH];

        Case(Arena arena, int[] shape, RandomGenerator random) {
            out = shape[0];
            in = shape[1];
            x = gaussian(random, BATCH * in);
            base = gaussian(random, BATCH * out);
            LowRankPair[] three = new LowRankPair[3];
            for (int i = 0; i < 3; i++) {
                int rank = shape[2 + i];
                three[i] = new LowRankPair(matrix(arena, rank, in, random), matrix(arena, rank, out, random), 0.5f + i);
            }
            int[] order = {-1, 0, 0, 1, -1, 2, 0, 1, 2};
            for (int i = 0; i < BATCH; i++) {
                pairs[i] = order[i] < 0 ? null : three[order[i]];
            }
        }

        private static Matrix matrix(Arena arena, int rows, int cols, RandomGenerator random) {
            float[] elements = gaussian(random, rows * cols);
            MemorySegment data = arena.allocate(4L * elements.length);
            MemorySegment.copy(elements, 0, data, Matrix.FLOAT, 0, elements.length);
            return new Matrix.F32(rows, cols, data);
        }

        float[] target() {
            float[] y = Arrays.copyOf(base, BATCH * out + GUARDS);
            Arrays.fill(y, BATCH * out, y.length, GUARD);
            return y;
        }

        void assertGuards(float[] y) {
            for (int i = BATCH * out; i < y.length; i++) {
                assertEquals(GUARD, y[i]);
            }
        }

        /** Compares an element with base + scale B (A x) in double. */
        void check(int row, int r, float found) {
            double exact = base[row * out + r];
            double magnitude = Math.abs(exact);
            LowRankPair pair = pairs[row];
            int rank = pair == null ? 0 : pair.rank();
            for (int k = 0; k < rank; k++) {
                double product = 0;
                double absolute = 0;
                for (int c = 0; c < in; c++) {
                    double term = (double) pair.a().get((long) k * in + c) * x[row * in + c];
                    product += term;
                    absolute += Math.abs(term);
                }
                double factor = (double) pair.scale() * pair.b().get((long) k * out + r);
                exact += factor * product;
                magnitude += Math.abs(factor) * absolute;
            }
            // a sum over in, a sum over rank, a scale, the sum with y
            assertEquals(exact, found, (in + rank + 6) * U * magnitude, "row " + row + ", element " + r);
        }
    }
}
