package dev.mimic.loader.model;

import dev.mimic.loader.json.JsonObject;
import java.util.List;
import java.util.Optional;

/** One reading of a config.json. Defaults are those of transformers' configuration classes. */
final class ModelConfigReader {
    private static final int NO_WINDOW = Integer.MAX_VALUE;

    private final JsonObject json;
    private final Architecture architecture;

    ModelConfigReader(JsonObject json) {
        this.json = json;
        this.architecture = architecture(json);
    }

    ModelConfig read() {
        int hiddenSize = required("hidden_size");
        int layers = required("num_hidden_layers");
        int heads = required("num_attention_heads");
        Checks.range("num_attention_heads", 1, Integer.MAX_VALUE, heads);
        int headSize = headSize(hiddenSize, heads);
        int maxPositions = json.integer("max_position_embeddings").orElse(architecture.defaultMaxPositions());
        new UnsupportedKeys(json, architecture, headSize).check();
        RopeReader rope = new RopeReader(json, maxPositions);
        boolean attentionBias = attentionBias();
        return new ModelConfig(
                architecture,
                hiddenSize,
                required("intermediate_size"),
                layers,
                heads,
                json.integer("num_key_value_heads").orElse(heads),
                headSize,
                required("vocab_size"),
                maxPositions,
                json.number("rms_norm_eps").orElse(1e-6).floatValue(),
                rope.theta(),
                rope.scaling(),
                slidingWindow(layers),
                json.bool("tie_word_embeddings").orElse(false),
                attentionBias,
                attentionBias && architecture != Architecture.QWEN2,
                mlpBias(),
                TokenIds.one(json, "bos_token_id"),
                TokenIds.several(json, "eos_token_id"));
    }

    private static Architecture architecture(JsonObject json) {
        List<Object> named = json.list("architectures").orElse(List.of());
        Optional<String> modelType = json.text("model_type");
        if (named.isEmpty()) {
            return modelType
                    .flatMap(Architecture::ofModelType)
                    .orElseThrow(() -> json.invalid(
                            "architectures",
                            "expected one of " + Architecture.classNames() + ", found nothing, and model_type is "
                                    + modelType.orElse("missing")));
        }
        Architecture architecture = (named.size() == 1 && named.getFirst() instanceof String name
                        ? Architecture.ofClass(name)
                        : Optional.<Architecture>empty())
                .orElseThrow(() -> json.invalid(
                        "architectures", "expected one of " + Architecture.classNames() + ", found " + named));
        if (modelType.isPresent() && !modelType.get().equals(architecture.modelType())) {
            throw json.invalid(
                    "model_type",
                    "expected '" + architecture.modelType() + "' for " + architecture.className() + ", found '"
                            + modelType.get() + "'");
        }
        return architecture;
    }

    private int headSize(int hiddenSize, int heads) {
        Optional<Integer> stated = json.integer("head_dim");
        if (stated.isPresent()) {
            return stated.get();
        }
        if (architecture == Architecture.QWEN3 && !json.names().contains("head_dim")) {
            return 128; // Qwen3Config
        }
        Checks.require(
                hiddenSize % heads == 0,
                "hidden_size",
                "a multiple of the " + heads + " attention heads where head_dim is not given",
                hiddenSize);
        return hiddenSize / heads;
    }

    private boolean attentionBias() {
        Optional<Boolean> stated = json.bool("attention_bias");
        return switch (architecture) {
            case LLAMA, QWEN3 -> stated.orElse(false);
            case MISTRAL -> fixed("attention_bias", stated, false);
            case QWEN2 -> fixed("attention_bias", stated, true);
        };
    }

    private boolean mlpBias() {
        Optional<Boolean> stated = json.bool("mlp_bias");
        return architecture == Architecture.LLAMA ? stated.orElse(false) : fixed("mlp_bias", stated, false);
    }

    private boolean fixed(String key, Optional<Boolean> stated, boolean value) {
        if (stated.isPresent() && stated.get() != value) {
            throw json.invalid(
                    key, "expected " + value + " for " + architecture.className() + ", found " + stated.get());
        }
        return value;
    }

    /** One window for all layers, or none; a model whose layers differ is refused by the key that says so. */
    private int slidingWindow(int layers) {
        Optional<Integer> stated = json.integer("sliding_window");
        int window = switch (architecture) {
            case LLAMA -> {
                if (stated.isPresent()) {
                    throw json.invalid(
                            "sliding_window",
                            "expected null for " + architecture.className() + ", found " + stated.get());
                }
                yield NO_WINDOW;
            }
            case MISTRAL -> json.names().contains("sliding_window") ? stated.orElse(NO_WINDOW) : 4096;
            case QWEN2, QWEN3 -> qwenWindow(stated, layers);
        };
        checkLayerTypes(layers, window);
        return window;
    }

    /** Layers from max_window_layers on have the window, if use_sliding_window is set (Qwen2Config). */
    private int qwenWindow(Optional<Integer> stated, int layers) {
        if (!json.bool("use_sliding_window").orElse(false)) {
            return NO_WINDOW;
        }
        int window = json.names().contains("sliding_window") ? stated.orElse(NO_WINDOW) : 4096;
        if (window == NO_WINDOW || json.list("layer_types").isPresent()) {
            return json.list("layer_types").orElse(List.of()).contains("sliding_attention") ? window : NO_WINDOW;
        }
        int first = json.integer("max_window_layers").orElse(28);
        if (first > 0 && first < layers) {
            throw json.invalid(
                    "max_window_layers",
                    "expected 0 (all layers have the sliding window) or at least " + layers
                            + " (none has), a mixture is not supported, found " + first);
        }
        return first >= layers ? NO_WINDOW : window;
    }

    private void checkLayerTypes(int layers, int window) {
        Optional<List<Object>> types = json.list("layer_types");
        if (types.isEmpty()) {
            return;
        }
        String expected = window == NO_WINDOW ? "full_attention" : "sliding_attention";
        List<Object> others = types.get().stream()
                .filter(type -> !expected.equals(type))
                .distinct()
                .limit(3)
                .toList();
        if (!others.isEmpty()) {
            throw json.invalid("layer_types", "expected '" + expected + "' for every layer, found also " + others);
        }
        if (types.get().size() != layers) {
            throw json.invalid(
                    "layer_types",
                    "expected one for each of the " + layers + " layers, found "
                            + types.get().size());
        }
    }

    private int required(String key) {
        return json.integer(key).orElseThrow(() -> json.missing(key));
    }
}
