package dev.mimic.kernels.roofline;

/**
 * How long a case may take.
 *
 * @param rounds wanted
 * @param roundNanos a round of the kernel, about
 * @param caseNanos after which no further round is begun, three given
 * @param warmUpNanos for a kernel and type that were not measured before
 */
public record RooflineEffort(int rounds, long roundNanos, long caseNanos, long warmUpNanos) {
    /** For a table to be kept. */
    public static final RooflineEffort FULL = new RooflineEffort(7, 12_000_000, 200_000_000, 400_000_000);

    /** For a look. */
    public static final RooflineEffort QUICK = new RooflineEffort(5, 8_000_000, 120_000_000, 250_000_000);

    /** For tests: once and out. */
    public static final RooflineEffort LEAST = new RooflineEffort(1, 1, 1, 1);
}
