package dev.mimic.kernels.roofline;

/**
 * What one kernel reached on this machine, beside the limit that was measured in turn with it. Value, limit and share
 * are those of one round: the one whose share is the median of all rounds.
 *
 * @param kernel the operation, as {@code gemv}
 * @param dtype type of what is read, as {@code BF16}
 * @param shape as {@code 4096x4096}, outermost first
 * @param batch rows
 * @param threads threads that computed
 * @param value what was reached, in {@code unit}
 * @param unit GB/s, GFLOP/s, us or tokens/s
 * @param limit what this machine allows, in {@code unit}
 * @param share of the limit: {@code value / limit}, and {@code limit / value} where less is better
 * @param intensity operations per byte read from memory, from shapes; NaN where memory is not what is read
 * @param gigaflops operations a second, 1e9, from shapes; NaN where none are counted
 */
public record Measurement(
        String kernel,
        String dtype,
        String shape,
        int batch,
        int threads,
        double value,
        String unit,
        double limit,
        double share,
        double intensity,
        double gigaflops) {
    static final String BANDWIDTH = "GB/s";
    static final String OPERATIONS = "GFLOP/s";
    static final String MICROSECONDS = "us";
}
