package dev.mimic.kernels.cuda;

/** A small program on a device that a fault can be planted into. */
interface ShimProgram {
    /**
     * Runs on the device's thread.
     *
     * @return what is wrong with its result; null if it is right
     * @throws CudaException if a call says that it failed
     */
    String run(CudaDevice device);

    /** The largest magnitude. */
    static double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    /** Compares, NaN being unequal to all. */
    static String difference(double[] expected, float[] found, double tolerance) {
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(expected[i] - found[i]) <= tolerance)) {
                return "element " + i + " is " + found[i] + ", expected " + expected[i];
            }
        }
        return null;
    }
}
