package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.MatrixKernels;
import java.util.Map;

/**
 * The backward pass of linear layers. With g = dL/dy and x: of a weight as it is, {@code dx = g W}. Of one in factors,
 * {@code a = g U}, {@code dz += sigma .* colsum(a .* (x V))}, {@code dx = (a .* scale) Vᵀ}, and {@code g W} besides in
 * residual form. There is no dW: nothing of the size of a weight is ever written.
 */
final class LinearBackward {
    private final Backend backend;
    private final TransformerWeights weights;

    /** Gradients of z by the trained weights' names, [rank held]; accumulated into. */
    private final Map<String, double[]> gradients;

    /** {@code g U}, [rows, largest rank]. */
    private final float[] projected;

    /** The part of dx that comes through the factors in residual form, [rows, largest in]. */
    private float[] correction = {};

    LinearBackward(Backend backend, TransformerWeights weights, Map<String, double[]> gradients, int rows) {
        this.backend = backend;
        this.weights = weights;
        this.gradients = gradients;
        this.projected = new float[rows * weights.largestRank()];
    }

    /**
     * Goes back through a layer.
     *
     * @param rows rows
     * @param scales what the rows were scaled with in the forward pass
     * @param kept [rows, rank]: {@code x V} of the forward pass, where the layer is trained
     * @param g [rows, out]
     * @param dx [rows, in]; overwritten; null where nobody needs it
     */
    void apply(Linear linear, int rows, RowScales scales, float[] kept, float[] g, float[] dx) {
        switch (linear) {
            case Linear.Dense dense -> {
                if (dx != null) {
                    backend.matrix().gemmTransposed(dense.weight(), rows, g, dx);
                }
            }
            case Linear.Svf svf -> factored(svf, rows, scales.slot(svf.slot()), kept, g, dx);
        }
    }

    private void factored(Linear.Svf svf, int rows, float[] scale, float[] kept, float[] g, float[] dx) {
        double[] dz = gradients.get(svf.name());
        boolean through = dx != null && scale != null;
        MatrixKernels matrix = backend.matrix();
        if (dz != null || through) {
            matrix.gemmTransposed(svf.factors().u(), rows, g, projected);
        }
        if (dz != null) {
            Factor factor = weights.factor(svf.slot());
            backend.gradient().svf(rows, factor.scale(), scale, kept, projected, dz);
        } else if (through) {
            backend.gradient().scale(rows, scale, projected);
        }
        if (dx == null) {
            return;
        }
        if (svf.weight().isEmpty()) {
            backend.svf().expand(svf.factors(), rows, projected, dx);
            return;
        }
        matrix.gemmTransposed(svf.weight().get(), rows, g, dx);
        if (through) {
            int elements = rows * svf.in();
            if (correction.length < elements) {
                correction = new float[elements];
            }
            backend.svf().expand(svf.factors(), rows, projected, correction);
            backend.row().add(elements, correction, dx);
        }
    }
}
