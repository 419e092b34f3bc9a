package dev.mimic.engine.model;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfFactors;
import java.util.Optional;

/** A linear layer, {@code y = W x + bias}: its weight as it is, or taken apart so that every row may scale it. Read only. */
public sealed interface Linear {
    /** The weight's whole name. */
    String name();

    /** The layer's place among all linear layers of the model, where an adapter keeps its low-rank pair. */
    int place();

    /** Elements of x. */
    int in();

    /** Elements of y. */
    int out();

    /** [out], or empty for none. */
    float[] bias();

    /**
     * A weight as it lies on disk.
     *
     * @param weight [out, in]
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Dense(String name, int place, Matrix weight, float[] bias) implements Linear {
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
    record Svf(String name, int place, int slot, SvfFactors factors, Optional<Matrix> weight, float[] bias)
            implements Linear {
        @Override
        public int in() {
            return factors.in();
        }

        @Override
        public int out() {
            return factors.out();
        }
    }
}
