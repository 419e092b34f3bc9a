package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import java.util.stream.IntStream;

/**
 * Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by halving (Cuppen 1981, Gu and Eisenstat 1995): small
 * blocks by {@link ImplicitQl}, neighbours joined by {@link RankOneJoin}, which is mostly matrix products. The tree of
 * halves depends on the size alone, so threads change nothing.
 */
final class DivideAndConquer {
    /** Largest block that is solved as it stands. */
    private static final int LEAF = 32;

    /** Largest block that one thread solves; larger ones are joined by all. */
    private static final int SUBTREE = 256;

    private final DoubleKernels kernels;
    private final double[] d;
    private final double[] e;
    private final double[] x;
    private final int[] order; // of each block: its rows by ascending d

    private DivideAndConquer(DoubleKernels kernels, double[] d, double[] e) {
        this.kernels = kernels;
        this.d = d;
        this.e = e;
        x = new double[Math.multiplyExact(d.length, d.length)];
        order = new int[d.length];
    }

    /**
     * Solves in place.
     *
     * @param d [n], the diagonal; becomes the eigenvalues, in no order
     * @param e [n], element i between i and i + 1; destroyed
     * @return [n, n], the eigenvector of d[i] in row i
     */
    static double[] solve(DoubleKernels kernels, WorkerPool pool, DoubleGemm gemm, double[] d, double[] e) {
        int size = d.length;
        double norm = 0;
        for (int i = 0; i < size; i++) {
            norm = Math.max(norm, Math.abs(d[i]) + Math.abs(e[i]));
        }
        int exponent = norm == 0 ? 0 : Math.getExponent(norm);
        scale(d, -exponent);
        scale(e, -exponent);
        DivideAndConquer tree = new DivideAndConquer(kernels, d, e);
        tree.cut(0, size);
        int[] starts =
                IntStream.concat(tree.subtrees(0, size), IntStream.of(size)).toArray();
        pool.run(starts.length - 1, 1, (begin, end) -> {
            try (WorkerPool alone = WorkerPool.of(1)) {
                DoubleGemm own = new DoubleGemm(kernels, alone);
                for (int i = begin; i < end; i++) {
                    tree.solve(starts[i], starts[i + 1], alone, own);
                }
            }
        });
        tree.join(0, size, pool, gemm);
        scale(d, exponent);
        return tree.x;
    }

    private static void scale(double[] values, int exponent) {
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.scalb(values[i], exponent);
        }
    }

    private static int middle(int begin, int end) {
        return begin + (end - begin) / 2;
    }

    /** Takes the rank-one part of each cut out of the diagonal. */
    private void cut(int begin, int end) {
        if (end - begin <= LEAF) {
            return;
        }
        int middle = middle(begin, end);
        double rho = Math.abs(e[middle - 1]);
        d[middle - 1] -= rho;
        d[middle] -= rho;
        cut(begin, middle);
        cut(middle, end);
    }

    private IntStream subtrees(int begin, int end) {
        if (end - begin <= SUBTREE) {
            return IntStream.of(begin);
        }
        int middle = middle(begin, end);
        return IntStream.concat(subtrees(begin, middle), subtrees(middle, end));
    }

    private void solve(int begin, int end, WorkerPool alone, DoubleGemm gemm) {
        if (end - begin <= LEAF) {
            leaf(begin, end, alone);
            return;
        }
        int middle = middle(begin, end);
        solve(begin, middle, alone, gemm);
        solve(middle, end, alone, gemm);
        new RankOneJoin(kernels, alone, gemm, d, e, x, order, begin, middle, end).run();
    }

    /** Joins what {@link #subtrees} cut. */
    private void join(int begin, int end, WorkerPool pool, DoubleGemm gemm) {
        if (end - begin <= SUBTREE) {
            return;
        }
        int middle = middle(begin, end);
        join(begin, middle, pool, gemm);
        join(middle, end, pool, gemm);
        new RankOneJoin(kernels, pool, gemm, d, e, x, order, begin, middle, end).run();
    }

    private void leaf(int begin, int end, WorkerPool alone) {
        int size = end - begin;
        double[] values = new double[size];
        double[] beside = new double[size];
        System.arraycopy(d, begin, values, 0, size);
        System.arraycopy(e, begin, beside, 0, size - 1);
        double[] vectors = ImplicitQl.solve(kernels, alone, values, beside);
        for (int i = 0; i < size; i++) {
            System.arraycopy(vectors, i * size, x, (begin + i) * d.length + begin, size);
        }
        System.arraycopy(values, 0, d, begin, size);
        int[] descending = Descending.order(values);
        for (int i = 0; i < size; i++) {
            order[begin + i] = begin + descending[size - 1 - i];
        }
    }
}
