package dev.mimic.kernels.cuda;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.matrix.MatrixShapes;

/**
 * Products with weights that lie on a device, by cuBLAS; with all others, and after an error that ended the device, on the
 * processor. Decoding and prefill are the same here. cuBLAS chooses its kernels by the shape of the whole batch: unlike the
 * processor's, a row's bits may depend on the rows beside it.
 */
final class CudaMatrixKernels implements MatrixKernels {
    private final CudaWeights weights;
    private final CudaProducts products;
    private final MatrixKernels processor;

    CudaMatrixKernels(CudaWeights weights, CudaProducts products, MatrixKernels processor) {
        this.weights = weights;
        this.products = products;
        this.processor = processor;
    }

    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        return processor.dot(a, aOffset, b, bOffset, length);
    }

    @Override
    public void axpy(float alpha, float[] x, int xOffset, float[] y, int yOffset, int length) {
        processor.axpy(alpha, x, xOffset, y, yOffset, length);
    }

    @Override
    public void gemv(Matrix matrix, int batch, float[] x, float[] y) {
        DeviceMatrix w = weights.find(matrix);
        if (w == null) {
            processor.gemv(matrix, batch, x, y);
        } else {
            MatrixShapes.forward("gemv", matrix, batch, x, y);
            weights.run(() -> products.multiply(w, false, batch, x, y));
        }
    }

    @Override
    public void gemvTransposed(Matrix matrix, int batch, float[] x, float[] y) {
        DeviceMatrix w = weights.find(matrix);
        if (w == null) {
            processor.gemvTransposed(matrix, batch, x, y);
        } else {
            MatrixShapes.transposed("gemvTransposed", matrix, batch, x, y);
            weights.run(() -> products.multiply(w, true, batch, x, y));
        }
    }

    @Override
    public void gemm(Matrix matrix, int batch, float[] x, float[] y) {
        DeviceMatrix w = weights.find(matrix);
        if (w == null) {
            processor.gemm(matrix, batch, x, y);
        } else {
            MatrixShapes.forward("gemm", matrix, batch, x, y);
            weights.run(() -> products.multiply(w, false, batch, x, y));
        }
    }

    @Override
    public void gemmTransposed(Matrix matrix, int batch, float[] x, float[] y) {
        DeviceMatrix w = weights.find(matrix);
        if (w == null) {
            processor.gemmTransposed(matrix, batch, x, y);
        } else {
            MatrixShapes.transposed("gemmTransposed", matrix, batch, x, y);
            weights.run(() -> products.multiply(w, true, batch, x, y));
        }
    }
}
