package dev.mimic.kernels.svf;

import dev.mimic.kernels.Shapes;

/** Checks that the entries of all implementations of {@link SvfKernels} share. */
public final class SvfShapes {
    private SvfShapes() {}

    /**
     * Checks the arrays of a product.
     *
     * @param x [batch, in]
     * @param scales [batch][rank], one array a row or null
     * @param scratch [batch, rank]
     * @param y [batch, out]
     * @throws IllegalArgumentException naming the first that is too short
     */
    public static void check(SvfFactors factors, int batch, float[] x, float[][] scales, float[] scratch, float[] y) {
        int rank = factors.rank();
        Shapes.atLeast("svf", "x", x.length, (long) batch * factors.in());
        Shapes.atLeast("svf", "scales", scales.length, batch);
        Shapes.atLeast("svf", "scratch", scratch.length, (long) batch * rank);
        Shapes.atLeast("svf", "y", y.length, (long) batch * factors.out());
        for (int i = 0; i < batch; i++) {
            if (scales[i] != null) {
                Shapes.atLeast("svf", "scale", scales[i].length, rank);
            }
        }
    }

    /**
     * Checks that no row is without a scale.
     *
     * @throws IllegalArgumentException naming the first that is
     */
    public static void checkEveryRow(int batch, float[][] scales) {
        for (int i = 0; i < batch; i++) {
            if (scales[i] == null) {
                throw new IllegalArgumentException("svf: scales has none for row " + i + ", expected one a row");
            }
        }
    }

    /** Rows up to the last that has a scale. */
    public static int scaledRows(int batch, float[][] scales) {
        int rows = batch;
        while (rows > 0 && scales[rows - 1] == null) {
            rows--;
        }
        return rows;
    }
}
