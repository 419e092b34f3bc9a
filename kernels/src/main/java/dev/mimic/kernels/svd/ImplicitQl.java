package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;

/**
 * Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by the implicit QL method (Martin and Wilkinson 1968,
 * EISPACK imtql2). The plane rotations of many sweeps are gathered and then applied to one strip of columns after the
 * other, which stays in the cache; strips are independent, so threads change nothing.
 */
final class ImplicitQl {
    private static final int MAX_SWEEPS = 80;

    /** Rotations gathered before they are applied: 1 MiB of cosines and sines. */
    private static final int BATCH = 1 << 16;

    private final DoubleKernels kernels;
    private final WorkerPool pool;
    private final int size;
    private final double[] d;
    private final double[] e;
    private final double[] x;
    private final double negligible;
    private final double[] turns;
    private final int[] sweeps; // first row, last row, offset of the first rotation
    private int sweepCount;
    private int turnCount;

    private ImplicitQl(DoubleKernels kernels, WorkerPool pool, double[] d, double[] e, double[] x, double negligible) {
        this.kernels = kernels;
        this.pool = pool;
        this.size = d.length;
        this.d = d;
        this.e = e;
        this.x = x;
        this.negligible = negligible;
        turns = new double[2 * (int) Math.min((long) BATCH + size, 64L * size)];
        sweeps = new int[3 * 256];
    }

    /**
     * Solves in place.
     *
     * @param d [n], the diagonal; becomes the eigenvalues, in no order
     * @param e [n], element i between i and i + 1; destroyed
     * @return [n, n], the eigenvector of d[i] in row i
     */
    static double[] solve(DoubleKernels kernels, WorkerPool pool, double[] d, double[] e) {
        int size = d.length;
        double norm = 0;
        for (int i = 0; i < size; i++) {
            norm = Math.max(norm, Math.abs(d[i]) + Math.abs(e[i]));
        }
        double[] x = new double[Math.multiplyExact(size, size)];
        for (int i = 0; i < size; i++) {
            x[i * size + i] = 1;
        }
        // below the rounding of what came before: 2^-56 of the norm
        ImplicitQl ql = new ImplicitQl(kernels, pool, d, e, x, norm * 0x1p-56);
        for (int first = 0; first < size; first++) {
            ql.isolate(first);
        }
        ql.flush();
        return x;
    }

    private void isolate(int first) {
        for (int sweep = 0; ; sweep++) {
            int last = first;
            while (last < size - 1 && !small(last)) {
                last++;
            }
            if (last == first) {
                return;
            }
            if (sweep == MAX_SWEEPS) {
                throw new ArithmeticException("svd: no convergence after " + MAX_SWEEPS + " QL sweeps at eigenvalue "
                        + first + " of " + size);
            }
            sweep(first, last);
        }
    }

    private boolean small(int i) {
        double size = Math.abs(e[i]);
        return size <= negligible || size <= 0x1p-53 * (Math.abs(d[i]) + Math.abs(d[i + 1]));
    }

    private void sweep(int first, int last) {
        if (sweepCount == sweeps.length / 3 || turnCount + last - first > turns.length / 2) {
            flush();
        }
        double g = (d[first + 1] - d[first]) / (2 * e[first]);
        double r = length(g, 1);
        g = d[last] - d[first] + e[first] / (g + Math.copySign(r, g));
        double s = 1;
        double c = 1;
        double p = 0;
        int i = last - 1;
        for (; i >= first; i--) {
            double f = s * e[i];
            double b = c * e[i];
            r = length(f, g);
            e[i + 1] = r;
            if (r == 0) { // the matrix splits here
                d[i + 1] -= p;
                e[last] = 0;
                break;
            }
            s = f / r;
            c = g / r;
            g = d[i + 1] - p;
            r = (d[i] - g) * s + 2 * c * b;
            p = s * r;
            d[i + 1] = g + p;
            g = c * r - b;
            turns[2 * (turnCount + i - first)] = c;
            turns[2 * (turnCount + i - first) + 1] = s;
        }
        int start = i + 1;
        if (i < first) {
            d[first] -= p;
            e[first] = g;
            e[last] = 0;
            start = first;
        }
        sweeps[3 * sweepCount] = start;
        sweeps[3 * sweepCount + 1] = last;
        sweeps[3 * sweepCount + 2] = turnCount + start - first;
        sweepCount++;
        turnCount += last - first;
    }

    private static double length(double a, double b) {
        return Math.sqrt(a * a + b * b);
    }

    private void flush() {
        int width = kernels.stripCols();
        pool.run((size + width - 1) / width, 1, (begin, end) -> {
            double[] strip = new double[size * width];
            for (int k = begin; k < end; k++) {
                int col = k * width;
                int cols = Math.min(width, size - col);
                for (int i = 0; i < size; i++) {
                    System.arraycopy(x, i * size + col, strip, i * width, cols);
                }
                for (int sweep = 0; sweep < sweepCount; sweep++) {
                    kernels.rotate(strip, sweeps[3 * sweep], sweeps[3 * sweep + 1], turns, sweeps[3 * sweep + 2]);
                }
                for (int i = 0; i < size; i++) {
                    System.arraycopy(strip, i * width, x, i * size + col, cols);
                }
            }
        });
        sweepCount = 0;
        turnCount = 0;
    }
}
