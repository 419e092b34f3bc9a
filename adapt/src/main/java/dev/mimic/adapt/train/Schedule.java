package dev.mimic.adapt.train;

import java.util.Locale;

/** How the learning rate falls over the steps. */
public enum Schedule {
    /** It does not. */
    CONSTANT,
    /** {@code lr (1 - (1-s) (k-1)/K)}. */
    LINEAR,
    /** {@code lr (s + (1-s) (1 + cos(pi (k-1)/K)) / 2)}. */
    COSINE;

    /**
     * The rate of a step.
     *
     * @param rate lr, the rate of the first step
     * @param finalShare s, the share of lr that it falls towards
     * @param step k, from 1
     * @param steps K
     */
    public double rate(double rate, double finalShare, int step, int steps) {
        double done = (step - 1) / (double) steps;
        return switch (this) {
            case CONSTANT -> rate;
            case LINEAR -> rate * (1 - (1 - finalShare) * done);
            case COSINE -> rate * (finalShare + (1 - finalShare) * (1 + Math.cos(Math.PI * done)) / 2);
        };
    }

    /** The name on the command line. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
