package dev.mimic.engine.sampling;

/**
 * Exponentials of many logits, in loops that C2 makes vector loops by itself: {@code exp(x) = exp(x / 8192)^8192}, the
 * inner one by its series. Nothing but sums and products, so that interpreted and compiled code give the same bits. The
 * relative error is below 1e-11: 8192 times that of the inner one, a few units in the last place.
 */
final class Exponentials {
    /** Below it exp(x) would be no normal number. */
    private static final double LEAST = -708;

    private static final double INNER = 1.0 / 8192;

    private static final double C2 = 1.0 / 2;
    private static final double C3 = 1.0 / 6;
    private static final double C4 = 1.0 / 24;
    private static final double C5 = 1.0 / 120;
    private static final double C6 = 1.0 / 720;
    private static final double C7 = 1.0 / 5040;
    private static final double C8 = 1.0 / 40320;

    private Exponentials() {}

    /**
     * {@code weights[i] = exp((logits[offset + i] - max) · factor)}, at least exp(-708).
     *
     * @param logits read from {@code offset} on; none above {@code max}
     * @param factor at least 0
     * @param weights [count]; overwritten
     */
    static void fill(float[] logits, int offset, int count, double max, double factor, double[] weights) {
        for (int i = 0; i < count; i++) {
            weights[i] = logits[offset + i];
        }
        for (int i = 0; i < count; i++) {
            weights[i] = exp((weights[i] - max) * factor);
        }
    }

    /**
     * One exponential.
     *
     * @param x at most 0
     */
    static double exp(double x) {
        double r = Math.max(x, LEAST) * INNER; // in [-0.087, 0]: the series' next term is below 1e-15
        double y = Math.fma(r, C8, C7);
        y = Math.fma(r, y, C6);
        y = Math.fma(r, y, C5);
        y = Math.fma(r, y, C4);
        y = Math.fma(r, y, C3);
        y = Math.fma(r, y, C2);
        y = Math.fma(r, y, 1);
        y = Math.fma(r, y, 1);
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y;
        y *= y; // 13 times: 2^13 = 8192
        return y;
    }
}
