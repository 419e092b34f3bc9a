package dev.mimic.adapt.gradient;

import dev.mimic.testkit.RandomFolder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes folders small enough for gradients by differences: two layers, four heads on two, an untied head. */
final class TinyModel {
    private static final Map<String, Object> SIZES = Map.of(
            "hidden_size", 24,
            "intermediate_size", 40,
            "num_hidden_layers", 2,
            "num_attention_heads", 4,
            "vocab_size", 50,
            "max_position_embeddings", 128);

    private TinyModel() {}

    /**
     * Writes a folder.
     *
     * @param type llama, mistral, qwen2 or qwen3
     * @param changes keys of config.json that differ
     */
    static Path write(Path folder, String type, String className, Map<String, Object> changes) {
        Map<String, Object> all = new LinkedHashMap<>(SIZES);
        all.putAll(changes);
        return RandomFolder.write(folder, type, className, 41, all);
    }
}
