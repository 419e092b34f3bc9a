package dev.mimic.kernels.matrix;

/** Checks that the entries of all implementations of {@link MatrixKernels} share. */
public final class MatrixShapes {
    private MatrixShapes() {}

    /**
     * Checks {@code x [batch, cols]} and {@code y [batch, rows]}.
     *
     * @throws IllegalArgumentException naming the operation and what is wrong
     */
    public static void forward(String operation, Matrix weights, int batch, float[] x, float[] y) {
        check(operation, weights, batch, x, weights.cols(), y, weights.rows());
    }

    /**
     * Checks {@code x [batch, rows]} and {@code y [batch, cols]}.
     *
     * @throws IllegalArgumentException naming the operation and what is wrong
     */
    public static void transposed(String operation, Matrix weights, int batch, float[] x, float[] y) {
        check(operation, weights, batch, x, weights.rows(), y, weights.cols());
    }

    @SuppressWarnings("ReferenceEquality") // aliasing is the question
    private static void check(String operation, Matrix weights, int batch, float[] x, int xCols, float[] y, int yCols) {
        if (batch < 0) {
            throw new IllegalArgumentException(operation + ": batch is " + batch + ", expected at least 0");
        }
        if (x.length < (long) batch * xCols || y.length < (long) batch * yCols) {
            throw mismatch(operation, weights, batch, x, xCols, y, yCols);
        }
        if (x == y) {
            throw new IllegalArgumentException(operation + ": x and y are the same array");
        }
    }

    private static IllegalArgumentException mismatch(
            String operation, Matrix weights, int batch, float[] x, int xCols, float[] y, int yCols) {
        boolean inX = x.length < (long) batch * xCols;
        return new IllegalArgumentException(operation + ": " + (inX ? "x" : "y") + " has length "
                + (inX ? x.length : y.length) + ", expected " + (long) batch * (inX ? xCols : yCols) + " (weights ["
                + weights.rows() + ", " + weights.cols() + "], batch " + batch + ")");
    }
}
