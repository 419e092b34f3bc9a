package dev.mimic.loader.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ModelConfigTest {
    @Test
    void llamaOf2024IsReadWhole() {
        assertEquals(
                new ModelConfig(
                        Architecture.LLAMA,
                        2048,
                        8192,
                        16,
                        32,
                        8,
                        64,
                        128256,
                        131072,
                        1e-5f,
                        500000,
                        new RopeScaling.Llama3(32, 1, 4, 8192),
                        Integer.MAX_VALUE,
                        true,
                        false,
                        false,
                        false,
                        OptionalInt.of(128000),
                        List.of(128001, 128008, 128009)),
                Configs.read(Configs.LLAMA32));
    }

    @Test
    void aHeadSizeThatIsNotStatedIsTheShareOfTheHiddenSize() {
        assertEquals(64, Configs.read(Configs.SMOLLM2).headSize());
        assertEquals(
                64,
                Configs.read(Configs.with(Configs.SMOLLM2, "\"head_dim\": null"))
                        .headSize());
        assertEquals(
                128, Configs.read(Configs.without(Configs.QWEN3, "head_dim")).headSize());
    }

    @Test
    void keyValueHeadsThatAreNotStatedAreAsManyAsHeads() {
        assertEquals(
                9,
                Configs.read(Configs.without(Configs.SMOLLM2, "num_key_value_heads"))
                        .kvHeads());
        assertEquals(
                9,
                Configs.read(Configs.with(Configs.SMOLLM2, "\"num_key_value_heads\": null"))
                        .kvHeads());
    }

    @Test
    void defaultsAreThoseOfTransformers() {
        String bare = Configs.SMOLLM2;
        for (String name : List.of(
                "rms_norm_eps",
                "rope_theta",
                "tie_word_embeddings",
                "attention_bias",
                "mlp_bias",
                "bos_token_id",
                "eos_token_id",
                "max_position_embeddings",
                "hidden_act",
                "rope_scaling")) {
            bare = Configs.without(bare, name);
        }
        ModelConfig config = Configs.read(bare);
        assertEquals(1e-6f, config.rmsNormEpsilon());
        assertEquals(10000, config.ropeTheta());
        assertFalse(config.tiedHead());
        assertEquals(2048, config.maxPositions());
        assertEquals(OptionalInt.empty(), config.bosId());
        assertEquals(List.of(), config.eosIds());
        assertEquals(new RopeScaling.None(), config.ropeScaling());
    }

    @Test
    void biasesFollowTheArchitecture() {
        assertBiases(false, false, false, Configs.LLAMA32);
        assertBiases(true, true, false, Configs.with(Configs.LLAMA32, "\"attention_bias\": true"));
        assertBiases(false, false, true, Configs.with(Configs.LLAMA32, "\"mlp_bias\": true"));
        assertBiases(false, false, false, Configs.MISTRAL);
        assertBiases(true, false, false, Configs.QWEN2);
        assertBiases(false, false, false, Configs.QWEN3);
        assertBiases(true, true, false, Configs.with(Configs.QWEN3, "\"attention_bias\": true"));
    }

    @Test
    void theArchitectureIsFoundByModelTypeWhereItIsNotNamed() {
        assertEquals(
                Architecture.QWEN2,
                Configs.read(Configs.without(Configs.QWEN2, "architectures")).architecture());
        assertEquals(
                Architecture.QWEN3,
                Configs.read(Configs.without(Configs.QWEN3, "model_type")).architecture());
    }

    @Test
    void aMistralHasTheWindowItStatesNoneIfNullAndTheDefaultIfSilent() {
        assertEquals(4096, Configs.read(Configs.MISTRAL).slidingWindow());
        assertEquals(
                8,
                Configs.read(Configs.with(Configs.MISTRAL, "\"sliding_window\": 8"))
                        .slidingWindow());
        assertFalse(Configs.read(Configs.with(Configs.MISTRAL, "\"sliding_window\": null"))
                .hasSlidingWindow());
        assertEquals(
                4096,
                Configs.read(Configs.without(Configs.MISTRAL, "sliding_window")).slidingWindow());
    }

    @Test
    void aQwenHasItsWindowOnAllLayersOrOnNone() {
        assertFalse(Configs.read(Configs.QWEN2).hasSlidingWindow());
        String used = "\"use_sliding_window\": true, \"sliding_window\": 100, ";
        assertFalse(Configs.read(Configs.with(Configs.QWEN2, used + "\"max_window_layers\": 24"))
                .hasSlidingWindow());
        assertFalse(Configs.read(Configs.with(Configs.QWEN2, used + "\"max_window_layers\": null"))
                .hasSlidingWindow());
        assertEquals(
                100,
                Configs.read(Configs.with(Configs.QWEN2, used + "\"max_window_layers\": 0"))
                        .slidingWindow());
        assertEquals(
                100,
                Configs.read(Configs.with(
                                Configs.QWEN3,
                                used + "\"layer_types\": [\"sliding_attention\", \"sliding_attention\"]"))
                        .slidingWindow());
        assertFalse(Configs.read(Configs.with(Configs.QWEN3, used + "\"max_window_layers\": 0"))
                .hasSlidingWindow());
        assertRefused(
                "max_window_layers: expected 0 (all layers have the sliding window) or at least 24 (none has), a mixture"
                        + " is not supported, found 21",
                Configs.with(Configs.QWEN2, "\"use_sliding_window\": true"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"type": "linear", "factor": 2.5}                            | Linear[factor=2.5]
            {"rope_type": "linear", "type": "linear", "factor": 4}       | Linear[factor=4.0]
            {"rope_type": "dynamic", "factor": 2}                        | Dynamic[factor=2.0, originalMaxPositions=131072]
            {"rope_type": "dynamic", "factor": 2, "original_max_position_embeddings": 16} | Dynamic[factor=2.0, originalMaxPositions=16]
            {"rope_type": "default"}                                     | None[]
            {"rope_type": "default", "factor": 3}                        | None[]
            {}                                                           | None[]
            null                                                         | None[]
            """)
    void ropeScalingIsReadInBothSpellings(String scaling, String expected) {
        assertEquals(
                expected,
                Configs.read(Configs.with(Configs.LLAMA32, "\"rope_scaling\": " + scaling))
                        .ropeScaling()
                        .toString());
    }

    @Test
    void ropeParametersHoldThetaAndScaling() {
        assertEquals(1e6, Configs.read(Configs.QWEN3).ropeTheta());
        ModelConfig config = Configs.read(Configs.with(
                Configs.SMOLLM2,
                "\"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 2, \"rope_theta\": 100000.0}"));
        assertEquals(new RopeScaling.Linear(2), config.ropeScaling());
        assertEquals(100000, config.ropeTheta());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "architectures": ["GemmaForCausalLM"]  | architectures: expected one of [LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM], found [GemmaForCausalLM]
            "architectures": ["LlamaForCausalLM", "LlamaForCausalLM"] | architectures: expected one of
            "architectures": [], "model_type": "phi" | architectures: expected one of
            "architectures": "LlamaForCausalLM"    | architectures: expected a list, found the text "LlamaForCausalLM"
            "model_type": "mistral"                | model_type: expected 'llama' for LlamaForCausalLM, found 'mistral'
            "hidden_size": 0                       | hidden_size: expected an integer from 1 to 16777216, found 0
            "hidden_size": -4096                   | hidden_size: expected an integer from 1 to 16777216, found -4096
            "hidden_size": 2147483647              | hidden_size: expected an integer from 1 to 16777216, found 2147483647
            "hidden_size": 2147483648              | hidden_size: expected an integer of 32 bits, found 2147483648
            "hidden_size": 2048.0                  | hidden_size: expected an integer of 32 bits, found 2048.0
            "hidden_size": "2048"                  | hidden_size: expected an integer of 32 bits, found the text "2048"
            "hidden_size": null                    | hidden_size: missing
            "hidden_size": 2049, "head_dim": null  | hidden_size: expected a multiple of the 32 attention heads where head_dim is not given, found 2049
            "intermediate_size": 0                 | intermediate_size: expected an integer from 1 to 16777216, found 0
            "num_hidden_layers": 0                 | num_hidden_layers: expected an integer from 1 to 65536, found 0
            "num_hidden_layers": 1000000           | num_hidden_layers: expected an integer from 1 to 65536, found 1000000
            "num_attention_heads": 0               | num_attention_heads: expected an integer from 1 to
            "num_attention_heads": -1              | num_attention_heads: expected an integer from 1 to
            "num_key_value_heads": 0               | num_key_value_heads: expected an integer from 1 to 32, found 0
            "num_key_value_heads": 64              | num_key_value_heads: expected an integer from 1 to 32, found 64
            "num_key_value_heads": 7               | num_key_value_heads: expected a divisor of the 32 attention heads, found 7
            "head_dim": 63                         | head_dim: expected an even number, for rotary positions, found 63
            "head_dim": 0                          | head_dim: expected an integer from 2 to 16384, found 0
            "head_dim": 1000000                    | head_dim: expected an integer from 2 to 16384, found 1000000
            "vocab_size": 0                        | vocab_size: expected an integer from 1 to 16777216, found 0
            "max_position_embeddings": 0           | max_position_embeddings: expected an integer from 1 to 1073741824, found 0
            "rms_norm_eps": 0                      | rms_norm_eps: expected a number between 0 and 1, found 0.0
            "rms_norm_eps": -1e-5                  | rms_norm_eps: expected a number between 0 and 1, found
            "rms_norm_eps": 1e-60                  | rms_norm_eps: expected a number between 0 and 1, found 0.0
            "rms_norm_eps": "1e-5"                 | rms_norm_eps: expected a number, found the text "1e-5"
            "rope_theta": 0                        | rope_theta: expected a finite number above 0, found 0.0
            "bos_token_id": 128256                 | bos_token_id: expected an integer from 0 to 128255, found 128256
            "bos_token_id": -1                     | bos_token_id: expected an id from 0 on or a list of them, found -1
            "eos_token_id": [1, 128256]            | eos_token_id: expected an integer from 0 to 128255, found 128256
            "eos_token_id": [1, "2"]               | eos_token_id: expected an id from 0 on or a list of them, found 2
            "eos_token_id": 1.5                    | eos_token_id: expected an id from 0 on or a list of them, found 1.5
            "tie_word_embeddings": 1               | tie_word_embeddings: expected true or false, found 1
            "sliding_window": 4096                 | sliding_window: expected null for LlamaForCausalLM, found 4096
            "layer_types": ["full_attention", "sliding_attention"] | layer_types: expected 'full_attention' for every layer, found also [sliding_attention]
            "layer_types": ["full_attention"]      | layer_types: expected one for each of the 16 layers, found 1
            "rope_scaling": {"rope_type": "yarn", "factor": 4} | rope_scaling.rope_type: expected one of [default, linear, dynamic, llama3], found 'yarn'
            "rope_scaling": {"type": "longrope"}   | rope_scaling.type: expected one of [default, linear, dynamic, llama3], found 'longrope'
            "rope_scaling": {"type": "linear"}     | rope_scaling.factor: missing
            "rope_scaling": {"factor": 2}          | rope_scaling.rope_type: missing
            "rope_scaling": {"type": "linear", "factor": 0.5} | rope_scaling.factor: expected a finite number of at least 1, found 0.5
            "rope_scaling": {"type": "linear", "factor": 2, "attention_factor": 0.1} | rope_scaling.attention_factor: not supported, expected null
            "rope_scaling": {"rope_type": "dynamic", "factor": 2, "original_max_position_embeddings": 0} | rope_scaling.original_max_position_embeddings: expected an integer of at least 1, found 0
            "rope_scaling": {"rope_type": "llama3", "factor": 8} | rope_scaling.low_freq_factor: missing
            "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 0, "high_freq_factor": 4, "original_max_position_embeddings": 64} | rope_scaling.low_freq_factor: expected a number above 0, found 0.0
            "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 64} | rope_scaling.high_freq_factor: expected a number above low_freq_factor (4.0), found 4.0
            "rope_scaling": "linear"               | rope_scaling: expected an object, found the text "linear"
            "rope_parameters": {"rope_type": "default"} | rope_scaling: expected null beside rope_parameters, found another object
            "rope_scaling": null, "rope_parameters": {"rope_theta": 3.0} | rope_theta: expected 3.0 as in rope_parameters, found 500000.0
            "rope_scaling": null, "rope_parameters": {"full_attention": {"rope_type": "default"}} | rope_parameters.full_attention: expected one set of rotary parameters for all layers, found several
            "rope_scaling": {"rope_type": "default", "partial_rotary_factor": 0.5} | rope_scaling.partial_rotary_factor: expected 1, found 0.5
            "hidden_act": "gelu"                   | hidden_act: not supported, expected 'silu', found "gelu"
            "hidden_act": 1                        | hidden_act: not supported, expected 'silu', found 1
            "pretraining_tp": 2                    | pretraining_tp: not supported, expected 1, found 2
            "partial_rotary_factor": 0.5           | partial_rotary_factor: not supported, expected 1, found 0.5
            "quantization_config": {"bits": 4}     | quantization_config: not supported, expected null, found {"bits":4}
            "num_local_experts": 8                 | num_local_experts: not supported, expected null, found 8
            "mlp_only_layers": [0]                 | mlp_only_layers: not supported, expected null, found [0]
            "attn_logit_softcapping": 50.0         | attn_logit_softcapping: not supported, expected null, found 50.0
            "final_logit_softcapping": 30.0        | final_logit_softcapping: not supported, expected null, found 30.0
            "embedding_multiplier": 12.0           | embedding_multiplier: not supported, expected 1, found 12.0
            "residual_multiplier": 0.22            | residual_multiplier: not supported, expected 1, found 0.22
            "logits_scaling": 8                    | logits_scaling: not supported, expected 1, found 8
            "attention_multiplier": 0.0078125      | attention_multiplier: not supported, expected null, found 0.0078125
            "query_pre_attn_scalar": 256           | query_pre_attn_scalar: not supported, expected head_dim (64), found 256
            "no_rope_layers": [1, 0]               | no_rope_layers: not supported, expected 1 for every layer, found [1,0]
            "use_qk_norm": true                    | use_qk_norm: not supported, expected false for LlamaForCausalLM, found true
            "is_encoder_decoder": true             | is_encoder_decoder: not supported, expected null, found true
            "vision_config": {"a": 1}              | vision_config: not supported, expected null, found {"a":1}
            """)
    void whatIsOutOfRangeOrChangesTheMathIsRefusedByName(String edit, String message) {
        assertRefused(message, Configs.with(Configs.LLAMA32, edit));
    }

    @Test
    void numbersBeyondADoubleAreRefused() {
        assertRefused(
                "rope_theta: expected a finite number above 0, found Infinity",
                Configs.LLAMA32.replace("500000.0", "1e999"));
        assertRefused(
                "rope_scaling.factor: expected a finite number of at least 1, found Infinity",
                Configs.LLAMA32.replace("\"factor\": 32.0", "\"factor\": 1e999"));
    }

    @Test
    void biasesThatTheArchitectureLacksAreRefused() {
        assertRefused(
                "attention_bias: expected false for MistralForCausalLM, found true",
                Configs.with(Configs.MISTRAL, "\"attention_bias\": true"));
        assertRefused(
                "attention_bias: expected true for Qwen2ForCausalLM, found false",
                Configs.with(Configs.QWEN2, "\"attention_bias\": false"));
        assertRefused(
                "mlp_bias: expected false for Qwen3ForCausalLM, found true",
                Configs.with(Configs.QWEN3, "\"mlp_bias\": true"));
    }

    @Test
    void everyRequiredKeyThatIsMissingIsNamed() {
        for (String name :
                List.of("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size")) {
            assertRefused(name + ": missing", Configs.without(Configs.LLAMA32, name));
        }
    }

    @Test
    void valuesThatChangeNothingAreAccepted() {
        ModelConfig plain = Configs.read(Configs.LLAMA32);
        ModelConfig edited = Configs.read(Configs.with(Configs.LLAMA32, """
                "hidden_act": "swish", "quantization_config": null, "num_local_experts": 0, "mlp_only_layers": [],
                "pruned_heads": {}, "embedding_multiplier": 1.0, "query_pre_attn_scalar": 64, "no_rope_layers": [1, 1],
                "partial_rotary_factor": 1, "is_causal": true, "attention_dropout": 0.1, "some_new_key": {"a": [1]},
                "use_qk_norm": false, "rope_interleaved": false
                """));
        assertEquals(plain, edited);
    }

    @Test
    void theRecordItselfRefusesWhatIsOutOfRange() {
        ModelConfig good = Configs.read(Configs.LLAMA32);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> new ModelConfig(
                        good.architecture(),
                        good.hiddenSize(),
                        good.intermediateSize(),
                        good.layers(),
                        good.heads(),
                        good.kvHeads(),
                        good.headSize(),
                        good.vocabularySize(),
                        good.maxPositions(),
                        Float.NaN,
                        good.ropeTheta(),
                        good.ropeScaling(),
                        good.slidingWindow(),
                        true,
                        false,
                        false,
                        false,
                        good.bosId(),
                        good.eosIds()));
        assertEquals("rms_norm_eps: expected a number between 0 and 1, found NaN", e.getMessage());
    }

    private static void assertBiases(boolean attention, boolean output, boolean mlp, String json) {
        ModelConfig config = Configs.read(json);
        assertEquals(attention, config.attentionBias());
        assertEquals(output, config.outputBias());
        assertEquals(mlp, config.mlpBias());
    }

    private static void assertRefused(String message, String json) {
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> Configs.read(json));
        assertTrue(e.getMessage().startsWith("config.json: " + message), e.getMessage());
    }
}
