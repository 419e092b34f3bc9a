package dev.mimic.kernels.roofline;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Products of a matrix: {@code gemv}, the order of decoding, and {@code gemm}, the order of a prompt. */
final class MatrixCases {
    private final WorkingSet set;

    /** By type and shape, because the scalar twin takes longer than what is measured. */
    private final Map<String, Expected> expected = new HashMap<>();

    /**
     * What the scalar twin makes of a row, and how far another order of summation may be from it.
     *
     * @param x [cols]
     * @param y [rows]
     * @param tolerance [rows]
     */
    private record Expected(float[] x, float[] y, double[] tolerance) {}

    MatrixCases(WorkingSet set) {
        this.set = set;
    }

    /** The cases of a type and shape: {@code gemv} for each of the first batches, {@code gemm} for the others. */
    List<RooflineCase> of(WeightType type, int rows, int cols, int[] gemv, int[] gemm) {
        List<RooflineCase> cases = new ArrayList<>();
        for (int batch : gemv) {
            cases.add(product("gemv", type, rows, cols, batch));
        }
        for (int batch : gemm) {
            cases.add(product("gemm", type, rows, cols, batch));
        }
        return cases;
    }

    private RooflineCase product(String kernel, WeightType type, int rows, int cols, int batch) {
        long bytes = type.byteSize(rows, cols);
        double operations = 2.0 * rows * cols * batch;
        return new RooflineCase(
                kernel,
                type.name(),
                rows + "x" + cols,
                batch,
                RooflineCase.Bound.ROOF,
                bytes,
                operations,
                backend -> start(kernel, type, rows, cols, batch, backend));
    }

    private RooflineCase.Running start(String kernel, WeightType type, int rows, int cols, int batch, Backend backend) {
        long bytes = type.byteSize(rows, cols);
        Matrix[] copies = new Matrix[set.copies(bytes)];
        for (int i = 0; i < copies.length; i++) {
            copies[i] = type.matrix(rows, cols, set.copy(bytes, i));
        }
        boolean decode = kernel.equals("gemv");
        boolean rounded = decode && type.roundsActivations();
        Expected row = expected.computeIfAbsent(
                type + " " + rows + " " + cols + " " + rounded, _ -> expected(copies[0], rounded));
        float[] x = activations(batch * cols, batch);
        System.arraycopy(row.x, 0, x, 0, cols);
        System.arraycopy(row.x, 0, x, (batch - 1) * cols, cols);
        float[] y = new float[batch * rows];
        MatrixKernels kernels = backend.matrix();
        return new RooflineCase.Running() {
            @Override
            public void check() {
                run(0);
                Agreement.check(kernel + " " + type, row.y, row.tolerance, y, 0);
                Agreement.check(kernel + " " + type, row.y, row.tolerance, y, (batch - 1) * rows);
            }

            @Override
            public void run(int index) {
                Matrix weights = copies[index % copies.length];
                if (decode) {
                    kernels.gemv(weights, batch, x, y);
                } else {
                    kernels.gemm(weights, batch, x, y);
                }
            }
        };
    }

    /** The two products of plain loops differ only where decoding rounds activations. */
    private static Expected expected(Matrix weights, boolean rounded) {
        int rows = weights.rows();
        int cols = weights.cols();
        float[] x = activations(cols, 0);
        float[] y = new float[rows];
        try (WorkerPool one = WorkerPool.of(1)) {
            if (rounded) {
                MatrixKernels.scalar(one).gemv(weights, 1, x, y);
            } else {
                MatrixKernels.scalar(one).gemm(weights, 1, x, y);
            }
        }
        // to the nearest of 127 steps to at most 0.5
        double rounding = rounded ? 0.25 / 127 : 0;
        double[] tolerance = new double[rows];
        for (int r = 0; r < rows; r++) {
            double magnitude = 0;
            for (int c = 0; c < cols; c++) {
                magnitude += Math.abs(weights.get((long) r * cols + c)) * (Math.abs(x[c]) + rounding);
            }
            tolerance[r] = Agreement.sum(cols, magnitude);
        }
        return new Expected(x, y, tolerance);
    }

    /** Numbers of -0.5 to 0.5. */
    static float[] activations(int length, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (random.nextDouble() - 0.5);
        }
        return values;
    }
}
