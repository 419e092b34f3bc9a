package dev.mimic.bench;

/** The check before a benchmark: a kernel that computes something else is not worth timing. */
final class Agreement {
    private Agreement() {}

    /**
     * Compares with the scalar twin.
     *
     * @param length elements compared
     * @param tolerance greatest difference, as a share of the greatest magnitude expected
     * @throws IllegalStateException naming the kernel and the first element that differs
     */
    static void check(String kernel, float[] expected, float[] actual, int length, double tolerance) {
        double magnitude = 0;
        for (int i = 0; i < length; i++) {
            magnitude = Math.max(magnitude, Math.abs(expected[i]));
        }
        for (int i = 0; i < length; i++) {
            if (!(Math.abs((double) expected[i] - actual[i]) <= tolerance * magnitude)) {
                throw new IllegalStateException(
                        kernel + ": element " + i + " is " + actual[i] + ", the scalar twin has " + expected[i]);
            }
        }
    }
}
