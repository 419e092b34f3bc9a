package dev.mimic.engine;

import dev.mimic.engine.model.LowRankFactors;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a request carries to adapt the model: data, applied to its rows alone. */
public sealed interface Adapter {
    /** The base model. */
    Adapter NONE = new None();

    /** The base model. */
    record None() implements Adapter {}

    /**
     * Singular values scaled: {@code W' = U diag(sigma .* z) Vᵀ}.
     *
     * @param z by whole weight name, each [rank held]; copied, and to be left unchanged by readers. A weight that is not
     *     named keeps its singular values
     */
    record Scaling(Map<String, float[]> z) implements Adapter {
        public Scaling {
            Map<String, float[]> copy = new LinkedHashMap<>();
            z.forEach((name, values) -> copy.put(name, values.clone()));
            z = Collections.unmodifiableMap(copy);
        }
    }

    /**
     * Low-rank changes (LoRA): {@code W' = W + scale · B A}, applied as {@code y += scale · B (A x)}. Needs no factors.
     *
     * @param weights by whole weight name; a weight that is not named stays that of the base model
     */
    record LowRank(Map<String, LowRankFactors> weights) implements Adapter {
        public LowRank {
            weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
        }
    }
}
