package dev.mimic.kernels.roofline;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.row.RowKernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Row operations at the sizes of Llama-3.2-1B, beside a plain read of as many bytes from the cache that holds them: hidden
 * 2048, intermediate 8192, 32 heads of 64, vocabulary 128256.
 */
final class RowCases {
    private static final int HIDDEN = 2048;
    private static final int INTERMEDIATE = 8192;
    private static final int HEAD = 64;
    private static final int VOCABULARY = 128_256;

    /** Of the functions that approximate (exp, square root), beside rounding: see the contract tests of the kernels. */
    private static final double APPROXIMATION = 0x1p-20;

    /** One operation on arrays that are made for it. */
    private interface Operation {
        void run(RowKernels kernels);
    }

    private RowCases() {}

    static List<RooflineCase> of(int batch) {
        List<RooflineCase> cases = new ArrayList<>();
        cases.add(norm(batch));
        cases.add(gate(batch));
        cases.add(rotation(batch));
        cases.add(addition(batch));
        if (batch == 1) {
            cases.add(softmax());
        }
        return cases;
    }

    private static RooflineCase norm(int batch) {
        float[] x = MatrixCases.activations(batch * HIDDEN, 1);
        float[] weight = MatrixCases.activations(HIDDEN, 2);
        float[] y = new float[x.length];
        // the sum of squares is off by n roundings, the root halves that
        double tolerance = Agreement.sum(HIDDEN, 1) + APPROXIMATION;
        return of(
                "rmsNorm",
                HIDDEN,
                batch,
                2L * x.length,
                4.0 * x.length,
                y,
                tolerance,
                k -> k.rmsNorm(batch, x, weight, 1e-5f, y));
    }

    private static RooflineCase gate(int batch) {
        float[] gate = MatrixCases.activations(batch * INTERMEDIATE, 1);
        float[] up = MatrixCases.activations(batch * INTERMEDIATE, 2);
        float[] y = new float[gate.length];
        return of(
                "swiGlu",
                INTERMEDIATE,
                batch,
                3L * y.length,
                4.0 * y.length,
                y,
                APPROXIMATION,
                k -> k.swiGlu(y.length, gate, up, y));
    }

    private static RooflineCase rotation(int batch) {
        float[] x = MatrixCases.activations(batch * HIDDEN, 1);
        float[] cos = new float[batch * HEAD / 2];
        float[] sin = new float[cos.length];
        for (int i = 0; i < cos.length; i++) { // true angles: x keeps its magnitude however often it is rotated
            cos[i] = (float) Math.cos(i);
            sin[i] = (float) Math.sin(i);
        }
        return of(
                "rotate",
                HIDDEN,
                batch,
                2L * x.length,
                3.0 * x.length,
                x,
                APPROXIMATION,
                k -> k.rotate(batch, HIDDEN / HEAD, HEAD, x, cos, sin));
    }

    private static RooflineCase addition(int batch) {
        float[] x = new float[batch * HIDDEN];
        float[] y = MatrixCases.activations(batch * HIDDEN, 2);
        return of("add", HIDDEN, batch, 2L * x.length, x.length, y, 0, k -> k.add(x.length, x, y));
    }

    private static RooflineCase softmax() {
        float[] x = MatrixCases.activations(VOCABULARY, 1);
        // of each element, a share of the whole; the sum rounds once an element
        double tolerance = (Agreement.sum(VOCABULARY, 1) + APPROXIMATION) * 4 / VOCABULARY;
        return of(
                "softmax",
                VOCABULARY,
                1,
                3L * x.length,
                8.0 * x.length,
                x,
                tolerance,
                k -> k.softmax(x, 0, VOCABULARY));
    }

    /**
     * A case.
     *
     * @param floats of the large arrays, each counted once whether it is read, written or both
     * @param result where the result is, and what it starts from
     * @param tolerance of a result of about 1
     */
    private static RooflineCase of(
            String kernel,
            int size,
            int batch,
            long floats,
            double operations,
            float[] result,
            double tolerance,
            Operation operation) {
        return new RooflineCase(
                kernel,
                "F32",
                String.valueOf(size),
                batch,
                RooflineCase.Bound.CACHE,
                floats * Float.BYTES,
                operations,
                backend -> start(kernel, result, tolerance, operation, backend));
    }

    private static RooflineCase.Running start(
            String kernel, float[] result, double tolerance, Operation operation, Backend backend) {
        return new RooflineCase.Running() {
            @Override
            public void check() {
                float[] before = result.clone();
                try (WorkerPool one = WorkerPool.of(1)) {
                    operation.run(RowKernels.scalar(one));
                }
                float[] expected = result.clone();
                System.arraycopy(before, 0, result, 0, before.length);
                run(0);
                double[] tolerances = new double[result.length];
                Arrays.fill(tolerances, tolerance);
                Agreement.check(kernel, expected, tolerances, result, 0);
            }

            @Override
            public void run(int index) {
                operation.run(backend.row());
            }
        };
    }
}
