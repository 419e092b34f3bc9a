package dev.mimic.kernels.roofline;

/** The check before a measurement: a kernel that computes something else is not worth timing. */
final class Agreement {
    private Agreement() {}

    /**
     * How far two orders of a sum may be apart: each is within {@code n · 2⁻²⁴ · Σ|aᵢbᵢ|} of the true one (Higham 2002,
     * section 3.1), the last rounding added.
     *
     * @param n terms
     * @param magnitude {@code Σ|aᵢbᵢ|}
     */
    static double sum(int n, double magnitude) {
        return 2 * (n + 1) * Math.scalb(magnitude, -24);
    }

    /**
     * Compares with the scalar twin.
     *
     * @param expected of the twin
     * @param tolerance of each element
     * @param actual compared from {@code offset} on
     * @throws IllegalStateException naming the kernel and the first element that differs
     */
    static void check(String kernel, float[] expected, double[] tolerance, float[] actual, int offset) {
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs((double) expected[i] - actual[offset + i]);
            if (!(difference <= tolerance[i])) {
                throw new IllegalStateException(kernel + ": element " + (offset + i) + " is " + actual[offset + i]
                        + ", the scalar twin has " + expected[i] + ", expected at most " + tolerance[i] + " between");
            }
        }
    }
}
