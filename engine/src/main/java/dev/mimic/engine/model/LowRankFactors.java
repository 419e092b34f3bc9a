package dev.mimic.engine.model;

/**
 * A low-rank change of one weight, {@code W' = W + scale · B A} (Hu et al. 2021).
 *
 * @param rank rows of A and columns of B; at least 1
 * @param in elements of x
 * @param out elements of y
 * @param a A, [rank, in]; copied, and to be left unchanged by readers
 * @param b B, [out, rank]; copied, and to be left unchanged by readers
 * @param scale alpha / rank, or alpha / sqrt(rank)
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record LowRankFactors(int rank, int in, int out, float[] a, float[] b, float scale) {
    public LowRankFactors {
        if (rank < 1 || in < 1 || out < 1) {
            throw new IllegalArgumentException(
                    "low rank: rank " + rank + ", in " + in + ", out " + out + ", expected each to be at least 1");
        }
        check("A", a.length, rank, in);
        check("B", b.length, out, rank);
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("low rank: scale is " + scale + ", expected a finite number");
        }
        a = a.clone();
        b = b.clone();
    }

    private static void check(String name, int length, int rows, int cols) {
        long expected = (long) rows * cols;
        if (length != expected) {
            throw new IllegalArgumentException("low rank: " + name + " has " + length + " numbers, expected " + expected
                    + " for [" + rows + ", " + cols + "]");
        }
    }

    /** Numbers in A and B. */
    public int size() {
        return a.length + b.length;
    }
}
