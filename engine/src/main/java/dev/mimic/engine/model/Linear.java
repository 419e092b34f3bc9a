package dev.mimic.engine.model;

import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import java.util.Optional;

/** A linear layer, {@code y = W x + bias}: its weight as it is, or taken apart so that every row may scale it. */
sealed interface Linear {
    /** The weight's whole name. */
    String name();

    /** Elements of x. */
    int in();

    /** Elements of y. */
    int out();

    /** [out], or empty for none. */
    float[] bias();

    /**
     * Applies the layer to a step's rows.
     *
     * @param x [rows, in]
     * @param y [rows, out]; overwritten
     */
    default void apply(Backend backend, Step step, float[] x, Activations scratch, float[] y) {
        switch (this) {
            case Dense dense -> multiply(backend, step, dense.weight(), x, y);
            case Svf svf -> svf.multiply(backend, step, x, scratch, y);
        }
        float[] bias = bias();
        if (bias.length > 0) {
            for (int i = 0; i < step.rows(); i++) {
                backend.matrix().axpy(1, bias, 0, y, i * out(), out());
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

    /**
     * A weight as it lies on disk.
     *
     * @param weight [out, in]
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Dense(String name, Matrix weight, float[] bias) implements Linear {
        @Override
        public int in() {
            return weight.cols();
        }

        @Override
        public int out() {
            return weight.rows();
        }
    }

    /**
     * A weight in factors, held once for all rows; each row brings its own scales.
     *
     * @param slot the layer's place among those in factors, where a step keeps its rows' scales
     * @param weight the weight that the factors correct (residual form); empty if they replace it (factored form)
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Svf(String name, int slot, SvfFactors factors, Optional<Matrix> weight, float[] bias) implements Linear {
        @Override
        public int in() {
            return factors.v().rows();
        }

        @Override
        public int out() {
            return factors.u().rows();
        }

        private void multiply(Backend backend, Step step, float[] x, Activations scratch, float[] y) {
            float[][] scales = step.scales(slot);
            if (weight.isEmpty()) {
                backend.svf().apply(step.phase(), factors, step.rows(), x, scales, scratch.rank, y);
            } else {
                Linear.multiply(backend, step, weight.get(), x, y);
                backend.svf().accumulate(step.phase(), factors, step.rows(), x, scales, scratch.rank, y);
            }
        }
    }
}
