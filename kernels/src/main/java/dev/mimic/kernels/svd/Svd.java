package dev.mimic.kernels.svd;

import dev.mimic.kernels.Shapes;
import java.util.Arrays;

/**
 * A singular value decomposition {@code W [rows, cols] ≈ U diag(sigma) Vᵀ}, held as a factors file wants it. The columns
 * of U and of V are orthonormal, also those of equal or zero singular values; sigma is descending; the entry of largest
 * magnitude in each column of U (the first of several) is positive.
 *
 * @param rows rows of W
 * @param cols columns of W
 * @param u [rows, rank], row-major
 * @param sigma [rank]
 * @param v [cols, rank], row-major: V itself, not its transpose
 */
@SuppressWarnings("ArrayRecordComponent") // data handed over whole, never compared
public record Svd(int rows, int cols, float[] u, float[] sigma, float[] v) {
    public Svd {
        int rank = sigma.length;
        if (u.length != (long) rows * rank || v.length != (long) cols * rank) {
            throw new IllegalArgumentException("Svd: u has length " + u.length + " and v " + v.length
                    + ", expected " + (long) rows * rank + " and " + (long) cols * rank + " (W [" + rows + ", " + cols
                    + "], rank " + rank + ")");
        }
    }

    /**
     * Of factors whose signs are as they came.
     *
     * @param u [rows, rank], row-major; kept, signs changed
     * @param sigma [rank], descending; kept
     * @param v [cols, rank], row-major; kept, signs changed
     */
    public static Svd signed(int rows, int cols, float[] u, float[] sigma, float[] v) {
        Assembly.fixSigns(u, v, sigma.length);
        return new Svd(rows, cols, u, sigma, v);
    }

    /** Singular values held. */
    public int rank() {
        return sigma.length;
    }

    /** Whether all min(rows, cols) singular values are held. */
    public boolean full() {
        return rank() == Math.min(rows, cols);
    }

    /**
     * The largest {@code kept} singular values and their vectors.
     *
     * @throws IllegalArgumentException unless 1 ≤ kept ≤ rank
     */
    public Svd truncated(int kept) {
        Shapes.positive("truncated", "rank", kept);
        if (kept > rank()) {
            throw new IllegalArgumentException("truncated: rank is " + kept + ", expected at most " + rank());
        }
        return kept == rank()
                ? this
                : new Svd(rows, cols, narrowed(u, rows, kept), Arrays.copyOf(sigma, kept), narrowed(v, cols, kept));
    }

    private float[] narrowed(float[] matrix, int height, int kept) {
        float[] result = new float[height * kept];
        for (int i = 0; i < height; i++) {
            System.arraycopy(matrix, i * rank(), result, i * kept, kept);
        }
        return result;
    }
}
