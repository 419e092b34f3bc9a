package dev.mimic.loader.model;

import dev.mimic.loader.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the rotary embedding of a config.json: {@code rope_theta} and {@code rope_scaling}, or {@code rope_parameters}
 * that holds both (transformers 5).
 */
final class RopeReader {
    private static final double DEFAULT_THETA = 10000;

    /** Keys of the scalings that are not built; harmless where null. */
    private static final List<String> REFUSED = List.of(
            "attention_factor",
            "beta_fast",
            "beta_slow",
            "long_factor",
            "mrope_interleaved",
            "mrope_section",
            "mscale",
            "mscale_all_dim",
            "short_factor",
            "truncate");

    private final JsonObject json;
    private final Optional<JsonObject> parameters;
    private final int maxPositions;

    RopeReader(JsonObject json, int maxPositions) {
        this.json = json;
        this.maxPositions = maxPositions;
        Optional<JsonObject> scaling = json.object("rope_scaling");
        Optional<JsonObject> newer = json.object("rope_parameters");
        if (scaling.isPresent()
                && newer.isPresent()
                && !scaling.get().asMap().equals(newer.get().asMap())) {
            throw json.invalid("rope_scaling", "expected null beside rope_parameters, found another object");
        }
        this.parameters = newer.or(() -> scaling);
    }

    double theta() {
        Optional<Double> outside = json.number("rope_theta");
        Optional<Double> inside = parameters.flatMap(p -> p.number("rope_theta"));
        if (outside.isPresent() && inside.isPresent() && !outside.equals(inside)) {
            throw json.invalid(
                    "rope_theta", "expected " + inside.get() + " as in rope_parameters, found " + outside.get());
        }
        return inside.or(() -> outside).orElse(DEFAULT_THETA);
    }

    RopeScaling scaling() {
        if (parameters.isEmpty()) {
            return new RopeScaling.None();
        }
        JsonObject rope = parameters.get();
        refuseWhatIsNotBuilt(rope);
        String type = rope.text("rope_type").or(() -> rope.text("type")).orElse(null);
        if (type == null) {
            if (rope.has("factor")) {
                throw rope.missing("rope_type");
            }
            type = "default";
        }
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(number(rope, "factor"));
            case "dynamic" ->
                new RopeScaling.Dynamic(
                        number(rope, "factor"),
                        rope.integer("original_max_position_embeddings").orElse(maxPositions));
            case "llama3" ->
                new RopeScaling.Llama3(
                        number(rope, "factor"),
                        number(rope, "low_freq_factor"),
                        number(rope, "high_freq_factor"),
                        rope.integer("original_max_position_embeddings")
                                .orElseThrow(() -> rope.missing("original_max_position_embeddings")));
            default ->
                throw rope.invalid(
                        rope.has("rope_type") ? "rope_type" : "type",
                        "expected one of [default, linear, dynamic, llama3], found '" + type + "'");
        };
    }

    private static void refuseWhatIsNotBuilt(JsonObject rope) {
        for (String key : REFUSED) {
            if (rope.has(key)) {
                throw rope.invalid(key, "not supported, expected null");
            }
        }
        rope.number("partial_rotary_factor").ifPresent(share -> {
            if (share != 1) {
                throw rope.invalid("partial_rotary_factor", "expected 1, found " + share);
            }
        });
        for (Map.Entry<String, Object> entry : rope.asMap().entrySet()) {
            if (entry.getValue() instanceof Map<?, ?>) {
                throw rope.invalid(
                        entry.getKey(), "expected one set of rotary parameters for all layers, found several");
            }
        }
    }

    private static double number(JsonObject rope, String key) {
        return rope.number(key).orElseThrow(() -> rope.missing(key));
    }
}
