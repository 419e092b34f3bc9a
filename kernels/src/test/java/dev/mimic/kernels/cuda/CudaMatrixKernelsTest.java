package dev.mimic.kernels.cuda;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.matrix.MatrixKernelsContract;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** The contract on the shim, where each plain matrix is loaded before it is multiplied with. */
final class CudaMatrixKernelsTest extends MatrixKernelsContract {
    private CudaShim shim;
    private List<CudaKernels> opened;

    @Override
    protected MatrixKernels kernels(WorkerPool pool) {
        if (shim == null) {
            shim = CudaShim.fresh();
            opened = new ArrayList<>();
        }
        CudaKernels cuda =
                CudaKernels.open(shim.available(), 0, MatrixKernels.scalar(pool), pool, LoadedKernels::noNote);
        opened.add(cuda);
        return new Loaded(cuda);
    }

    @AfterEach
    void closeDevices() {
        opened.forEach(CudaKernels::close);
        shim.assertClean();
    }

    /** Loads what it is about to multiply with. */
    private static final class Loaded implements MatrixKernels {
        private final MatrixKernels kernels;
        private final LoadedKernels loaded;

        Loaded(CudaKernels cuda) {
            this.kernels = cuda.matrix();
            this.loaded = new LoadedKernels(cuda.weights());
        }

        @Override
        public float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
            return kernels.dot(a, aOffset, b, bOffset, length);
        }

        @Override
        public void axpy(float alpha, float[] x, int xOffset, float[] y, int yOffset, int length) {
            kernels.axpy(alpha, x, xOffset, y, yOffset, length);
        }

        @Override
        public void gemv(Matrix weights, int batch, float[] x, float[] y) {
            loaded.weights(weights);
            kernels.gemv(weights, batch, x, y);
        }

        @Override
        public void gemvTransposed(Matrix weights, int batch, float[] x, float[] y) {
            loaded.weights(weights);
            kernels.gemvTransposed(weights, batch, x, y);
        }

        @Override
        public void gemm(Matrix weights, int batch, float[] x, float[] y) {
            loaded.weights(weights);
            kernels.gemm(weights, batch, x, y);
        }

        @Override
        public void gemmTransposed(Matrix weights, int batch, float[] x, float[] y) {
            loaded.weights(weights);
            kernels.gemmTransposed(weights, batch, x, y);
        }
    }
}
