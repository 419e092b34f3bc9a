/** Math on memory: vector kernels with their scalar twins, singular value decomposition. Knows no file and no model. */
module dev.mimic.kernels {
    requires JLargeArrays;
    requires JTransforms;
    requires jdk.incubator.vector;

    exports dev.mimic.kernels;
    exports dev.mimic.kernels.attention;
    exports dev.mimic.kernels.backend;
    exports dev.mimic.kernels.check;
    exports dev.mimic.kernels.gradient;
    exports dev.mimic.kernels.lowrank;
    exports dev.mimic.kernels.matrix;
    exports dev.mimic.kernels.roofline;
    exports dev.mimic.kernels.row;
    exports dev.mimic.kernels.svd;
    exports dev.mimic.kernels.svf;
}
