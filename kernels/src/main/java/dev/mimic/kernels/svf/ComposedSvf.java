package dev.mimic.kernels.svf;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.GemvGroup;
import dev.mimic.kernels.matrix.MatrixKernels;

/**
 * The fused product as a composition of matrix kernels, whose twins it takes over, and of a product by element: one class
 * for both of their implementations.
 */
final class ComposedSvf implements SvfKernels {
    /** Elements worth a thread. */
    private static final int SHARE = 16384;

    private final MatrixKernels matrix;
    private final WorkerPool pool;
    private final Scale scale = new Scale();

    /** The product that {@link #accumulate} adds: [batch, out] of the largest call so far. */
    private float[] product = new float[0];

    ComposedSvf(MatrixKernels matrix, WorkerPool pool) {
        this.matrix = matrix;
        this.pool = pool;
    }

    @Override
    public void apply(
            Phase phase,
            SvfFactors factors,
            int batch,
            float[] x,
            float[][] scales,
            float[] kept,
            float[] scratch,
            float[] y) {
        SvfShapes.check(factors, batch, x, scales, scratch, y);
        SvfShapes.checkEveryRow(batch, scales);
        multiply(phase, factors, batch, x, scales, kept, scratch, y);
    }

    @Override
    public void accumulate(
            Phase phase,
            SvfFactors factors,
            int batch,
            float[] x,
            float[][] scales,
            float[] kept,
            float[] scratch,
            float[] y) {
        SvfShapes.check(factors, batch, x, scales, scratch, y);
        int rows = SvfShapes.scaledRows(batch, scales);
        if (rows == 0) {
            return;
        }
        int out = factors.u().rows();
        if (product.length < batch * out) {
            product = new float[batch * out];
        }
        multiply(phase, factors, rows, x, scales, kept, scratch, product);
        addCorrections(rows, out, scales, product, y);
    }

    @Override
    public void addProjection(GemvGroup group, SvfFactors factors, float[] x, float[] projected) {
        if (factors.transposed()) {
            group.add(factors.v(), x, projected);
        } else {
            group.addTransposed(factors.v(), x, projected);
        }
    }

    @Override
    public void addExpansion(
            GemvGroup group, SvfFactors factors, int batch, float[][] scales, float[] projected, float[] y) {
        int rank = factors.rank();
        Shapes.atLeast("svf", "scales", scales.length, batch);
        Shapes.atLeast("svf", "projected", projected.length, (long) batch * rank);
        for (int i = 0; i < batch; i++) {
            if (scales[i] != null) {
                Shapes.atLeast("svf", "scale", scales[i].length, rank);
            }
        }
        scale.set(scales, rank, projected, projected);
        pool.run(batch, Math.max(1, SHARE / Math.max(1, rank)), scale);
        group.add(factors.u(), projected, y);
    }

    @Override
    public void addCorrections(int batch, int out, float[][] scales, float[] corrections, float[] y) {
        Shapes.atLeast("svf", "scales", scales.length, batch);
        Shapes.atLeast("svf", "corrections", corrections.length, (long) batch * out);
        Shapes.atLeast("svf", "y", y.length, (long) batch * out);
        for (int i = 0; i < batch; i++) {
            if (scales[i] != null) {
                add(corrections, y, i * out, out);
            }
        }
    }

    @Override
    public void expand(SvfFactors factors, int batch, float[] x, float[] y) {
        if (factors.transposed()) {
            matrix.gemmTransposed(factors.v(), batch, x, y);
        } else {
            matrix.gemm(factors.v(), batch, x, y);
        }
    }

    /** One pass over V, one over U. Rows without a scale get a product of no meaning. */
    private void multiply(
            Phase phase,
            SvfFactors factors,
            int batch,
            float[] x,
            float[][] scales,
            float[] kept,
            float[] scratch,
            float[] y) {
        int rank = factors.rank();
        float[] projected = kept == null ? scratch : kept;
        Shapes.atLeast("svf", "kept", projected.length, (long) batch * rank);
        project(phase, factors, batch, x, projected);
        scale.set(scales, rank, projected, scratch);
        pool.run(batch, Math.max(1, SHARE / Math.max(1, rank)), scale);
        switch (phase) {
            case DECODE -> matrix.gemv(factors.u(), batch, scratch, y);
            case PREFILL -> matrix.gemm(factors.u(), batch, scratch, y);
        }
    }

    /** {@code y[i] = Vᵀ x[i]}. */
    private void project(Phase phase, SvfFactors factors, int batch, float[] x, float[] y) {
        if (factors.transposed()) {
            switch (phase) {
                case DECODE -> matrix.gemv(factors.v(), batch, x, y);
                case PREFILL -> matrix.gemm(factors.v(), batch, x, y);
            }
        } else {
            switch (phase) {
                case DECODE -> matrix.gemvTransposed(factors.v(), batch, x, y);
                case PREFILL -> matrix.gemmTransposed(factors.v(), batch, x, y);
            }
        }
    }

    // C2 turns the inner loops into vector loops by itself

    private static void add(float[] x, float[] y, int offset, int length) {
        for (int k = 0; k < length; k++) {
            y[offset + k] += x[offset + k];
        }
    }

    /** {@code y[i] = scales[i] .* x[i]} where a row has a scale. Made once, so that handing it over allocates nothing. */
    private static final class Scale implements WorkerPool.Task {
        private float[][] scales = {};
        private int rank;
        private float[] x = {};
        private float[] y = {};

        void set(float[][] scales, int rank, float[] x, float[] y) {
            this.scales = scales;
            this.rank = rank;
            this.x = x;
            this.y = y;
        }

        @Override
        public void run(int begin, int end) {
            for (int i = begin; i < end; i++) {
                if (scales[i] != null) {
                    row(scales[i], x, y, i * rank, rank);
                }
            }
        }

        private static void row(float[] scale, float[] x, float[] y, int offset, int length) {
            for (int k = 0; k < length; k++) {
                y[offset + k] = x[offset + k] * scale[k];
            }
        }
    }
}
