package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.Step;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.lowrank.LowRankPair;
import dev.mimic.loader.model.ModelConfig;
import java.util.Map;

/**
 * The backward pass of low-rank changes, {@code y += scale · B (A x)}. With g = dL/dy, x as the branch saw it (through
 * dropout), {@code t = x Aᵀ} and {@code u = g B}: {@code dB = scale · gᵀ t}, {@code dA = scale · uᵀ x},
 * {@code dx += scale · u A}, through the same dropout. The factor scale of dA and dB is left to {@link #scaled}. All rows
 * share a pair.
 */
final class LowRankBackward {
    private final Backend backend;

    /** By the trained weights' names: A [rank, in], then the transpose of B [rank, out]; accumulated into. */
    private final Map<String, double[]> gradients;

    private float[] dropped = {};
    private float[] projected = {};
    private float[] back = {};
    private float[] correction = {};

    LowRankBackward(Backend backend, Map<String, double[]> gradients) {
        this.backend = backend;
        this.gradients = gradients;
    }

    /** Floats that a row takes here, in the inputs that are computed again, and in the forward pass's own arrays. */
    static long rowFloats(ModelConfig config, Trained.LowRank trained) {
        long widest =
                Math.max(config.intermediateSize(), Math.max(config.hiddenSize(), config.heads() * config.headSize()));
        long copies = trained.dropout() > 0 ? 2 * widest : 0;
        return copies + 2 * widest + 3L * trained.rank() + config.hiddenSize() + config.intermediateSize();
    }

    /**
     * Goes back through the change of one layer.
     *
     * @param step the forward step
     * @param pair what all its rows have; null for none
     * @param x [rows, in]: the layer's input
     * @param g [rows, out]
     * @param dx [rows, in]; accumulated into; null where nobody needs it
     */
    void apply(Linear linear, Step step, LowRankPair pair, float[] x, float[] g, float[] dx) {
        double[] sums = gradients.get(linear.name());
        if (pair == null || (sums == null && dx == null)) {
            return;
        }
        int rows = step.rows();
        int rank = pair.rank();
        back = grown(back, rows * rank);
        backend.matrix().gemm(pair.b(), rows, g, back);
        if (sums != null) {
            float[] seen = step.dropout() == null ? x : drop(linear, step, x);
            projected = grown(projected, rows * rank);
            backend.matrix().gemm(pair.a(), rows, seen, projected);
            backend.gradient().outer(rows, rank, pair.in(), back, seen, sums, 0);
            backend.gradient().outer(rows, rank, pair.out(), projected, g, sums, rank * pair.in());
        }
        if (dx != null) {
            correction = grown(correction, rows * pair.in());
            backend.matrix().gemmTransposed(pair.a(), rows, back, correction);
            if (step.dropout() != null) {
                step.dropout().apply(step.dropoutKeys(linear.place()), rows, pair.in(), correction);
            }
            backend.matrix().axpy(pair.scale(), correction, 0, dx, 0, rows * pair.in());
        }
    }

    private float[] drop(Linear linear, Step step, float[] x) {
        int elements = step.rows() * linear.in();
        dropped = grown(dropped, elements);
        System.arraycopy(x, 0, dropped, 0, elements);
        step.dropout().apply(step.dropoutKeys(linear.place()), step.rows(), linear.in(), dropped);
        return dropped;
    }

    private static float[] grown(float[] array, int length) {
        return array.length < length ? new float[length] : array;
    }

    /**
     * A finished gradient.
     *
     * @param sums as accumulated
     * @return A [rank, in], then B [out, rank]
     */
    static double[] scaled(Linear linear, int rank, float scale, double[] sums) {
        double[] gradient = new double[sums.length];
        int ofA = rank * linear.in();
        for (int i = 0; i < ofA; i++) {
            gradient[i] = scale * sums[i];
        }
        for (int k = 0; k < rank; k++) {
            for (int r = 0; r < linear.out(); r++) {
                gradient[ofA + r * rank + k] = scale * sums[ofA + k * linear.out() + r];
            }
        }
        return gradient;
    }
}
