package dev.mimic.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;

/**
 * Products in a device's memory, column-major as cuBLAS has them. A method returns when its work is queued; what goes
 * wrong on the device shows at {@link CudaDevice#synchronize}. Sums are in f32, without TF32.
 */
final class CudaBlas {
    private final CudaDevice device;
    private final Cublas cublas;
    // read by a call before it returns, so one of each is enough; lives as long as somebody can call
    private final MemorySegment alphaValue = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);
    private final MemorySegment betaValue = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT);

    CudaBlas(CudaDevice device) {
        this.device = device;
        this.cublas = device.cuda().blas();
    }

    /**
     * Matrix product: {@code c = alpha · op(a) · op(b) + beta · c}, op being the transpose where asked for.
     *
     * @param a [m, k], or [k, m] if transposed; of the same type as {@code b}
     * @param b [k, n], or [n, k] if transposed
     * @param c [m, n]; overwritten, and not read if {@code beta} is 0; must not overlap {@code a} or {@code b}; F32, or of
     *     the type of {@code a}
     */
    void gemm(
            float alpha,
            boolean transposeA,
            DeviceMatrix a,
            boolean transposeB,
            DeviceMatrix b,
            float beta,
            DeviceMatrix c) {
        long m = transposeA ? a.cols() : a.rows();
        long k = transposeA ? a.rows() : a.cols();
        long n = transposeB ? b.rows() : b.cols();
        if (k != (transposeB ? b.cols() : b.rows()) || c.rows() != m || c.cols() != n) {
            throw new IllegalArgumentException("gemm: shapes do not fit: " + shapes(transposeA, a, transposeB, b, c));
        }
        if (a.type() != b.type() || (c.type() != DeviceType.F32 && c.type() != a.type())) {
            throw new IllegalArgumentException("gemm: types do not fit: " + shapes(transposeA, a, transposeB, b, c));
        }
        int opA = transposeA ? CudaConstants.CUBLAS_OP_T : CudaConstants.CUBLAS_OP_N;
        int opB = transposeB ? CudaConstants.CUBLAS_OP_T : CudaConstants.CUBLAS_OP_N;
        boolean single = a.type() == DeviceType.F32;
        device.run(() -> {
            MemorySegment alphaAt = set(alphaValue, alpha);
            MemorySegment betaAt = set(betaValue, beta);
            int status = single
                    ? cublas.sgemm(
                            device.blas(),
                            opA,
                            opB,
                            m,
                            n,
                            k,
                            alphaAt,
                            a.address(),
                            a.leading(),
                            b.address(),
                            b.leading(),
                            betaAt,
                            c.address(),
                            c.leading())
                    : cublas.gemmEx(
                            device.blas(),
                            opA,
                            opB,
                            m,
                            n,
                            k,
                            alphaAt,
                            a.address(),
                            a.type().code(),
                            a.leading(),
                            b.address(),
                            b.type().code(),
                            b.leading(),
                            betaAt,
                            c.address(),
                            c.type().code(),
                            c.leading(),
                            CudaConstants.CUBLAS_COMPUTE_32F,
                            CudaConstants.CUBLAS_GEMM_DEFAULT);
            check(single ? "cublasSgemm_v2" : "cublasGemmEx", status, () -> shapes(transposeA, a, transposeB, b, c));
        });
    }

    /**
     * Matrix-vector product: {@code y = alpha · op(a) · x + beta · y}.
     *
     * @param a [rows, cols], F32
     * @param x floats: [cols], or [rows] if transposed
     * @param y floats: [rows], or [cols] if transposed; overwritten, and not read if {@code beta} is 0
     */
    void gemv(float alpha, boolean transpose, DeviceMatrix a, DeviceBuffer x, float beta, DeviceBuffer y) {
        requireF32("gemv", a);
        long in = transpose ? a.rows() : a.cols();
        long outSize = transpose ? a.cols() : a.rows();
        int op = transpose ? CudaConstants.CUBLAS_OP_T : CudaConstants.CUBLAS_OP_N;
        device.run(() -> check(
                "cublasSgemv_v2",
                cublas.sgemv(
                        device.blas(),
                        op,
                        a.rows(),
                        a.cols(),
                        set(alphaValue, alpha),
                        a.address(),
                        a.leading(),
                        x.address(0, in * Float.BYTES),
                        1,
                        set(betaValue, beta),
                        y.address(0, outSize * Float.BYTES),
                        1),
                () -> "a " + a.shape() + (transpose ? " transposed" : "")));
    }

    /**
     * Multiplies each row by its own factor: {@code c[r, i] = x[r] · a[r, i]}.
     *
     * @param a [rows, cols], F32
     * @param x [rows] floats
     * @param c [rows, cols], F32; overwritten; may be {@code a}
     */
    void scaleRows(DeviceMatrix a, DeviceBuffer x, DeviceMatrix c) {
        scale(CudaConstants.CUBLAS_SIDE_LEFT, a, x, c);
    }

    /**
     * Multiplies each column by its own factor: {@code c[i, c] = a[i, c] · x[c]}.
     *
     * @param a [rows, cols], F32
     * @param x [cols] floats
     * @param c [rows, cols], F32; overwritten; may be {@code a}
     */
    void scaleCols(DeviceMatrix a, DeviceBuffer x, DeviceMatrix c) {
        scale(CudaConstants.CUBLAS_SIDE_RIGHT, a, x, c);
    }

    private void scale(int side, DeviceMatrix a, DeviceBuffer x, DeviceMatrix c) {
        requireF32("scale", a);
        requireF32("scale", c);
        if (a.rows() != c.rows() || a.cols() != c.cols()) {
            throw new IllegalArgumentException("scale: c is " + c.shape() + ", expected the shape of a " + a.shape());
        }
        long factors = side == CudaConstants.CUBLAS_SIDE_LEFT ? a.rows() : a.cols();
        device.run(() -> check(
                "cublasSdgmm",
                cublas.sdgmm(
                        device.blas(),
                        side,
                        a.rows(),
                        a.cols(),
                        a.address(),
                        a.leading(),
                        x.address(0, factors * Float.BYTES),
                        1,
                        c.address(),
                        c.leading()),
                () -> "side " + side + ", a " + a.shape() + ", c " + c.shape()));
    }

    private void check(String function, int status, Supplier<String> shapes) {
        if (status != CudaConstants.CUBLAS_STATUS_SUCCESS) {
            device.checkBlas(function, status, shapes.get());
        }
    }

    private static void requireF32(String operation, DeviceMatrix matrix) {
        if (matrix.type() != DeviceType.F32) {
            throw new IllegalArgumentException(operation + ": matrix is " + matrix.shape() + ", expected F32");
        }
    }

    private static MemorySegment set(MemorySegment segment, float value) {
        segment.set(ValueLayout.JAVA_FLOAT, 0, value);
        return segment;
    }

    private static String shapes(boolean transA, DeviceMatrix a, boolean transB, DeviceMatrix b, DeviceMatrix c) {
        return "a " + a.shape() + (transA ? " transposed" : "") + ", b " + b.shape() + (transB ? " transposed" : "")
                + ", c " + c.shape();
    }
}
