package dev.mimic.kernels.roofline;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.kernels.svf.SvfKernels;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Layers with experts. Factored: {@code y = U ((sigma .* z) .* (Vᵀ x))} at full rank, in place of the layer. Residual: the
 * layer, and the same of a few singular values added to it.
 */
final class SvfCases {
    private final WorkingSet set;
    private final Map<String, Expected> expected = new HashMap<>();

    /** Layer and factors of one copy; the layer is null in the factored form. */
    private record Layer(Matrix weights, SvfFactors factors) {}

    private record Expected(float[] y, double[] tolerance) {}

    /** One layer's shape. */
    private record Shape(WeightType type, int out, int in, int rank, boolean residual) {
        long weightBytes() {
            return residual ? type.byteSize(out, in) : 0;
        }

        long bytes() {
            return weightBytes() + type.byteSize(out, rank) + type.byteSize(in, rank);
        }

        double operations() {
            return 2.0 * rank * (out + in) + (residual ? 2.0 * out * in : 0);
        }
    }

    SvfCases(WorkingSet set) {
        this.set = set;
    }

    /** Full rank, no layer beside it. */
    RooflineCase factored(WeightType type, int out, int in, int batch, int experts) {
        return of("svf factored", new Shape(type, out, in, Math.min(out, in), false), batch, experts);
    }

    /** The layer and the first singular values. */
    RooflineCase residual(WeightType type, int out, int in, int rank, int batch, int experts) {
        return of("svf residual " + rank, new Shape(type, out, in, rank, true), batch, experts);
    }

    private RooflineCase of(String kernel, Shape shape, int batch, int experts) {
        return new RooflineCase(
                kernel + (batch == 1 ? "" : ", " + experts + " z"),
                shape.type.name(),
                shape.out + "x" + shape.in,
                batch,
                RooflineCase.Bound.ROOF,
                shape.bytes(),
                shape.operations() * batch,
                backend -> start(kernel, shape, batch, experts, backend));
    }

    private RooflineCase.Running start(String kernel, Shape shape, int batch, int experts, Backend backend) {
        // a copy of slack for the alignment of its parts
        long stride = shape.bytes() + 256;
        Layer[] copies = new Layer[set.copies(stride)];
        for (int i = 0; i < copies.length; i++) {
            copies[i] = layer(shape, i, stride);
        }
        float[][] z = new float[batch][];
        for (int row = 0; row < batch; row++) {
            z[row] = MatrixCases.activations(shape.rank, row % experts);
        }
        z[batch - 1] = z[0]; // the row that is compared
        float[] x = MatrixCases.activations(batch * shape.in, 3);
        System.arraycopy(x, 0, x, (batch - 1) * shape.in, shape.in);
        Expected row = expected.computeIfAbsent(
                kernel + shape, _ -> expected(shape, copies[0], Arrays.copyOf(x, shape.in), z[0]));
        float[] y = new float[batch * shape.out];
        float[] scratch = new float[batch * shape.rank];
        MatrixKernels matrix = backend.matrix();
        SvfKernels svf = backend.svf();
        return new RooflineCase.Running() {
            @Override
            public void check() {
                run(0);
                Agreement.check(kernel, row.y, row.tolerance, y, 0);
                Agreement.check(kernel, row.y, row.tolerance, y, (batch - 1) * shape.out);
            }

            @Override
            public void run(int index) {
                apply(copies[index % copies.length], matrix, svf, batch, x, z, scratch, y);
            }
        };
    }

    private static void apply(
            Layer layer,
            MatrixKernels matrix,
            SvfKernels svf,
            int batch,
            float[] x,
            float[][] z,
            float[] scratch,
            float[] y) {
        if (layer.weights == null) {
            svf.apply(SvfKernels.Phase.DECODE, layer.factors, batch, x, z, scratch, y);
        } else {
            matrix.gemv(layer.weights, batch, x, y);
            svf.accumulate(SvfKernels.Phase.DECODE, layer.factors, batch, x, z, scratch, y);
        }
    }

    private Layer layer(Shape shape, int index, long stride) {
        MemorySegment memory = set.copy(stride, index);
        long weights = (shape.weightBytes() + 63) / 64 * 64;
        long u = shape.type.byteSize(shape.out, shape.rank);
        long v = shape.type.byteSize(shape.in, shape.rank);
        Matrix matrix =
                shape.residual ? shape.type.matrix(shape.out, shape.in, memory.asSlice(0, shape.weightBytes())) : null;
        MemorySegment right = memory.asSlice(weights + (u + 63) / 64 * 64, v);
        boolean transposed = shape.type == WeightType.INT8; // as factors of each type are stored
        return new Layer(
                matrix,
                new SvfFactors(
                        shape.type.matrix(shape.out, shape.rank, memory.asSlice(weights, u)),
                        transposed
                                ? shape.type.matrix(shape.rank, shape.in, right)
                                : shape.type.matrix(shape.in, shape.rank, right),
                        transposed));
    }

    /** One row of the scalar twin, and the bound of a sum over sums. */
    private static Expected expected(Shape shape, Layer layer, float[] x, float[] z) {
        float[] y = new float[shape.out];
        float[] scratch = new float[shape.rank];
        try (WorkerPool one = WorkerPool.of(1)) {
            Backend scalar = Backend.scalar(one);
            apply(layer, scalar.matrix(), scalar.svf(), 1, x, new float[][] {z}, scratch, y);
        }
        double[] inner = new double[shape.rank];
        for (int c = 0; c < shape.in; c++) {
            for (int k = 0; k < shape.rank; k++) {
                long at = layer.factors.transposed() ? (long) k * shape.in + c : (long) c * shape.rank + k;
                inner[k] += Math.abs(layer.factors.v().get(at) * x[c]);
            }
        }
        double[] tolerance = new double[shape.out];
        for (int r = 0; r < shape.out; r++) {
            double magnitude = 0;
            for (int k = 0; k < shape.rank; k++) {
                magnitude += Math.abs(layer.factors.u().get((long) r * shape.rank + k) * z[k]) * inner[k];
            }
            for (int c = 0; layer.weights != null && c < shape.in; c++) {
                magnitude += Math.abs(layer.weights.get((long) r * shape.in + c) * x[c]);
            }
            tolerance[r] = Agreement.sum(shape.in + shape.rank + 2, magnitude);
        }
        return new Expected(y, tolerance);
    }
}
