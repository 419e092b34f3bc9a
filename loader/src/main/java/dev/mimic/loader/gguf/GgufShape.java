package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import java.util.Optional;
import java.util.Set;

/**
 * What a GGUF file says of its model's form. Every key of the architecture is either honoured here, known to be without
 * effect, or refused by name.
 *
 * @param hiddenSize width of the residual
 * @param feedForwardSize width of the feed-forward layer
 * @param headSize width of one head of q, k and v
 * @param vocabularySize rows of the embedding
 * @param slidingWindow positions that attention sees; empty for all
 * @param linearRopeFactor positions are divided by it; empty for none
 */
record GgufShape(
        GgufArchitecture architecture,
        int layers,
        int hiddenSize,
        int feedForwardSize,
        int heads,
        int kvHeads,
        int headSize,
        int vocabularySize,
        int contextLength,
        Number rmsNormEpsilon,
        Number ropeTheta,
        Optional<Integer> slidingWindow,
        Optional<Number> linearRopeFactor) {
    private static final int MAX_SIZE = 1 << 24;
    private static final int MAX_LAYERS = 4096;

    /** Keys without effect on this runtime's arithmetic: descriptions, layouts of long ago, settings of other samplers. */
    private static final Set<String> WITHOUT_EFFECT =
            Set.of("tensor_data_layout", "attention.causal", "rope.scaling.finetuned", "use_parallel_residual");

    private static final Set<String> HONOURED = Set.of(
            "block_count",
            "context_length",
            "embedding_length",
            "feed_forward_length",
            "attention.head_count",
            "attention.head_count_kv",
            "attention.key_length",
            "attention.value_length",
            "attention.layer_norm_rms_epsilon",
            "attention.sliding_window",
            "rope.freq_base",
            "rope.dimension_count",
            "rope.scaling.type",
            "rope.scaling.factor",
            "rope.scaling.original_context_length",
            "rope.scale_linear",
            "vocab_size",
            "expert_count",
            "expert_used_count");

    /** Reads and checks the form. */
    static GgufShape read(GgufFile file) {
        GgufMetadata metadata = file.metadata();
        GgufArchitecture architecture = GgufArchitecture.of(metadata);
        Keys keys = new Keys(metadata, architecture.key() + ".");
        keys.refuseUnknown();
        int hidden = keys.size("embedding_length");
        int heads = keys.size("attention.head_count");
        int kvHeads = keys.has("attention.head_count_kv") ? keys.size("attention.head_count_kv") : heads;
        int headSize = keys.has("attention.key_length") ? keys.size("attention.key_length") : hidden / heads;
        if (!keys.has("attention.key_length") && hidden % heads != 0) {
            throw keys.invalid(
                    "attention.head_count", "expected a divisor of embedding_length " + hidden + ", found " + heads);
        }
        if (heads % kvHeads != 0) {
            throw keys.invalid(
                    "attention.head_count_kv", "expected a divisor of head_count " + heads + ", found " + kvHeads);
        }
        if (headSize % 2 != 0) {
            throw keys.invalid("attention.key_length", "expected an even number, found " + headSize);
        }
        keys.expect("attention.value_length", headSize);
        keys.expect("rope.dimension_count", headSize);
        keys.expect("expert_count", 0);
        keys.expect("expert_used_count", 0);
        return new GgufShape(
                architecture,
                keys.size("block_count", MAX_LAYERS),
                hidden,
                keys.size("feed_forward_length"),
                heads,
                kvHeads,
                headSize,
                vocabulary(file, keys, hidden),
                keys.size("context_length"),
                keys.positive("attention.layer_norm_rms_epsilon")
                        .orElseThrow(() -> keys.missing("attention.layer_norm_rms_epsilon")),
                keys.positive("rope.freq_base").orElse(10000f),
                slidingWindow(keys),
                linearFactor(keys));
    }

    private static int vocabulary(GgufFile file, Keys keys, int hidden) {
        GgufTensor embedding = file.tensor(TensorPlan.EMBEDDING)
                .orElseThrow(() -> keys.metadata().invalid("tensor '" + TensorPlan.EMBEDDING + "'", "missing"));
        if (embedding.shape().size() != 2 || embedding.rowLength() != hidden || embedding.rows() > MAX_SIZE) {
            throw keys.metadata()
                    .invalid(
                            "tensor '" + TensorPlan.EMBEDDING + "'",
                            "expected shape [vocabulary, " + hidden + "], found " + embedding.shape());
        }
        int rows = (int) embedding.rows();
        keys.expect("vocab_size", rows);
        return rows;
    }

    private static Optional<Integer> slidingWindow(Keys keys) {
        String key = "attention.sliding_window";
        return keys.has(key) && !keys.is(key, 0) ? Optional.of(keys.size(key)) : Optional.empty();
    }

    private static Optional<Number> linearFactor(Keys keys) {
        String type = keys.metadata().text(keys.name("rope.scaling.type")).orElse("");
        Optional<Number> factor = keys.positive("rope.scaling.factor").or(() -> keys.positive("rope.scale_linear"));
        return switch (type) {
            case "none" -> Optional.empty();
            case "", "linear" -> factor.filter(value -> value.doubleValue() != 1);
            default -> throw keys.invalid("rope.scaling.type", "expected none or linear, found " + type);
        };
    }

    /** The keys of one architecture. */
    private record Keys(GgufMetadata metadata, String prefix) {
        String name(String key) {
            return prefix + key;
        }

        boolean has(String key) {
            return metadata.has(prefix + key);
        }

        boolean is(String key, int value) {
            return metadata.integer(prefix + key).equals(Optional.of(value));
        }

        int size(String key) {
            return size(key, MAX_SIZE);
        }

        int size(String key, int most) {
            int value = metadata.integer(prefix + key).orElseThrow(() -> missing(key));
            if (value < 1 || value > most) {
                throw invalid(key, "expected 1 to " + most + ", found " + value);
            }
            return value;
        }

        Optional<Number> positive(String key) {
            Optional<Number> number = metadata.number(prefix + key);
            if (number.isPresent()
                    && !(number.get().doubleValue() > 0
                            && Double.isFinite(number.get().doubleValue()))) {
                throw invalid(key, "expected a positive number, found " + number.get());
            }
            return number;
        }

        void expect(String key, int value) {
            if (has(key) && !is(key, value)) {
                throw invalid(
                        key,
                        "expected " + value + ", found "
                                + metadata.integer(prefix + key).orElseThrow() + " (not supported)");
            }
        }

        void refuseUnknown() {
            for (String key : metadata.keys()) {
                if (key.startsWith(prefix)) {
                    String rest = key.substring(prefix.length());
                    if (!HONOURED.contains(rest) && !WITHOUT_EFFECT.contains(rest)) {
                        throw metadata.invalid(
                                key,
                                "expected a key of a plain " + prefix.replace(".", "")
                                        + " model, found one that is not supported");
                    }
                }
            }
        }

        InvalidModelException invalid(String key, String problem) {
            return metadata.invalid(prefix + key, problem);
        }

        InvalidModelException missing(String key) {
            return invalid(key, "missing");
        }
    }

    /** Rows of q: all heads. */
    int queryWidth() {
        return heads * headSize;
    }

    /** Rows of k and v. */
    int keyWidth() {
        return kvHeads * headSize;
    }
}
