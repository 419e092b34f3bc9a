package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which tensor of a GGUF file becomes which of the Hugging Face folder. Every tensor the model needs must be there with
 * its shape, and no tensor may be left over.
 *
 * @param tensors in the order they are written
 * @param tiedHead whether the output head is the embedding
 * @param attentionBias whether q, k, v (and o, but in Qwen2) have a bias
 * @param mlpBias whether gate, up and down have a bias
 */
record TensorPlan(List<Planned> tensors, boolean tiedHead, boolean attentionBias, boolean mlpBias) {
    static final String EMBEDDING = "token_embd.weight";
    private static final String HEAD = "output.weight";

    TensorPlan {
        tensors = List.copyOf(tensors);
    }

    /**
     * One tensor.
     *
     * @param name its Hugging Face name
     * @param source where its elements lie
     * @param interleavedHeads heads whose rows are stored for interleaved rotation; 0 if rows keep their order
     */
    record Planned(String name, GgufTensor source, int interleavedHeads) {}

    /** Finds every tensor. */
    static TensorPlan of(GgufFile file, GgufShape shape) {
        return new Collector(file, shape).collect();
    }

    /** Takes the tensors of a file one by one, so that the rest can be named. */
    private static final class Collector {
        private final Path path;
        private final GgufShape shape;
        private final Map<String, GgufTensor> left;
        private final List<Planned> planned = new ArrayList<>();

        Collector(GgufFile file, GgufShape shape) {
            path = file.path();
            this.shape = shape;
            left = new LinkedHashMap<>(file.tensors());
            left.remove(RopeFactors.TENSOR);
        }

        TensorPlan collect() {
            boolean attentionBias =
                    shape.architecture() == GgufArchitecture.QWEN2 || left.containsKey("blk.0.attn_q.bias");
            boolean mlpBias = left.containsKey("blk.0.ffn_up.bias");
            long hidden = shape.hiddenSize();
            take(EMBEDDING, "model.embed_tokens.weight", 0, shape.vocabularySize(), hidden);
            for (int layer = 0; layer < shape.layers(); layer++) {
                String from = "blk." + layer + ".";
                String to = "model.layers." + layer + ".";
                take(from + "attn_norm.weight", to + "input_layernorm.weight", 0, hidden);
                attention(from + "attn_", to + "self_attn.", attentionBias);
                take(from + "ffn_norm.weight", to + "post_attention_layernorm.weight", 0, hidden);
                long wide = shape.feedForwardSize();
                linear(from + "ffn_gate", to + "mlp.gate_proj", 0, wide, hidden, mlpBias);
                linear(from + "ffn_up", to + "mlp.up_proj", 0, wide, hidden, mlpBias);
                linear(from + "ffn_down", to + "mlp.down_proj", 0, hidden, wide, mlpBias);
            }
            take("output_norm.weight", "model.norm.weight", 0, hidden);
            boolean tied = !left.containsKey(HEAD);
            if (!tied) {
                take(HEAD, "lm_head.weight", 0, shape.vocabularySize(), hidden);
            }
            if (!left.isEmpty()) {
                throw invalid(
                        left.keySet().iterator().next(),
                        "expected tensors of a plain " + shape.architecture().key()
                                + " model only, found one that is not supported");
            }
            return new TensorPlan(planned, tied, attentionBias, mlpBias);
        }

        private void attention(String from, String to, boolean bias) {
            long hidden = shape.hiddenSize();
            boolean interleaved = shape.architecture().interleaved();
            linear(from + "q", to + "q_proj", interleaved ? shape.heads() : 0, shape.queryWidth(), hidden, bias);
            linear(from + "k", to + "k_proj", interleaved ? shape.kvHeads() : 0, shape.keyWidth(), hidden, bias);
            linear(from + "v", to + "v_proj", 0, shape.keyWidth(), hidden, bias);
            boolean outputBias = bias && shape.architecture() != GgufArchitecture.QWEN2;
            linear(from + "output", to + "o_proj", 0, hidden, shape.queryWidth(), outputBias);
            if (shape.architecture() == GgufArchitecture.QWEN3) {
                take(from + "q_norm.weight", to + "q_norm.weight", 0, shape.headSize());
                take(from + "k_norm.weight", to + "k_norm.weight", 0, shape.headSize());
            }
        }

        private void linear(String from, String to, int interleavedHeads, long out, long in, boolean bias) {
            take(from + ".weight", to + ".weight", interleavedHeads, out, in);
            if (bias) {
                take(from + ".bias", to + ".bias", interleavedHeads, out);
            }
        }

        private void take(String from, String to, int interleavedHeads, long... expected) {
            GgufTensor source = left.remove(from);
            List<Long> dimensions = Arrays.stream(expected).boxed().toList();
            if (source == null) {
                throw invalid(from, "missing, expected shape " + dimensions);
            }
            if (!source.shape().equals(dimensions)) {
                throw invalid(from, "expected shape " + dimensions + ", found " + source.shape());
            }
            planned.add(new Planned(to, source, interleavedHeads));
        }

        private InvalidModelException invalid(String tensor, String problem) {
            return new InvalidModelException(path, "tensor '" + tensor + "': " + problem);
        }
    }
}
