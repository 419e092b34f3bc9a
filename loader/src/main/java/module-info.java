/** Bytes and names on disk: safetensors, GGUF, tokenizers, configurations. Knows no math. */
module dev.mimic.loader {
    requires com.fasterxml.jackson.core;

    exports dev.mimic.loader.gguf;
    exports dev.mimic.loader.json;
    exports dev.mimic.loader.model;
    exports dev.mimic.loader.safetensors;
    exports dev.mimic.loader.tokenizer;
    exports dev.mimic.loader.torch;
    exports dev.mimic.loader;
}
