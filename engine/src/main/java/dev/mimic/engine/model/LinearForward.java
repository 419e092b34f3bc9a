package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.lowrank.LowRankPair;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfKernels.Phase;

/** How a linear layer is applied to the rows of a step. */
final class LinearForward {
    private LinearForward() {}

    /**
     * Applies the layer.
     *
     * @param x [rows, in]
     * @param y [rows, out]; overwritten
     */
    static void apply(
            Linear linear, Backend backend, Step step, float[] x, Activations scratch, float[] y, ForwardTrace trace) {
        switch (linear) {
            case Linear.Dense dense -> multiply(backend, step, dense.weight(), x, y);
            case Linear.Svf svf -> multiply(svf, backend, step, x, scratch, y, trace);
        }
        finish(linear, backend, step, x, y);
    }

    /** Adds what comes after the weight: low-rank pairs, then the bias. */
    static void finish(Linear linear, Backend backend, Step step, float[] x, float[] y) {
        LowRankPair[] pairs = step.lowRank(linear.place());
        if (pairs != null) {
            long[] keys = step.dropoutKeys(linear.place());
            backend.lowRank().accumulate(step.phase(), step.rows(), pairs, x, step.dropout(), keys, y);
        }
        float[] bias = linear.bias();
        if (bias.length > 0) {
            for (int i = 0; i < step.rows(); i++) {
                backend.matrix().axpy(1, bias, 0, y, i * linear.out(), linear.out());
            }
        }
    }

    private static void multiply(Backend backend, Step step, Matrix weight, float[] x, float[] y) {
        if (step.phase() == Phase.DECODE) {
            backend.matrix().gemv(weight, step.rows(), x, y);
        } else {
            backend.matrix().gemm(weight, step.rows(), x, y);
        }
    }

    private static void multiply(
            Linear.Svf svf, Backend backend, Step step, float[] x, Activations scratch, float[] y, ForwardTrace trace) {
        float[][] scales = step.scales(svf.slot());
        float[] kept = trace.projection(svf.slot());
        Phase phase = step.phase();
        int rows = step.rows();
        if (svf.weight().isEmpty()) {
            backend.svf().apply(phase, svf.factors(), rows, x, scales, kept, scratch.rank, y);
        } else {
            multiply(backend, step, svf.weight().get(), x, y);
            backend.svf().accumulate(phase, svf.factors(), rows, x, scales, kept, scratch.rank, y);
        }
    }
}
