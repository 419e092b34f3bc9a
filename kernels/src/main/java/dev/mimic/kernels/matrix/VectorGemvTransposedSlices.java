package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorGemvTransposed.COLS;
import static dev.mimic.kernels.matrix.VectorGemvTransposed.GRAIN;

import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;

/**
 * {@link VectorGemvTransposed} for one row of x and plain weights, shared by slices: what a thread reads lies behind each
 * other, where half of the columns would be pieces of rows. Slices leave their sums side by side, and a second step adds
 * those up, in the order that one thread has.
 *
 * <p>An item is a row of weights and {@link VectorGemvTransposed#GRAIN} columns of it, counted slice by slice, so that
 * threads get as many; a slice that a bound cuts is shared by its columns.
 */
final class VectorGemvTransposedSlices implements VectorMatrixKernels.Ranged, WorkerPool.Task {
    /** Elements worth a thread in the second step. */
    private static final int SHARE = 1 << 14;

    private static final float[] NONE = {};

    // the second step's arguments
    private float[] sliceSums = NONE;
    private int slices;
    private int cols;
    private float[] y = NONE;

    /** Items of a product; beyond the integers where it is too large for this. */
    static long items(Matrix weights) {
        return (long) weights.rows() * grains(weights);
    }

    /** Elements of the slices' sums. */
    static int sums(Matrix weights) {
        return Math.multiplyExact(slices(weights), weights.cols());
    }

    private static int slices(Matrix weights) {
        return (weights.rows() + DEPTH - 1) / DEPTH;
    }

    private static int grains(Matrix weights) {
        return (weights.cols() + GRAIN - 1) / GRAIN;
    }

    /** The first step; y is the slices' sums, [slices, cols]. */
    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int grains = grains(weights);
        int rows = weights.rows();
        for (int slice = begin / grains / DEPTH * DEPTH; slice < rows && slice * grains < end; slice += DEPTH) {
            int depth = Math.min(DEPTH, rows - slice);
            int first = Math.max(0, begin - slice * grains) / depth * GRAIN;
            int last = Math.min(weights.cols(), Math.min(grains, (end - slice * grains) / depth) * GRAIN);
            for (int col = first; col < last; col += COLS) {
                int length = Math.min(COLS, last - col);
                int to = slice / DEPTH * weights.cols() + col;
                VectorGemvTransposed.slice(weights, slice, depth, x, y, to, col, length, workspace);
            }
        }
    }

    /** The second step. */
    void add(WorkerPool pool, Matrix weights, float[] sliceSums, float[] y) {
        this.sliceSums = sliceSums;
        this.y = y;
        slices = slices(weights);
        cols = weights.cols();
        try {
            pool.run(cols, Math.max(GRAIN, SHARE / Math.max(1, slices) / GRAIN * GRAIN), this);
        } finally { // arrays are borrowed
            this.sliceSums = NONE;
            this.y = NONE;
        }
    }

    /** Columns of the second step. */
    @Override
    public void run(int begin, int end) {
        Arrays.fill(y, begin, end, 0);
        for (int slice = 0; slice < slices; slice++) {
            VectorAxpys.row(1, sliceSums, slice * cols + begin, y, begin, end - begin);
        }
    }
}
