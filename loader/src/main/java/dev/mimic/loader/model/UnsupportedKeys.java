package dev.mimic.loader.model;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The keys of config.json that would change the math in ways that are not built, each with the values that change
 * nothing. Any other value is refused by the key's name. A key that is neither here nor read is taken for one that does
 * not touch the math (dropout, initializer_range, use_cache, dtype, …), as transformers takes it.
 */
final class UnsupportedKeys {
    /** Harmless only where absent, null, false, zero, empty. */
    private static final List<String> NEUTRAL_IF_EMPTY = List.of(
            // quantized weights
            "quantization_config",
            "quantization",
            "compression_config",
            // mixtures of experts
            "num_experts",
            "num_local_experts",
            "n_routed_experts",
            "n_shared_experts",
            "num_experts_per_tok",
            "moe_intermediate_size",
            "shared_expert_intermediate_size",
            "moe_layer_freq",
            "moe_layers",
            "mlp_only_layers",
            // attention
            "attn_logit_softcapping",
            "attention_softcap",
            "attention_multiplier",
            "attention_chunk_size",
            "attn_temperature_tuning",
            "alibi",
            "clip_qkv",
            "qk_layernorm",
            "qk_norm",
            "use_logn_attn",
            "dual_chunk_attention_config",
            "sliding_window_pattern",
            "cross_attention_layers",
            "add_cross_attention",
            "is_encoder_decoder",
            "use_bidirectional_attention",
            "attention_sinks",
            "kv_lora_rank",
            "q_lora_rank",
            "pruned_heads",
            // positions
            "no_rope_layer_interval",
            "nope_layer_interval",
            "rope_local_base_freq",
            "rope_interleave",
            "rope_interleaved",
            "use_dynamic_ntk",
            "use_mrope",
            // residual stream and head
            "final_logit_softcapping",
            "logits_soft_cap",
            "scale_depth",
            "dim_model_base",
            "use_parallel_residual",
            "parallel_attn",
            "scale_embedding",
            "post_norm",
            "norm_after",
            // other inputs than text
            "vision_config",
            "audio_config",
            "text_config");

    /** Harmless only where absent, null or one. */
    private static final List<String> NEUTRAL_IF_ONE = List.of(
            "pretraining_tp",
            "partial_rotary_factor",
            "rotary_pct",
            "embedding_multiplier",
            "residual_multiplier",
            "logits_scaling",
            "logit_scale",
            "scale_emb",
            "embedding_scale",
            "lm_head_multiplier",
            "key_multiplier");

    private static final List<String> ACTIVATIONS = List.of("hidden_act", "hidden_activation", "activation_function");

    private final JsonObject json;
    private final Architecture architecture;
    private final int headSize;

    UnsupportedKeys(JsonObject json, Architecture architecture, int headSize) {
        this.json = json;
        this.architecture = architecture;
        this.headSize = headSize;
    }

    /** Refuses the first key that is not neutral. */
    void check() {
        ACTIVATIONS.forEach(key -> allow(key, "'silu'", Set.of("silu", "swish")::contains));
        NEUTRAL_IF_EMPTY.forEach(key -> allow(key, "null", UnsupportedKeys::isEmpty));
        NEUTRAL_IF_ONE.forEach(key -> allow(key, "1", UnsupportedKeys::isOne));
        allow(
                "query_pre_attn_scalar",
                "head_dim (" + headSize + ")",
                value -> value instanceof Number n && n.doubleValue() == headSize);
        allow(
                "no_rope_layers",
                "1 for every layer",
                value -> value instanceof List<?> list && list.stream().allMatch(UnsupportedKeys::isOne));
        allow("is_causal", "true", Boolean.TRUE::equals);
        boolean normed = architecture == Architecture.QWEN3;
        allow("use_qk_norm", normed + " for " + architecture.className(), value -> value.equals(normed));
    }

    private void allow(String key, String expected, Predicate<Object> neutral) {
        Object value = json.get(key);
        if (value != null && !neutral.test(value)) {
            String found = Json.write(value);
            throw json.invalid(
                    key,
                    "not supported, expected " + expected + ", found "
                            + (found.length() <= 80 ? found : found.substring(0, 79) + "…"));
        }
    }

    private static boolean isEmpty(Object value) {
        return switch (value) {
            case Boolean b -> !b;
            case Number n -> n.doubleValue() == 0;
            case List<?> list -> list.isEmpty();
            case Map<?, ?> map -> map.isEmpty();
            default -> false;
        };
    }

    private static boolean isOne(Object value) {
        return value instanceof Number n && n.doubleValue() == 1;
    }
}
