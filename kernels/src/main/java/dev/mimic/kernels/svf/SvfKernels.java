package dev.mimic.kernels.svf;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.GemvGroup;
import dev.mimic.kernels.matrix.MatrixKernels;

/**
 * The fused product of singular value fine-tuning, {@code y = U (scale .* (Vᵀ x))}, with a scale of its own for every row
 * of a batch: one pass over U and V serves all rows, however many experts are among them. W' is never formed.
 *
 * <p>Factored form: {@code scale = sigma .* z} and U, V replace W. Residual form: {@code scale = sigma .* (z - 1)}, added
 * to {@code W x}.
 *
 * <p>One class for both implementations: it is a composition of matrix kernels, whose twins it takes over, and of a
 * product by element. An instance serves one calling thread at a time.
 */
public final class SvfKernels {
    /** Which order of summation the products take (see {@link MatrixKernels}). */
    public enum Phase {
        DECODE,
        PREFILL
    }

    /** Elements worth a thread. */
    private static final int SHARE = 16384;

    private final MatrixKernels matrix;
    private final WorkerPool pool;
    private final Scale scale = new Scale();

    /** The product that {@link #accumulate} adds: [batch, out] of the largest call so far. */
    private float[] product = new float[0];

    /**
     * Composes.
     *
     * @param pool the pool of the matrix kernels
     */
    public SvfKernels(MatrixKernels matrix, WorkerPool pool) {
        this.matrix = matrix;
        this.pool = pool;
    }

    /**
     * {@code y[i] = U (scales[i] .* (Vᵀ x[i]))}.
     *
     * @param batch rows
     * @param x [batch, in]
     * @param scales [batch][rank], one array a row; rows may share an array
     * @param scratch [batch, rank]; overwritten
     * @param y [batch, out]; overwritten
     */
    public void apply(
            Phase phase, SvfFactors factors, int batch, float[] x, float[][] scales, float[] scratch, float[] y) {
        apply(phase, factors, batch, x, scales, null, scratch, y);
    }

    /**
     * The same, and keeps {@code Vᵀ x} for a backward pass.
     *
     * @param kept [batch, rank]: overwritten with {@code Vᵀ x[i]}, before the scale; null for nothing kept
     */
    public void apply(
            Phase phase,
            SvfFactors factors,
            int batch,
            float[] x,
            float[][] scales,
            float[] kept,
            float[] scratch,
            float[] y) {
        check(factors, batch, x, scales, scratch, y);
        for (int i = 0; i < batch; i++) {
            if (scales[i] == null) {
                throw new IllegalArgumentException("svf: scales has none for row " + i + ", expected one a row");
            }
        }
        multiply(phase, factors, batch, x, scales, kept, scratch, y);
    }

    /**
     * {@code y[i] += U (scales[i] .* (Vᵀ x[i]))} where row i has a scale. A row without one is the base model: its y is
     * left as it is. Where no row has one, nothing is read.
     *
     * @param batch rows
     * @param x [batch, in]
     * @param scales [batch][rank], one array a row or null; rows may share an array
     * @param scratch [batch, rank]; overwritten
     * @param y [batch, out]; accumulated into
     */
    public void accumulate(
            Phase phase, SvfFactors factors, int batch, float[] x, float[][] scales, float[] scratch, float[] y) {
        accumulate(phase, factors, batch, x, scales, null, scratch, y);
    }

    /**
     * The same, and keeps {@code Vᵀ x} for a backward pass, of the rows up to the last that has a scale.
     *
     * @param kept [batch, rank]: overwritten with {@code Vᵀ x[i]}, before the scale; null for nothing kept
     */
    public void accumulate(
            Phase phase,
            SvfFactors factors,
            int batch,
            float[] x,
            float[][] scales,
            float[] kept,
            float[] scratch,
            float[] y) {
        check(factors, batch, x, scales, scratch, y);
        int last = batch - 1;
        while (last >= 0 && scales[last] == null) {
            last--;
        }
        if (last < 0) {
            return;
        }
        int out = factors.u().rows();
        if (product.length < batch * out) {
            product = new float[batch * out];
        }
        multiply(phase, factors, last + 1, x, scales, kept, scratch, product);
        addCorrections(last + 1, out, scales, product, y);
    }

    /**
     * Decoding, together with other products: adds {@code Vᵀ x} to a group. {@link #addExpansion} goes on from there when the
     * group has run.
     *
     * @param x [batch, in]
     * @param projected [batch, rank]; overwritten when the group runs
     */
    public void addProjection(GemvGroup group, SvfFactors factors, float[] x, float[] projected) {
        if (factors.transposed()) {
            group.add(factors.v(), x, projected);
        } else {
            group.addTransposed(factors.v(), x, projected);
        }
    }

    /**
     * Scales what {@link #addProjection} left and adds the product with U to a group. When that has run, y has the bits of {@link
     * #apply}, and for rows without a scale something of no meaning.
     *
     * @param batch rows
     * @param scales [batch][rank], one array a row or null; rows may share an array
     * @param projected [batch, rank]; scaled in place
     * @param y [batch, out]; overwritten when the group runs
     */
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

    /**
     * {@code y[i] += corrections[i]} where row i has a scale: the end of {@link #accumulate}.
     *
     * @param batch rows
     * @param out elements of a row
     * @param scales [batch], null for rows that stay as they are
     * @param corrections [batch, out]
     * @param y [batch, out]; accumulated into
     */
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

    /**
     * {@code y[i] = V x[i]}, what a backward pass needs of V.
     *
     * @param batch rows
     * @param x [batch, rank]
     * @param y [batch, in]; overwritten
     */
    public void expand(SvfFactors factors, int batch, float[] x, float[] y) {
        if (factors.transposed()) {
            matrix.gemmTransposed(factors.v(), batch, x, y);
        } else {
            matrix.gemm(factors.v(), batch, x, y);
        }
    }

    private static void check(SvfFactors factors, int batch, float[] x, float[][] scales, float[] scratch, float[] y) {
        int rank = factors.rank();
        Shapes.atLeast("svf", "x", x.length, (long) batch * factors.in());
        Shapes.atLeast("svf", "scales", scales.length, batch);
        Shapes.atLeast("svf", "scratch", scratch.length, (long) batch * rank);
        Shapes.atLeast("svf", "y", y.length, (long) batch * factors.u().rows());
        for (int i = 0; i < batch; i++) {
            if (scales[i] != null) {
                Shapes.atLeast("svf", "scale", scales[i].length, rank);
            }
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
