package dev.mimic.kernels.matrix;

import java.util.Arrays;

/**
 * Several matrix-vector products of decoding, of as many rows of x each, that are handed to the threads together: those
 * of a layer that read the same x, or that read what such products left. No product reads or writes what another one of
 * the group writes. It is filled anew for every use and allocates nothing then. Not thread-safe.
 */
public final class GemvGroup {
    private static final int FIRST_ROOM = 4;

    private Matrix[] weights = new Matrix[FIRST_ROOM];
    private boolean[] transposed = new boolean[FIRST_ROOM];
    private float[][] x = new float[FIRST_ROOM][];
    private float[][] y = new float[FIRST_ROOM][];
    private int count;

    /** Makes an empty group. */
    public GemvGroup() {}

    /** Forgets all products: segments and arrays are borrowed. */
    public void clear() {
        Arrays.fill(weights, 0, count, null);
        Arrays.fill(x, 0, count, null);
        Arrays.fill(y, 0, count, null);
        count = 0;
    }

    /**
     * Adds the product {@link MatrixKernels#gemv}. Lengths are checked when the group runs.
     *
     * @param weights [rows, cols]
     * @param x [batch, cols]; must not alias {@code y}
     * @param y [batch, rows]; overwritten when the group runs
     * @throws IllegalArgumentException if y is an array that the group reads or writes, or x one that it writes
     */
    public void add(Matrix weights, float[] x, float[] y) {
        add(weights, false, x, y);
    }

    /**
     * Adds the product {@link MatrixKernels#gemvTransposed}. Lengths are checked when the group runs.
     *
     * @param weights [rows, cols]
     * @param x [batch, rows]; must not alias {@code y}
     * @param y [batch, cols]; overwritten when the group runs
     * @throws IllegalArgumentException if y is an array that the group reads or writes, or x one that it writes
     */
    public void addTransposed(Matrix weights, float[] x, float[] y) {
        add(weights, true, x, y);
    }

    private void add(Matrix newWeights, boolean isTransposed, float[] newX, float[] newY) {
        checkArrays(newX, newY);
        if (count == weights.length) {
            weights = Arrays.copyOf(weights, 2 * count);
            transposed = Arrays.copyOf(transposed, 2 * count);
            x = Arrays.copyOf(x, 2 * count);
            y = Arrays.copyOf(y, 2 * count);
        }
        weights[count] = newWeights;
        transposed[count] = isTransposed;
        x[count] = newX;
        y[count] = newY;
        count++;
    }

    @SuppressWarnings("ReferenceEquality") // aliasing is the question
    private void checkArrays(float[] newX, float[] newY) {
        boolean shared = newX == newY;
        for (int i = 0; i < count; i++) {
            shared |= y[i] == newY || y[i] == newX || x[i] == newY;
        }
        if (shared) {
            throw new IllegalArgumentException("gemv: product " + count
                    + " shares an array that is written, expected a y of its own for each product of a group");
        }
    }

    /** Products. */
    public int count() {
        return count;
    }

    /** The weights of a product. */
    public Matrix weights(int i) {
        return weights[i];
    }

    /** Whether a product is one with the transpose. */
    public boolean transposed(int i) {
        return transposed[i];
    }

    /** What a product reads. */
    public float[] x(int i) {
        return x[i];
    }

    /** What a product writes. */
    public float[] y(int i) {
        return y[i];
    }
}
