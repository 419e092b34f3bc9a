/** The transformer runtime: weights and kernels to tokens. */
module dev.mimic.engine {
    requires transitive dev.mimic.kernels;
    requires transitive dev.mimic.loader;

    exports dev.mimic.engine;
    exports dev.mimic.engine.jinja;
    exports dev.mimic.engine.model;
    exports dev.mimic.engine.prompt;
    exports dev.mimic.engine.quantize;
    exports dev.mimic.engine.sampling;
    exports dev.mimic.engine.trace to
            dev.mimic.adapt;
}
