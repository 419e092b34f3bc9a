/** Transformer²: decomposition, experts, mixtures, training, tasks. */
module dev.mimic.adapt {
    requires transitive dev.mimic.engine;

    exports dev.mimic.adapt;
    exports dev.mimic.adapt.bundled;
    exports dev.mimic.adapt.comparison;
    exports dev.mimic.adapt.dispatch;
    exports dev.mimic.adapt.evaluation;
    exports dev.mimic.adapt.gradient;
    exports dev.mimic.adapt.lora;
    exports dev.mimic.adapt.sandbox;
    exports dev.mimic.adapt.search;
    exports dev.mimic.adapt.svf;
    exports dev.mimic.adapt.task;
    exports dev.mimic.adapt.train;
}
