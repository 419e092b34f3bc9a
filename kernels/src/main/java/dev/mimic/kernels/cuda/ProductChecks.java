package dev.mimic.kernels.cuda;

import dev.mimic.kernels.check.CheckResult;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Checks of cuBLAS's products. */
final class ProductChecks {
    private final CudaDevice device;
    private final int size;

    ProductChecks(CudaKernels kernels, int size) {
        this.device = kernels.device();
        this.size = size;
    }

    void addTo(Consumer<CudaCheck.Check> checks) {
        add(checks, GemmCheck.square("gemm f32", GemmCheck.Way.F32, size));
        add(checks, GemmCheck.square("gemm f32 pedantic", GemmCheck.Way.PEDANTIC, size));
        add(checks, GemmCheck.square("gemm tf32", GemmCheck.Way.TF32, size));
        add(checks, GemmCheck.square("gemm bf16 to f32", GemmCheck.Way.BF16, size));
        // sides apart, so that exchanged ones are seen
        int m = size / 2 + 1;
        int n = size / 4 + 3;
        int k = size / 8 + 2;
        for (int i = 0; i < 4; i++) {
            boolean transA = (i & 1) != 0;
            boolean transB = (i & 2) != 0;
            String ops = (transA ? "T" : "N") + (transB ? "T" : "N");
            add(checks, new GemmCheck("gemm f32 " + ops, GemmCheck.Way.F32, transA, transB, m, n, k, 0, 1, 0, 1));
            add(checks, new GemmCheck("gemm bf16 " + ops, GemmCheck.Way.BF16, transA, transB, m, n, k, 0, 1, 0, 1));
        }
        add(checks, new GemmCheck("gemm, gaps", GemmCheck.Way.F32, true, false, m, n, k, 5, 1, 0, 1));
        add(checks, new GemmCheck("gemm bf16, gaps", GemmCheck.Way.BF16, true, false, m, n, k, 6, 1, 0, 1));
        add(checks, new GemmCheck("gemm, k = 0", GemmCheck.Way.F32, false, false, m, n, 0, 0, 1, 0, 1));
        add(checks, new GemmCheck("gemm, beta", GemmCheck.Way.F32, false, false, m, n, k, 0, 2, -0.5f, 1));
        add(checks, new GemmCheck("gemm, batch", GemmCheck.Way.F32, false, true, m, n, k, 3, 1, 0, 5));
        add(checks, new GemmCheck("gemm bf16, batch", GemmCheck.Way.BF16, true, false, m, n, k, 0, 1, 0, 5));
        checks.accept(new CudaCheck.Check("scale rows", () -> scale("scale rows", true)));
        checks.accept(new CudaCheck.Check("scale columns", () -> scale("scale columns", false)));
    }

    private void add(Consumer<CudaCheck.Check> checks, GemmCheck check) {
        checks.accept(new CudaCheck.Check(check.name(), () -> check.run(device)));
    }

    /** Sdgmm: one product an element, so it has to be the nearest float. */
    private CheckResult scale(String name, boolean ofRows) {
        int rows = size + 3;
        int cols = size / 2 + 1;
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(9);
        float[] a = DeviceArrays.random(random, rows * cols);
        float[] x = DeviceArrays.random(random, ofRows ? rows : cols);
        DeviceArrays arrays = new DeviceArrays(device);
        CudaBlas blas = new CudaBlas(device);
        try (DeviceBuffer bufferA = arrays.buffer(a);
                DeviceBuffer bufferX = arrays.buffer(x);
                DeviceBuffer bufferC = device.allocate(bufferA.bytes())) {
            DeviceMatrix matrixA = DeviceMatrix.of(bufferA, DeviceType.F32, rows, cols);
            DeviceMatrix matrixC = DeviceMatrix.of(bufferC, DeviceType.F32, rows, cols);
            Runnable work = () -> {
                if (ofRows) {
                    blas.scaleRows(matrixA, bufferX, matrixC);
                } else {
                    blas.scaleCols(matrixA, bufferX, matrixC);
                }
            };
            double millis = Stopwatch.millis(device, work);
            float[] found = arrays.floats(bufferC, a.length);
            double worst = 0;
            for (int i = 0; i < a.length; i++) {
                double expected = (double) a[i] * x[ofRows ? i % rows : i / rows];
                double error = Math.abs(found[i] - expected) / Math.abs(expected);
                worst = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
            }
            return CheckResult.of(name, "[" + rows + ", " + cols + "]", worst, 0x1p-24)
                    .timed(millis, a.length, "FLOP/s");
        }
    }
}
