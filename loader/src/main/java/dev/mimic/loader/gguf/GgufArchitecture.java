package dev.mimic.loader.gguf;

/** The architectures of GGUF files that can be imported, and what they are called in a Hugging Face folder. */
enum GgufArchitecture {
    /** Llama and Mistral: one architecture in GGUF. Rows of q and k are stored for interleaved rotation. */
    LLAMA("llama", true),
    QWEN2("qwen2", false),
    QWEN3("qwen3", false);

    private final String key;
    private final boolean interleaved;

    GgufArchitecture(String key, boolean interleaved) {
        this.key = key;
        this.interleaved = interleaved;
    }

    /** The value of {@code general.architecture} and the prefix of the architecture's keys. */
    String key() {
        return key;
    }

    /** Whether rows of q and k are permuted from the order of Hugging Face's rotate-half. */
    boolean interleaved() {
        return interleaved;
    }

    static GgufArchitecture of(GgufMetadata metadata) {
        String field = "general.architecture";
        String name = metadata.text(field).orElseThrow(() -> metadata.invalid(field, "missing"));
        for (GgufArchitecture architecture : values()) {
            if (architecture.key.equals(name)) {
                return architecture;
            }
        }
        throw metadata.invalid(field, "expected llama, qwen2 or qwen3, found " + name);
    }
}
