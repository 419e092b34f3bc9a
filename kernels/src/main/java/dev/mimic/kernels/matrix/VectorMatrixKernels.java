package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;
import java.util.function.LongSupplier;
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
    private final VectorGemv gemv;
    private final VectorQuantizedGemv quantizedGemv = new VectorQuantizedGemv();
    private final VectorInt8Gemv int8Gemv = new VectorInt8Gemv();
    private final VectorGemvPanels gemvPanels = new VectorGemvPanels();
    private final VectorGemvTransposed gemvTransposed = new VectorGemvTransposed();
    private final VectorGemvTransposedSlices gemvTransposedSlices = new VectorGemvTransposedSlices();
    private final VectorGemm gemm = new VectorGemm();
    private final VectorF32Gemm f32Gemm = new VectorF32Gemm();
    private final VectorPanelGemm panelGemm = new VectorPanelGemm(VectorPanelPacking.ROWS);
    private final VectorPanelGemm panelGemmTransposed = new VectorPanelGemm(VectorPanelPacking.COLUMNS);
    private final VectorPanelGemm panelGemvTransposed = new VectorPanelGemm(VectorPanelPacking.COLUMNS_BY_QUARTERS);
    private final Ranged turning = VectorQuarters::turn;

    /** Rows of x in the order of {@link VectorQuarters}: as many as the largest call had. */
    private float[] turned = new float[0];

    VectorMatrixKernels(WorkerPool pool, GemvForm form, LongSupplier clock) {
        this.pool = pool;
        gemv = new VectorGemv(form, clock);
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
        if (isOneOfBytes(weights, batch)) {
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
        if (!VectorGemvTransposed.isMany(weights, batch)) {
            try {
                job.addTransposed(weights, batch, x, y);
                job.handOver();
            } finally {
                job.forget();
            }
        } else {
            if (turned.length < batch * weights.rows()) {
                turned = new float[batch * weights.rows()];
            }
            run(turning, weights, batch, x, turned, batch, 1);
            packed(panelGemvTransposed, weights, batch, turned, y, weights.cols());
        }
    }

    @Override
    public void gemv(int batch, GemvGroup group) {
        if (batch == 0 || !alone(batch, group)) {
            MatrixKernels.super.gemv(batch, group);
            return;
        }
        gemv.from(0);
        try {
            for (int i = 0; i < group.count(); i++) {
                Matrix weights = group.weights(i);
                float[] x = group.x(i);
                float[] y = group.y(i);
                if (group.transposed(i)) {
                    MatrixShapes.transposed("gemvTransposed", weights, batch, x, y);
                    job.addTransposed(weights, batch, x, y);
                } else {
                    MatrixShapes.forward("gemv", weights, batch, x, y);
                    if (isQuantized(weights)) {
                        job.add(quantizedGemv, weights, batch, x, y, weights.rows(), VectorQuantizedGemv.GRAIN);
                    } else if (isOneOfBytes(weights, batch)) {
                        job.add(int8Gemv, weights, batch, x, y, weights.rows(), VectorInt8Gemv.GRAIN);
                    } else {
                        job.add(gemv, weights, batch, x, y, weights.rows(), VectorGemv.GRAIN);
                    }
                }
            }
            job.handOver();
        } finally {
            job.forget();
        }
    }

    /** Whether every product is one operation on ranges, with nothing to pack before. */
    private static boolean alone(int batch, GemvGroup group) {
        for (int i = 0; i < group.count(); i++) {
            boolean several = group.transposed(i)
                    ? VectorGemvTransposed.isMany(group.weights(i), batch)
                    : !isQuantized(group.weights(i)) && VectorGemvPanels.rowsOf(batch) > 0;
            if (several) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void gemm(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.forward("gemm", weights, batch, x, y);
        // one form turns the weights, the other x and y; both give the same bits
        long turned = (long) batch * (weights.rows() + weights.cols());
        if (isQuantized(weights) || turned >= 2L * weights.rows() * weights.cols()) {
            packed(panelGemm, weights, batch, x, y, weights.rows());
            return;
        }
        if (weights instanceof Matrix.F32) {
            inChunks(f32Gemm.rows(), f32Gemm, weights, batch, x, y, VectorF32GemmTile.ROWS);
        } else {
            inChunks(gemm.rows(), gemm, weights, batch, x, y, VectorGemmTile.ROWS);
        }
    }

    /** A product with packed rows of x: packing, then rows of weights. */
    private void inChunks(
            VectorPackedRows rows, Ranged product, Matrix weights, int batch, float[] x, float[] y, int grain) {
        for (int first = 0; first < batch; first += rows.count()) {
            int panels = rows.startChunk(weights, batch, first);
            run(rows.packing(), weights, batch, x, y, panels, 1);
            run(product, weights, batch, x, y, weights.rows(), grain);
        }
    }

    @Override
    public void gemmTransposed(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.transposed("gemmTransposed", weights, batch, x, y);
        packed(panelGemmTransposed, weights, batch, x, y, weights.cols());
    }

    @Override
    public String forms() {
        return gemv.forms();
    }

    @Override
    public boolean isTrying() {
        return job.tuner != null && job.tuner.isTrying();
    }

    private static boolean isQuantized(Matrix weights) {
        return weights instanceof Matrix.Q8 || weights instanceof Matrix.Q4;
    }

    private static boolean isOneOfBytes(Matrix weights, int batch) {
        return batch == 1 && weights instanceof Matrix.Int8 && VectorInt8Gemv.PAYS;
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
        try {
            job.add(operation, weights, batch, x, y, items, grain);
            job.handOver();
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
        private VectorMatrixPart[] parts = {new VectorMatrixPart()};
        private int count;
        private int shares;

        /** Of the last hand-over; null if nothing in it has two forms. */
        private GemvTuner tuner;

        /** Adds a product, unless there is nothing to do. */
        void add(Ranged operation, Matrix weights, int batch, float[] x, float[] y, int items, int grain) {
            if (batch == 0 || items == 0) {
                return;
            }
            if (count == parts.length) {
                parts = Arrays.copyOf(parts, count + 1);
                parts[count] = new VectorMatrixPart();
            }
            VectorMatrixPart part = parts[count++];
            part.operation = operation;
            part.weights = weights;
            part.batch = batch;
            part.x = x;
            part.y = y;
            part.items = items;
            part.grain = grain;
        }

        /** Adds {@link #gemvTransposed} for rows of x that are not many. */
        void addTransposed(Matrix weights, int batch, float[] x, float[] y) {
            long items = VectorGemvTransposedSlices.items(weights);
            boolean bySlices = workspaces.length > 1 && batch == 1 && VectorGemvTransposed.isPlain(weights);
            if (!bySlices || items == 0 || items > Integer.MAX_VALUE) {
                add(gemvTransposed, weights, batch, x, y, weights.cols(), VectorGemvTransposed.GRAIN);
                return;
            }
            add(gemvTransposedSlices, weights, batch, x, y, (int) items, 1);
            VectorMatrixPart part = parts[count - 1];
            int sums = VectorGemvTransposedSlices.sums(weights);
            if (part.sliceSums.length < sums) {
                part.sliceSums = new float[sums];
            }
            part.total = y;
            part.y = part.sliceSums;
        }

        void handOver() {
            long elements = 0;
            long products = 0;
            long grains = 0;
            for (int i = 0; i < count; i++) {
                Matrix weights = parts[i].weights;
                long size = (long) weights.rows() * weights.cols();
                elements += size;
                products += size * parts[i].batch;
                grains = Math.max(grains, parts[i].grains());
            }
            boolean small = elements < FEW_WEIGHTS && products < FEW_PRODUCTS;
            shares = small ? 1 : (int) Math.min(workspaces.length, grains);
            tuner = tuner();
            if (tuner == null) {
                pool.run(shares, 1, this);
            } else {
                tuner.begin(elements);
                pool.run(shares, 1, this);
                tuner.end();
            }
            for (int i = 0; i < count; i++) {
                VectorMatrixPart part = parts[i];
                if (part.total != null) {
                    gemvTransposedSlices.add(pool, part.weights, part.y, part.total);
                }
            }
        }

        /** That of the first product that has one. */
        private GemvTuner tuner() {
            for (int i = 0; i < count; i++) {
                VectorMatrixPart part = parts[i];
                GemvTuner of = part.operation == gemv ? gemv.tuner(part.weights, part.batch) : null;
                if (of != null) {
                    return of;
                }
            }
            return null;
        }

        @Override
        public void run(int first, int last) {
            for (int share = first; share < last; share++) {
                for (int i = 0; i < count; i++) {
                    parts[i].run(share, shares, workspaces[share]);
                }
            }
        }

        /** Segments are borrowed, never kept. */
        void forget() {
            for (int i = 0; i < count; i++) {
                parts[i].forget();
            }
            count = 0;
        }
    }
}
