package dev.mimic.testkit;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Runs a check on many random cases; a failure names the seed of its case, and that seed alone repeats it. */
public final class SeededCases {
    private SeededCases() {}

    /** A check of one case. */
    @FunctionalInterface
    public interface Case {
        /**
         * Checks one case.
         *
         * @param random the case's own generator
         */
        void check(RandomGenerator random) throws Exception;
    }

    /**
     * Runs {@code cases} cases with the seeds {@code first, first + 1, …}.
     *
     * @throws AssertionError naming the seed, with the failure as its cause
     */
    public static void run(int cases, long first, Case check) {
        for (long seed = first; seed < first + cases; seed++) {
            try {
                check.check(generator(seed));
            } catch (Exception | AssertionError e) {
                throw new AssertionError("case with seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    /** The generator of a seed; the same on every JDK. */
    public static RandomGenerator generator(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }
}
