package dev.mimic.adapt.comparison;

import dev.mimic.engine.Adapter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * A mixture of experts that a few-shot search found for a task.
 *
 * @param file its name, for reports
 * @param experts files of the experts that are mixed
 * @param alpha weights of the experts: one each, or one for each layer
 * @param parameters numbers of all the experts, and the weights
 * @param seconds of the search, where it was done now
 */
public record Mixture(
        String file,
        List<String> experts,
        Map<String, double[]> alpha,
        Adapter.Scaling scaling,
        int parameters,
        OptionalDouble seconds) {
    public Mixture {
        experts = List.copyOf(experts);
        alpha = Collections.unmodifiableMap(new LinkedHashMap<>(alpha));
    }
}
