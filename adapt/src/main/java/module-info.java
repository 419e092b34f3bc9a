/** Transformer²: decomposition, experts, mixtures. */
module dev.mimic.adapt {
    requires transitive dev.mimic.engine;
}
