package dev.mimic.kernels.cuda;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.matrix.GemvGroup;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.kernels.svf.SvfKernels;
import dev.mimic.kernels.svf.SvfShapes;

/**
 * The fused product on a device: three calls of cuBLAS with nothing carried between them, one of which scales every row
 * by its own array. Factors that do not lie there, and all after an error that ended the device, go through a composition.
 */
final class CudaSvfKernels implements SvfKernels {
    private final CudaWeights weights;
    private final CudaProducts products;
    private final SvfKernels composed;

    /**
     * Makes kernels.
     *
     * @param composed over the matrix kernels of the same device
     */
    CudaSvfKernels(CudaWeights weights, CudaProducts products, SvfKernels composed) {
        this.weights = weights;
        this.products = products;
        this.composed = composed;
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
        DeviceMatrix u = weights.find(factors.u());
        DeviceMatrix v = weights.find(factors.v());
        if (u == null || v == null) {
            composed.apply(phase, factors, batch, x, scales, kept, scratch, y);
            return;
        }
        SvfShapes.check(factors, batch, x, scales, scratch, y);
        SvfShapes.checkEveryRow(batch, scales);
        run(factors, u, v, batch, x, scales, kept, false, y);
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
        DeviceMatrix u = weights.find(factors.u());
        DeviceMatrix v = weights.find(factors.v());
        if (u == null || v == null) {
            composed.accumulate(phase, factors, batch, x, scales, kept, scratch, y);
            return;
        }
        SvfShapes.check(factors, batch, x, scales, scratch, y);
        int rows = SvfShapes.scaledRows(batch, scales);
        if (rows > 0) {
            run(factors, u, v, rows, x, scales, kept, true, y);
        }
    }

    private void run(
            SvfFactors factors,
            DeviceMatrix u,
            DeviceMatrix v,
            int rows,
            float[] x,
            float[][] scales,
            float[] kept,
            boolean add,
            float[] y) {
        if (kept != null) {
            Shapes.atLeast("svf", "kept", kept.length, (long) rows * factors.rank());
        }
        weights.run(() -> products.svf(u, v, factors.transposed(), rows, x, scales, kept, add, y));
    }

    @Override
    public void addProjection(GemvGroup group, SvfFactors factors, float[] x, float[] projected) {
        composed.addProjection(group, factors, x, projected);
    }

    @Override
    public void addExpansion(
            GemvGroup group, SvfFactors factors, int batch, float[][] scales, float[] projected, float[] y) {
        composed.addExpansion(group, factors, batch, scales, projected, y);
    }

    @Override
    public void addCorrections(int batch, int out, float[][] scales, float[] corrections, float[] y) {
        composed.addCorrections(batch, out, scales, corrections, y);
    }

    @Override
    public void expand(SvfFactors factors, int batch, float[] x, float[] y) {
        composed.expand(factors, batch, x, y);
    }
}
