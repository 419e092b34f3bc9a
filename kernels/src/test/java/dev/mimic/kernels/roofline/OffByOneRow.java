package dev.mimic.kernels.roofline;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;

/** A planted fault: {@code gemv} leaves out its first element. */
record OffByOneRow(MatrixKernels right) implements MatrixKernels {
    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        return right.dot(a, aOffset, b, bOffset, length);
    }

    @Override
    public void axpy(float alpha, float[] x, int xOffset, float[] y, int yOffset, int length) {
        right.axpy(alpha, x, xOffset, y, yOffset, length);
    }

    @Override
    public void gemv(Matrix weights, int batch, float[] x, float[] y) {
        right.gemv(weights, batch, x, y);
        y[0] = 0;
    }

    @Override
    public void gemvTransposed(Matrix weights, int batch, float[] x, float[] y) {
        right.gemvTransposed(weights, batch, x, y);
    }

    @Override
    public void gemm(Matrix weights, int batch, float[] x, float[] y) {
        right.gemm(weights, batch, x, y);
    }

    @Override
    public void gemmTransposed(Matrix weights, int batch, float[] x, float[] y) {
        right.gemmTransposed(weights, batch, x, y);
    }
}
