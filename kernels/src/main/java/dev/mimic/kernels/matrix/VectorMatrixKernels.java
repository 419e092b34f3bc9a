package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.WorkerPool;
import jdk.incubator.vector.FloatVector;

/**
 * The Vector API. Each call checks its shapes, cuts its rows or columns into one share a thread and hands the shares
 * over in a record that is used again, so that nothing is allocated per call once the workspaces have grown.
 */
final class VectorMatrixKernels implements MatrixKernels {
    private static final int LANES = SPECIES.length();

    /** Weights and multiply-adds below which a product stays on one thread: a few microseconds, near a hand-over's cost. */
    private static final long FEW_WEIGHTS = 1 << 17;

    private static final long FEW_PRODUCTS = 1 << 19;

    /** Rows of x beside which the packing of weights counts little. */
    private static final int ROWS_WORTH_PACKING = 96;

    private final WorkerPool pool;
    private final VectorWorkspace[] workspaces;
    private final Job job = new Job();
    private final VectorGemv gemv = new VectorGemv();
    private final VectorQuantizedGemv quantizedGemv = new VectorQuantizedGemv();
    private final VectorInt8Gemv int8Gemv = new VectorInt8Gemv();
    private final VectorGemvPanels gemvPanels = new VectorGemvPanels();
    private final VectorGemvTransposed gemvTransposed = new VectorGemvTransposed();
    private final VectorGemm gemm = new VectorGemm();
    private final VectorPanelGemm panelGemm = new VectorPanelGemm(VectorPanelPacking.ROWS);
    private final VectorPanelGemm panelGemmTransposed = new VectorPanelGemm(VectorPanelPacking.COLUMNS);

    VectorMatrixKernels(WorkerPool pool) {
        this.pool = pool;
        workspaces = new VectorWorkspace[pool.threads()];
        for (int i = 0; i < workspaces.length; i++) {
            workspaces[i] = new VectorWorkspace();
        }
    }

    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        Shapes.range("dot", "a", aOffset, length, a.length);
        Shapes.range("dot", "b", bOffset, length, b.length);
        FloatVector even = FloatVector.zero(SPECIES);
        FloatVector odd = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= length - 2 * LANES; i += 2 * LANES) { // two sums in flight hide the latency of fma
            even = FloatVector.fromArray(SPECIES, a, aOffset + i)
                    .fma(FloatVector.fromArray(SPECIES, b, bOffset + i), even);
            odd = FloatVector.fromArray(SPECIES, a, aOffset + i + LANES)
                    .fma(FloatVector.fromArray(SPECIES, b, bOffset + i + LANES), odd);
        }
        FloatVector sum = even.add(odd);
        if (LANES > 8) {
            sum = sum.add(sum.rearrange(VectorLanes.BY_8));
        }
        if (LANES > 4) {
            sum = sum.add(sum.rearrange(VectorLanes.BY_4));
        }
        sum = sum.add(sum.rearrange(VectorLanes.BY_2));
        float body = sum.add(sum.rearrange(VectorLanes.BY_1)).lane(0);
        return body + ScalarMatrixKernels.dotRange(a, aOffset, b, bOffset, i, length);
    }

    @Override
    public void axpy(float alpha, float[] x, int xOffset, float[] y, int yOffset, int length) {
        Shapes.range("axpy", "x", xOffset, length, x.length);
        Shapes.range("axpy", "y", yOffset, length, y.length);
        VectorAxpys.row(alpha, x, xOffset, y, yOffset, length);
    }

    @Override
    public void gemv(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.forward("gemv", weights, batch, x, y);
        if (isQuantized(weights)) {
            run(quantizedGemv, weights, batch, x, y, weights.rows(), VectorQuantizedGemv.GRAIN);
            return;
        }
        if (batch == 1 && weights instanceof Matrix.Int8 && VectorInt8Gemv.PAYS) {
            run(int8Gemv, weights, batch, x, y, weights.rows(), VectorInt8Gemv.GRAIN);
            return;
        }
        int inPanels = weights.cols() < LANES ? 0 : VectorGemvPanels.rowsOf(batch);
        for (int first = 0; first < inPanels; first += gemvPanels.rowsInChunk()) {
            int panels = gemvPanels.startChunk(weights, inPanels, first);
            run(gemvPanels.packing(), weights, batch, x, y, panels, 1);
            run(gemvPanels, weights, batch, x, y, weights.rows(), VectorChainTile.ROWS);
        }
        if (inPanels < batch) {
            gemv.from(inPanels);
            run(gemv, weights, batch, x, y, weights.rows(), VectorGemv.GRAIN);
        }
    }

    @Override
    public void gemvTransposed(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.transposed("gemvTransposed", weights, batch, x, y);
        if (batch < VectorGemvTransposed.MANY) {
            run(gemvTransposed, weights, batch, x, y, weights.cols(), VectorGemvTransposed.GRAIN);
        } else {
            packed(panelGemmTransposed, weights, batch, x, y, weights.cols());
        }
    }

    @Override
    public void gemm(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.forward("gemm", weights, batch, x, y);
        // one form turns the weights, the other x and y; both give the same bits
        long turned = (long) batch * (weights.rows() + weights.cols());
        if (isQuantized(weights) || turned >= (long) weights.rows() * weights.cols()) {
            packed(panelGemm, weights, batch, x, y, weights.rows());
            return;
        }
        for (int first = 0; first < batch; first += gemm.rowsInChunk()) {
            int panels = gemm.startChunk(weights, batch, first);
            run(gemm.packing(), weights, batch, x, y, panels, 1);
            run(gemm, weights, batch, x, y, weights.rows(), VectorGemmTile.ROWS);
        }
    }

    @Override
    public void gemmTransposed(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.transposed("gemmTransposed", weights, batch, x, y);
        packed(panelGemmTransposed, weights, batch, x, y, weights.cols());
    }

    private static boolean isQuantized(Matrix weights) {
        return weights instanceof Matrix.Q8 || weights instanceof Matrix.Q4;
    }

    /** Threads share the rows of x where each gets enough of them to repay that it packs all weights. */
    private void packed(VectorPanelGemm product, Matrix weights, int batch, float[] x, float[] y, int outputs) {
        if (batch / workspaces.length >= Math.min(outputs, ROWS_WORTH_PACKING)) {
            run(product.rows(), weights, batch, x, y, batch, VectorGemmTile.ROWS);
        } else {
            run(product, weights, batch, x, y, outputs, VectorGemmTile.PANEL);
        }
    }

    private void run(Ranged operation, Matrix weights, int batch, float[] x, float[] y, int items, int grain) {
        if (batch == 0 || items == 0) {
            return;
        }
        long count = (long) weights.rows() * weights.cols();
        boolean small = count < FEW_WEIGHTS && count * batch < FEW_PRODUCTS;
        job.operation = operation;
        job.weights = weights;
        job.batch = batch;
        job.x = x;
        job.y = y;
        job.items = items;
        job.grain = grain;
        job.shares = small ? 1 : (int) Math.min(workspaces.length, ((long) items + grain - 1) / grain);
        try {
            pool.run(job.shares, 1, job);
        } finally {
            job.forget();
        }
    }

    /** One operation on a range of its rows, columns or panels; several run at once, each with its own workspace. */
    interface Ranged {
        /**
         * Works on the items {@code [begin, end)}.
         *
         * @param workspace this share's own
         */
        void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace);
    }

    /** What is handed over: one share a thread, because each share needs a workspace of its own. */
    private final class Job implements WorkerPool.Task {
        private Ranged operation;
        private Matrix weights;
        private int batch;
        private float[] x;
        private float[] y;
        private int items;
        private int grain;
        private int shares;

        @Override
        public void run(int first, int last) {
            for (int share = first; share < last; share++) {
                int begin = bound(share);
                int end = bound(share + 1);
                if (begin < end) {
                    operation.range(weights, batch, x, y, begin, end, workspaces[share]);
                }
            }
        }

        private int bound(int share) {
            long grains = ((long) items + grain - 1) / grain;
            return (int) Math.min(items, grains * share / shares * grain);
        }

        /** Segments are borrowed, never kept. */
        void forget() {
            operation = null;
            weights = null;
            x = null;
            y = null;
        }
    }
}
