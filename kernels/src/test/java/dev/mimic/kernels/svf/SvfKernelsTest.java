package dev.mimic.kernels.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.GemvGroup;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The composition over the scalar matrix kernels and over those that this machine uses. */
final class SvfKernelsTest extends SvfKernelsContract {
    private final WorkerPool pool = WorkerPool.of(2);

    @Override
    protected List<SvfKernels> implementations(WorkerPool shared) {
        return List.of(Backend.scalar(shared).svf(), Backend.best(shared).svf());
    }

    @Test
    void whatIsKeptHasTheBitsOfTheProjectionAlone() {
        forEachCase((kernels, phase, c) -> {
            float[] kept = c.scratch();
            kernels.apply(phase, c.factors, BATCH, c.x, c.scales, kept, c.scratch(), c.target(0));
            float[] ones = new float[c.rank()];
            Arrays.fill(ones, 1);
            float[][] unscaled = new float[BATCH][];
            Arrays.fill(unscaled, ones);
            float[] projected = c.scratch();
            kernels.apply(phase, c.factors, BATCH, c.x, unscaled, projected, c.target(0));
            assertArrayEquals(projected, kept);
        });
    }

    @Test
    void decodingInGroupsHasTheBitsOfDecodingAlone() {
        for (Backend backend : List.of(Backend.scalar(pool), Backend.best(pool))) {
            SvfKernels kernels = backend.svf();
            for (int[] shape : SHAPES) {
                try (Arena arena = Arena.ofShared()) {
                    Case gate = new Case(arena, shape, SeededCases.generator(4), false);
                    Case up = new Case(arena, shape, SeededCases.generator(5), true);
                    up.scales[2] = null;
                    List<Case> both = List.of(gate, up);
                    List<float[]> projected = List.of(gate.scratch(), up.scratch());
                    List<float[]> corrections = List.of(gate.target(0), up.target(0));
                    GemvGroup group = new GemvGroup();
                    for (int i = 0; i < 2; i++) {
                        kernels.addProjection(group, both.get(i).factors, gate.x, projected.get(i));
                    }
                    backend.matrix().gemv(BATCH, group);
                    group.clear();
                    for (int i = 0; i < 2; i++) {
                        Case c = both.get(i);
                        kernels.addExpansion(group, c.factors, BATCH, c.scales, projected.get(i), corrections.get(i));
                    }
                    backend.matrix().gemv(BATCH, group);
                    for (int i = 0; i < 2; i++) {
                        Case c = both.get(i);
                        float[] expected = c.target(0.5f);
                        kernels.accumulate(Phase.DECODE, c.factors, BATCH, gate.x, c.scales, c.scratch(), expected);
                        float[] y = c.target(0.5f);
                        kernels.addCorrections(BATCH, c.out(), c.scales, corrections.get(i), y);
                        assertArrayEquals(expected, y);
                    }
                    float[] applied = gate.target(0);
                    kernels.apply(Phase.DECODE, gate.factors, BATCH, gate.x, gate.scales, gate.scratch(), applied);
                    assertArrayEquals(applied, corrections.get(0));
                }
            }
        }
    }

    @Test
    void aBatchReadsEachFactorOnceWhateverTheNumberOfExperts() {
        try (Arena arena = Arena.ofConfined()) {
            Case c = new Case(arena, new int[] {12, 9, 7}, SeededCases.generator(3), false);
            for (Phase phase : Phase.values()) {
                CountingMatrixKernels matrix = new CountingMatrixKernels(MatrixKernels.scalar(pool));
                SvfKernels kernels = SvfKernels.of(matrix, pool);
                List<String> once = phase == Phase.DECODE
                        ? List.of("gemvTransposed [9, 7] for 8", "gemv [12, 7] for 8")
                        : List.of("gemmTransposed [9, 7] for 8", "gemm [12, 7] for 8");
                kernels.apply(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), c.target(0));
                assertEquals(once, matrix.taken());
                kernels.accumulate(phase, c.factors, BATCH, c.x, c.scales, c.scratch(), c.target(0));
                assertEquals(once, matrix.taken());
                kernels.accumulate(phase, c.factors, BATCH, c.x, new float[BATCH][], c.scratch(), c.target(0));
                assertEquals(List.of(), matrix.taken());
            }
        }
    }

    /** Notes which weights are read. */
    private static final class CountingMatrixKernels implements MatrixKernels {
        private final MatrixKernels kernels;
        private final List<String> calls = new ArrayList<>();

        CountingMatrixKernels(MatrixKernels kernels) {
            this.kernels = kernels;
        }

        /** The calls since the last time. */
        List<String> taken() {
            List<String> taken = List.copyOf(calls);
            calls.clear();
            return taken;
        }

        private void note(String operation, Matrix weights, int batch) {
            calls.add(operation + " [" + weights.rows() + ", " + weights.cols() + "] for " + batch);
        }

        @Override
        public float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
            throw new AssertionError("svf takes whole products");
        }

        @Override
        public void axpy(float alpha, float[] x, int xOffset, float[] y, int yOffset, int length) {
            throw new AssertionError("svf takes whole products");
        }

        @Override
        public void gemv(Matrix weights, int batch, float[] x, float[] y) {
            note("gemv", weights, batch);
            kernels.gemv(weights, batch, x, y);
        }

        @Override
        public void gemvTransposed(Matrix weights, int batch, float[] x, float[] y) {
            note("gemvTransposed", weights, batch);
            kernels.gemvTransposed(weights, batch, x, y);
        }

        @Override
        public void gemm(Matrix weights, int batch, float[] x, float[] y) {
            note("gemm", weights, batch);
            kernels.gemm(weights, batch, x, y);
        }

        @Override
        public void gemmTransposed(Matrix weights, int batch, float[] x, float[] y) {
            note("gemmTransposed", weights, batch);
            kernels.gemmTransposed(weights, batch, x, y);
        }
    }
}
