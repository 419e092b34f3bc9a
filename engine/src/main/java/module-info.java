/** The transformer runtime: weights and kernels to tokens. */
module dev.mimic.engine {
    exports dev.mimic.engine.sampling;

    requires transitive dev.mimic.kernels;
    requires transitive dev.mimic.loader;
}
