package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;

/**
 * Joins two solved halves of a tridiagonal block: with their eigenvectors X the block is {@code Xᵀ (D + rho z zᵀ) X}. What
 * z does not reach, or equal values leave free, stays as it is (deflation, LAPACK dlaed2); the rest is a secular equation,
 * whose eigenvectors come from the z that makes its computed roots exact (Gu and Eisenstat 1995) and are orthogonal
 * therefore, however close the roots.
 */
final class RankOneJoin {
    /** Eigenvectors that are multiplied back at a time. */
    private static final int PANEL = 192;

    /** What is negligible, relative to the block: twice the rounding. */
    private static final double NEGLIGIBLE = 0x1p-52;

    private final DoubleKernels kernels;
    private final WorkerPool pool;
    private final DoubleGemm gemm;
    private final double[] d;
    private final double[] x;
    private final int stride;
    private final int[] order;
    private final int begin;
    private final int middle;
    private final int end;
    private final double rho;
    private final double[] z; // by row - begin
    private final boolean[] upper; // by row - begin: whether it has elements in the upper half
    private final boolean[] lower;
    private final int[] moving; // rows that take part, by ascending d
    private final int[] resting;
    private int movingCount;
    private int restingCount;

    /**
     * Prepares.
     *
     * @param d [n]; eigenvalues of both halves by row, then of the whole
     * @param e [n]; the element between the halves lies at middle - 1
     * @param x [n, n]; eigenvectors of the halves in rows, then of the whole; 0 outside its own half
     * @param order [n]; rows of each half by ascending d, then of the whole
     */
    RankOneJoin(
            DoubleKernels kernels,
            WorkerPool pool,
            DoubleGemm gemm,
            double[] d,
            double[] e,
            double[] x,
            int[] order,
            int begin,
            int middle,
            int end) {
        this.kernels = kernels;
        this.pool = pool;
        this.gemm = gemm;
        this.d = d;
        this.x = x;
        this.stride = d.length;
        this.order = order;
        this.begin = begin;
        this.middle = middle;
        this.end = end;
        int size = end - begin;
        rho = 2 * Math.abs(e[middle - 1]); // z is scaled to length 1
        double scale = Math.sqrt(0.5);
        double signed = e[middle - 1] < 0 ? -scale : scale;
        z = new double[size];
        upper = new boolean[size];
        lower = new boolean[size];
        for (int row = begin; row < end; row++) {
            boolean inUpper = row < middle;
            z[row - begin] = inUpper ? scale * x[row * stride + middle - 1] : signed * x[row * stride + middle];
            upper[row - begin] = inUpper;
            lower[row - begin] = !inUpper;
        }
        moving = new int[size];
        resting = new int[size];
    }

    void run() {
        mergeOrders();
        deflate();
        if (movingCount > 0) {
            turn();
        }
        sort();
    }

    private void mergeOrders() {
        int[] merged = new int[end - begin];
        int i = begin;
        int j = middle;
        for (int k = 0; k < merged.length; k++) {
            boolean first = j == end || (i < middle && d[order[i]] <= d[order[j]]);
            merged[k] = first ? order[i++] : order[j++];
        }
        System.arraycopy(merged, 0, order, begin, merged.length);
    }

    private void deflate() {
        double norm = rho;
        for (int row = begin; row < end; row++) {
            norm = Math.max(norm, Math.abs(d[row]));
        }
        double negligible = NEGLIGIBLE * norm;
        int last = -1;
        for (int i = begin; i < end; i++) {
            int row = order[i];
            if (rho * Math.abs(z[row - begin]) <= negligible) {
                resting[restingCount++] = row;
            } else if (last < 0) {
                last = row;
            } else {
                if (!free(last, row, negligible)) {
                    moving[movingCount++] = last;
                }
                last = row;
            }
        }
        if (last >= 0) {
            moving[movingCount++] = last;
        }
    }

    /** Whether two values are so close that their vectors may be turned to leave {@code row} without z; then does it. */
    private boolean free(int row, int next, double negligible) {
        double zRow = z[row - begin];
        double zNext = z[next - begin];
        double length = Math.hypot(zRow, zNext);
        double c = zNext / length;
        double s = -zRow / length;
        if (Math.abs((d[next] - d[row]) * c * s) > negligible) {
            return false;
        }
        z[next - begin] = length;
        z[row - begin] = 0;
        for (int i = begin; i < end; i++) {
            double a = x[row * stride + i];
            double b = x[next * stride + i];
            x[row * stride + i] = c * a + s * b;
            x[next * stride + i] = c * b - s * a;
        }
        double turned = d[row] * c * c + d[next] * s * s;
        d[next] = d[row] * s * s + d[next] * c * c;
        d[row] = turned;
        upper[next - begin] |= upper[row - begin];
        lower[next - begin] |= lower[row - begin];
        resting[restingCount++] = row;
        return true;
    }

    /** Solves the secular equation and multiplies its eigenvectors by those of the halves. */
    private void turn() {
        int count = movingCount;
        double[] poles = new double[count];
        double[] weights = new double[count];
        for (int i = 0; i < count; i++) {
            poles[i] = d[moving[i]];
            weights[i] = z[moving[i] - begin];
        }
        SecularEquation equation = new SecularEquation(kernels, poles, weights, count, rho);
        pool.run(count, Math.max(4, 8192 / count), (first, last) -> {
            double[] sums = new double[kernels.stripCols()];
            for (int j = first; j < last; j++) {
                equation.solve(j, sums);
            }
        });
        double[] exact = exactWeights(equation, poles, weights);
        int[] upperIndex = indices(upper);
        int[] lowerIndex = indices(lower);
        double[] upperRows = gathered(upperIndex, begin, middle);
        double[] lowerRows = gathered(lowerIndex, middle, end);
        int size = end - begin;
        int panel = Math.min(PANEL, count);
        double[] left = new double[panel * upperIndex.length];
        double[] right = new double[panel * lowerIndex.length];
        double[] turned = new double[panel * size];
        for (int j0 = 0; j0 < count; j0 += panel) {
            int first = j0;
            int rows = Math.min(panel, count - j0);
            pool.run(rows, Math.max(4, 8192 / count), (from, to) -> {
                double[] vector = new double[count];
                for (int j = from; j < to; j++) {
                    vector(equation, first + j, poles, exact, vector);
                    pick(vector, upperIndex, left, j * upperIndex.length);
                    pick(vector, lowerIndex, right, j * lowerIndex.length);
                }
            });
            Arrays.fill(turned, 0);
            multiply(rows, upperIndex.length, middle - begin, left, upperRows, turned, 0, size);
            multiply(rows, lowerIndex.length, end - middle, right, lowerRows, turned, middle - begin, size);
            for (int j = 0; j < rows; j++) {
                System.arraycopy(turned, j * size, x, moving[j0 + j] * stride + begin, size);
            }
        }
        for (int j = 0; j < count; j++) {
            d[moving[j]] = equation.root(j);
        }
    }

    private void multiply(
            int rows, int depth, int cols, double[] left, double[] right, double[] result, int offset, int size) {
        Strided l = Strided.rows(left, 0, depth);
        gemm.multiply(rows, cols, depth, 1, l, Strided.rows(right, 0, cols), result, offset, size);
    }

    /** The weights for which the computed roots are exact: {@code z_i² = Π_j (lambda_j - d_i) / Π_{j≠i} (d_j - d_i) / rho}. */
    private double[] exactWeights(SecularEquation equation, double[] poles, double[] weights) {
        int count = poles.length;
        double[] exact = new double[count];
        pool.run(count, Math.max(16, 32768 / count), (from, to) -> {
            Arrays.fill(exact, from, to, 1);
            for (int j = 0; j < count; j++) {
                double origin = equation.origin(j);
                double shift = equation.shift(j);
                quotients(poles, origin, shift, poles[j], exact, from, Math.min(j, to));
                if (j >= from && j < to) {
                    exact[j] *= (poles[j] - origin) - shift;
                }
                quotients(poles, origin, shift, poles[j], exact, Math.max(j + 1, from), to);
            }
            for (int i = from; i < to; i++) {
                exact[i] = Math.copySign(Math.sqrt(-exact[i]), weights[i]); // rho falls out when it is normalized
            }
        });
        return exact;
    }

    private static void quotients(
            double[] poles, double origin, double shift, double pole, double[] product, int from, int to) {
        for (int i = from; i < to; i++) {
            product[i] *= ((poles[i] - origin) - shift) / (poles[i] - pole);
        }
    }

    /** Eigenvector j of the secular equation, of length 1. */
    private void vector(SecularEquation equation, int j, double[] poles, double[] exact, double[] vector) {
        double origin = equation.origin(j);
        double shift = equation.shift(j);
        int count = poles.length;
        for (int i = 0; i < count; i++) {
            vector[i] = exact[i] / ((poles[i] - origin) - shift);
        }
        double scale = 1 / Math.sqrt(kernels.dot(vector, 0, vector, 0, count));
        for (int i = 0; i < count; i++) {
            vector[i] *= scale;
        }
    }

    private static void pick(double[] from, int[] index, double[] to, int offset) {
        for (int i = 0; i < index.length; i++) {
            to[offset + i] = from[index[i]];
        }
    }

    /** Which of the moving rows have elements there. */
    private int[] indices(boolean[] there) {
        int[] indices = new int[movingCount];
        int found = 0;
        for (int i = 0; i < movingCount; i++) {
            if (there[moving[i] - begin]) {
                indices[found++] = i;
            }
        }
        return Arrays.copyOf(indices, found);
    }

    private double[] gathered(int[] index, int from, int to) {
        int cols = to - from;
        double[] rows = new double[index.length * cols];
        for (int i = 0; i < index.length; i++) {
            System.arraycopy(x, moving[index[i]] * stride + from, rows, i * cols, cols);
        }
        return rows;
    }

    private void sort() {
        int size = end - begin;
        System.arraycopy(resting, 0, moving, movingCount, restingCount);
        double[] values = new double[size];
        for (int i = 0; i < size; i++) {
            values[i] = d[moving[i]];
        }
        int[] descending = Descending.order(values);
        for (int i = 0; i < size; i++) {
            order[begin + i] = moving[descending[size - 1 - i]];
        }
    }
}
