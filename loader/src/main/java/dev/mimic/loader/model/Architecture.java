package dev.mimic.loader.model;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The families of decoder that run. */
public enum Architecture {
    LLAMA("LlamaForCausalLM", "llama", 2048),
    MISTRAL("MistralForCausalLM", "mistral", 131072),
    QWEN2("Qwen2ForCausalLM", "qwen2", 32768),
    QWEN3("Qwen3ForCausalLM", "qwen3", 32768);

    private final String className;
    private final String modelType;
    private final int defaultMaxPositions;

    Architecture(String className, String modelType, int defaultMaxPositions) {
        this.className = className;
        this.modelType = modelType;
        this.defaultMaxPositions = defaultMaxPositions;
    }

    /** Its name in {@code architectures} of config.json. */
    public String className() {
        return className;
    }

    /** Its name in {@code model_type} of config.json. */
    public String modelType() {
        return modelType;
    }

    /** What transformers takes for {@code max_position_embeddings} where config.json does not say. */
    int defaultMaxPositions() {
        return defaultMaxPositions;
    }

    static Optional<Architecture> ofClass(String className) {
        return Arrays.stream(values())
                .filter(a -> a.className.equals(className))
                .findFirst();
    }

    static Optional<Architecture> ofModelType(String modelType) {
        return Arrays.stream(values())
                .filter(a -> a.modelType.equals(modelType))
                .findFirst();
    }

    static List<String> classNames() {
        return Arrays.stream(values()).map(Architecture::className).toList();
    }
}
