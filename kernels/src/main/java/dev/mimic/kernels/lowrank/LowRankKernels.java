package dev.mimic.kernels.lowrank;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.svf.SvfKernels.Phase;

/**
 * What low-rank adapters add to a linear layer, {@code y += scale · B (A x)}, with a pair of its own for every row of a
 * batch. Rows that share a pair are multiplied together; the cost of the others is their own.
 *
 * <p>One class for both implementations: it is a composition of matrix kernels, whose twins it takes over. A row's result
 * depends on its own x and pair and on the phase, never on the rows beside it. An instance serves one calling thread at a
 * time; its arrays grow to the largest call and nothing is allocated after that.
 */
public final class LowRankKernels {
    private final MatrixKernels matrix;
    private float[] gathered = {};
    private float[] projected = {};
    private float[] product = {};
    private int[] members = {};

    /**
     * Composes.
     *
     * @param matrix borrowed; scalar or vector
     */
    public LowRankKernels(MatrixKernels matrix) {
        this.matrix = matrix;
    }

    /**
     * {@code y[i] += scale_i · B_i (A_i x[i])} for the rows that have a pair.
     *
     * @param batch rows
     * @param pairs [batch], of the same in and out; null for rows that stay as they are
     * @param x [batch, in]
     * @param dropout what drops elements of x here; null for none
     * @param keys [batch]: the rows' keys for {@code dropout}; not read without it
     * @param y [batch, out]; accumulated into
     */
    public void accumulate(
            Phase phase, int batch, LowRankPair[] pairs, float[] x, Dropout dropout, long[] keys, float[] y) {
        Shapes.atLeast("lowRank", "pairs", pairs.length, batch);
        if (members.length < batch) {
            members = new int[batch];
        }
        for (int i = 0; i < batch; i++) {
            LowRankPair pair = pairs[i];
            if (pair != null && first(pairs, i)) {
                Shapes.atLeast("lowRank", "x", x.length, (long) batch * pair.in());
                Shapes.atLeast("lowRank", "y", y.length, (long) batch * pair.out());
                group(phase, pair, members(pairs, i, batch), batch, x, dropout, keys, y);
            }
        }
    }

    private static boolean first(LowRankPair[] pairs, int row) {
        for (int i = 0; i < row; i++) {
            if (pairs[i] == pairs[row]) {
                return false;
            }
        }
        return true;
    }

    /** Lists the rows from one on that share its pair, and says how many. */
    private int members(LowRankPair[] pairs, int first, int batch) {
        int count = 0;
        for (int i = first; i < batch; i++) {
            if (pairs[i] == pairs[first]) {
                members[count++] = i;
            }
        }
        return count;
    }

    private void group(
            Phase phase, LowRankPair pair, int count, int batch, float[] x, Dropout dropout, long[] keys, float[] y) {
        float[] rows = count == batch && dropout == null ? x : gather(pair.in(), count, x, dropout, keys);
        projected = grown(projected, count * pair.rank());
        product = grown(product, count * pair.out());
        switch (phase) {
            case DECODE -> {
                matrix.gemv(pair.a(), count, rows, projected);
                matrix.gemvTransposed(pair.b(), count, projected, product);
            }
            case PREFILL -> {
                matrix.gemm(pair.a(), count, rows, projected);
                matrix.gemmTransposed(pair.b(), count, projected, product);
            }
        }
        for (int i = 0; i < count; i++) {
            matrix.axpy(pair.scale(), product, i * pair.out(), y, members[i] * pair.out(), pair.out());
        }
    }

    private float[] gather(int in, int count, float[] x, Dropout dropout, long[] keys) {
        gathered = grown(gathered, count * in);
        for (int i = 0; i < count; i++) {
            System.arraycopy(x, members[i] * in, gathered, i * in, in);
            if (dropout != null) {
                dropout.apply(keys[members[i]], gathered, i * in, in);
            }
        }
        return gathered;
    }

    private static float[] grown(float[] array, int length) {
        return array.length < length ? new float[length] : array;
    }
}
