package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.TransformerWeights;
import java.util.Set;

/** Which weights are trained, and how. */
sealed interface Trained {
    /** Whole names. */
    Set<String> names();

    /** Singular values of weights that are in factors. */
    record Scaling(Set<String> names) implements Trained {}

    /**
     * Low-rank changes.
     *
     * @param rank of all of them
     * @param dropout share of the elements of x that they do not see
     */
    record LowRank(Set<String> names, int rank, double dropout) implements Trained {}

    default boolean contains(Linear linear) {
        return names().contains(linear.name());
    }

    /** The elements of a row's {@code Vᵀ x} that the backward pass needs of the forward pass; 0 for none. */
    default int projection(Linear linear) {
        return this instanceof Scaling && linear instanceof Linear.Svf svf && contains(linear)
                ? svf.factors().rank()
                : 0;
    }

    /** Whether a low-rank change of a weight is trained: its backward pass needs the weight's input. */
    default boolean needsInput(Linear linear) {
        return this instanceof LowRank && contains(linear);
    }

    /** Whether a weight of a layer's attention is trained. */
    default boolean attention(TransformerWeights.Block block) {
        TransformerWeights.Attention attention = block.attention();
        return contains(attention.q()) || contains(attention.k()) || contains(attention.v()) || contains(attention.o());
    }
}
