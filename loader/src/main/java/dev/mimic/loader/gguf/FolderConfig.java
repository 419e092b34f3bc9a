package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What config.json and generation_config.json of the imported folder say. */
final class FolderConfig {
    private FolderConfig() {}

    /** The fields of config.json. */
    static Map<String, Object> config(
            GgufFile file, GgufShape shape, TensorPlan plan, GgufVocabulary words, DType dtype) {
        Map<String, Object> config = new LinkedHashMap<>();
        String type = modelType(file, shape, plan);
        config.put("architectures", List.of(architecture(type)));
        config.put("model_type", type);
        config.put("hidden_act", "silu");
        config.put("hidden_size", shape.hiddenSize());
        config.put("intermediate_size", shape.feedForwardSize());
        config.put("num_hidden_layers", shape.layers());
        config.put("num_attention_heads", shape.heads());
        config.put("num_key_value_heads", shape.kvHeads());
        config.put("head_dim", shape.headSize());
        config.put("vocab_size", shape.vocabularySize());
        config.put("max_position_embeddings", shape.contextLength());
        config.put("rms_norm_eps", shape.rmsNormEpsilon());
        config.put("rope_theta", shape.ropeTheta());
        config.put("rope_scaling", ropeScaling(file, shape));
        switch (type) {
            case "llama" -> {
                config.put("attention_bias", plan.attentionBias());
                config.put("mlp_bias", plan.mlpBias());
            }
            case "mistral" -> config.put("sliding_window", shape.slidingWindow().orElseThrow());
            case "qwen3" -> {
                config.put("attention_bias", plan.attentionBias());
                config.put("use_sliding_window", false);
            }
            default -> config.put("use_sliding_window", false);
        }
        config.put("tie_word_embeddings", plan.tiedHead());
        words.bos().ifPresent(id -> config.put("bos_token_id", id));
        words.eos().ifPresent(id -> config.put("eos_token_id", id));
        words.pad().ifPresent(id -> config.put("pad_token_id", id));
        config.put("torch_dtype", torchName(dtype));
        return config;
    }

    /** The fields of generation_config.json: where generation begins and stops. */
    static Map<String, Object> generation(GgufVocabulary words) {
        Map<String, Object> config = new LinkedHashMap<>();
        words.bos().ifPresent(id -> config.put("bos_token_id", id));
        List<Integer> stops = words.stops();
        if (!stops.isEmpty()) {
            config.put("eos_token_id", stops.size() == 1 ? stops.getFirst() : stops);
        }
        words.pad().ifPresent(id -> config.put("pad_token_id", id));
        return config;
    }

    /** Llama and Mistral share one GGUF architecture; only a sliding window tells them apart. */
    private static String modelType(GgufFile file, GgufShape shape, TensorPlan plan) {
        String key = shape.architecture().key();
        boolean llama = shape.architecture() == GgufArchitecture.LLAMA;
        if (shape.slidingWindow().isPresent() && !llama) {
            throw file.metadata()
                    .invalid(
                            key + ".attention.sliding_window",
                            "expected none for " + key + ", found "
                                    + shape.slidingWindow().get());
        }
        boolean mistral = shape.slidingWindow().isPresent();
        if ((plan.mlpBias() && (!llama || mistral)) || (plan.attentionBias() && mistral)) {
            throw new InvalidModelException(
                    file.path(), "biases: expected none for " + (mistral ? "mistral" : key) + ", found some");
        }
        return mistral ? "mistral" : key;
    }

    private static String architecture(String modelType) {
        return modelType.substring(0, 1).toUpperCase(Locale.ROOT) + modelType.substring(1) + "ForCausalLM";
    }

    private static Map<String, Object> ropeScaling(GgufFile file, GgufShape shape) {
        Optional<Map<String, Object>> factors = RopeFactors.scaling(file, shape);
        if (factors.isPresent() && shape.linearRopeFactor().isPresent()) {
            throw file.metadata()
                    .invalid(
                            shape.architecture().key() + ".rope.scaling.factor",
                            "expected no linear scaling beside tensor '" + RopeFactors.TENSOR + "', found "
                                    + shape.linearRopeFactor().get());
        }
        return factors.or(() -> shape.linearRopeFactor().map(factor -> Map.of("rope_type", "linear", "factor", factor)))
                .orElse(null);
    }

    private static String torchName(DType dtype) {
        return switch (dtype) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> throw new IllegalArgumentException("import: expected F32, F16 or BF16, got " + dtype);
        };
    }
}
