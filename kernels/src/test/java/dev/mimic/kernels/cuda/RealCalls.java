package dev.mimic.kernels.cuda;

import static dev.mimic.kernels.cuda.CudaConstants.CUBLAS_COMPUTE_32F;
import static dev.mimic.kernels.cuda.CudaConstants.CUBLAS_GEMM_DEFAULT;
import static dev.mimic.kernels.cuda.CudaConstants.CUBLAS_OP_N;
import static dev.mimic.kernels.cuda.CudaConstants.CUBLAS_OP_T;
import static dev.mimic.kernels.cuda.CudaConstants.CUDA_R_16BF;
import static dev.mimic.kernels.cuda.CudaConstants.CUDA_R_32F;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * A call of each function that logs its arguments, with the handle 0, so that it computes nothing, and a value of its own
 * for each argument. What is meant is printed by the parameter's name in NVIDIA's log, which calls an {@code m} once
 * {@code jm} and an {@code S} once {@code SS}.
 */
final class RealCalls {
    private static final int CUDA_R_16F = 2;

    private final Cublas blas;
    private final Cusolver solver;
    private final Arena arena = Arena.global();

    /** Value by name, in the order of the call. */
    private final Map<String, String> meant = new LinkedHashMap<>();

    RealCalls(Cublas blas, Cusolver solver) {
        this.blas = blas;
        this.solver = solver;
    }

    /** The calls by function. Sizes of a {@code _64} function are over 2³². */
    Map<String, ToIntFunction<RealCalls>> all() {
        Map<String, ToIntFunction<RealCalls>> all = new LinkedHashMap<>();
        all.put("cublasCreate_v2", c -> blas.create(c.host("handle")));
        all.put("cublasDestroy_v2", c -> blas.destroy(c.handle()));
        all.put("cublasSetStream_v2", c -> blas.setStream(c.handle(), c.device("streamId")));
        all.put("cublasSetMathMode", c -> blas.setMathMode(c.handle(), c.value("mode", 16)));
        all.put("cublasSgemm_v2", c -> c.sgemm(false));
        all.put("cublasSgemm_v2_64", c -> c.sgemm(true));
        all.put("cublasGemmEx", c -> c.gemmEx(false));
        all.put("cublasGemmEx_64", c -> c.gemmEx(true));
        all.put("cublasGemmStridedBatchedEx", c -> c.gemmStridedBatchedEx(false));
        all.put("cublasGemmStridedBatchedEx_64", c -> c.gemmStridedBatchedEx(true));
        all.put("cublasSgemv_v2", c -> c.sgemv(false));
        all.put("cublasSgemv_v2_64", c -> c.sgemv(true));
        all.put("cublasSdgmm", c -> c.sdgmm(false));
        all.put("cublasSdgmm_64", c -> c.sdgmm(true));
        all.put("cusolverDnCreate", c -> solver.create(c.host("handle")));
        all.put("cusolverDnDestroy", c -> solver.destroy(c.handle()));
        all.put("cusolverDnSetStream", c -> solver.setStream(c.handle(), c.device("streamId")));
        all.put(
                "cusolverDnSgesvd_bufferSize",
                c -> solver.gesvdWorkspace(c.handle(), c.size("jm"), c.size("n"), c.host("lwork")));
        all.put(
                "cusolverDnSgesvd",
                c -> solver.gesvd(
                        c.handle(),
                        (byte) c.value("jobu", 'S'),
                        (byte) c.value("jobvt", 'A'),
                        c.size("m"),
                        c.size("n"),
                        c.device("A"),
                        c.size("lda"),
                        c.device("SS"),
                        c.device("U"),
                        c.size("ldu"),
                        c.device("VT"),
                        c.size("ldvt"),
                        c.device("Work"),
                        c.size("Lwork"),
                        c.device("rwork"),
                        c.device("info")));
        all.put(
                "cusolverDnSgeqrf_bufferSize",
                c -> solver.geqrfWorkspace(
                        c.handle(), c.size("m"), c.size("n"), c.device("A"), c.size("lda"), c.host("Lwork")));
        all.put(
                "cusolverDnSgeqrf",
                c -> solver.geqrf(
                        c.handle(),
                        c.size("m"),
                        c.size("n"),
                        c.device("A"),
                        c.size("lda"),
                        c.device("TAU"),
                        c.device("Workspace"),
                        c.size("Lwork"),
                        c.device("devInfo")));
        all.put(
                "cusolverDnSorgqr_bufferSize",
                c -> solver.orgqrWorkspace(
                        c.handle(),
                        c.size("m"),
                        c.size("n"),
                        c.size("k"),
                        c.device("A"),
                        c.size("lda"),
                        c.device("tau"),
                        c.host("lwork")));
        all.put(
                "cusolverDnSorgqr",
                c -> solver.orgqr(
                        c.handle(),
                        c.size("m"),
                        c.size("n"),
                        c.size("k"),
                        c.device("A"),
                        c.size("lda"),
                        c.device("tau"),
                        c.device("work"),
                        c.size("lwork"),
                        c.device("info")));
        return all;
    }

    private int sgemm(boolean wide) {
        return blas.sgemm(
                handle(),
                value("transa", CUBLAS_OP_T),
                value("transb", CUBLAS_OP_N),
                size("m", wide),
                size("n", wide),
                size("k", wide),
                host("alpha"),
                device("A"),
                size("lda", wide),
                device("B"),
                size("ldb", wide),
                host("beta"),
                device("C"),
                size("ldc", wide));
    }

    private int gemmEx(boolean wide) {
        return blas.gemmEx(
                handle(),
                value("transa", CUBLAS_OP_T),
                value("transb", CUBLAS_OP_N),
                size("m", wide),
                size("n", wide),
                size("k", wide),
                host("alpha"),
                device("A"),
                value("Atype", CUDA_R_16BF),
                size("lda", wide),
                device("B"),
                value("Btype", CUDA_R_16F),
                size("ldb", wide),
                host("beta"),
                device("C"),
                value("Ctype", CUDA_R_32F),
                size("ldc", wide),
                value("computeType", CUBLAS_COMPUTE_32F),
                value("algo", CUBLAS_GEMM_DEFAULT));
    }

    private int gemmStridedBatchedEx(boolean wide) {
        return blas.gemmStridedBatchedEx(
                handle(),
                value("transa", CUBLAS_OP_T),
                value("transb", CUBLAS_OP_N),
                size("m", wide),
                size("n", wide),
                size("k", wide),
                host("alpha"),
                device("A"),
                value("Atype", CUDA_R_16BF),
                size("lda", wide),
                size("strideA", true),
                device("B"),
                value("Btype", CUDA_R_16F),
                size("ldb", wide),
                size("strideB", true),
                host("beta"),
                device("C"),
                value("Ctype", CUDA_R_32F),
                size("ldc", wide),
                size("strideC", true),
                size("batchCount", wide),
                value("computeType", CUBLAS_COMPUTE_32F),
                value("algo", CUBLAS_GEMM_DEFAULT));
    }

    private int sgemv(boolean wide) {
        return blas.sgemv(
                handle(),
                value("trans", CUBLAS_OP_T),
                size("m", wide),
                size("n", wide),
                host("alpha"),
                device("A"),
                size("lda", wide),
                device("x"),
                size("incx", wide),
                host("beta"),
                device("y"),
                size("incy", wide));
    }

    private int sdgmm(boolean wide) {
        return blas.sdgmm(
                handle(),
                value("mode", CudaConstants.CUBLAS_SIDE_RIGHT),
                size("m", wide),
                size("n", wide),
                device("A"),
                size("lda", wide),
                device("x"),
                size("incx", wide),
                device("C"),
                size("ldc", wide));
    }

    /** A mistake that the log must show: n where m belongs. */
    int swappedSdgmm() {
        long handle = handle();
        int mode = value("mode", CudaConstants.CUBLAS_SIDE_RIGHT);
        long m = size("m", true);
        long n = size("n", true);
        return blas.sdgmm(handle, mode, n, m, device("A"), 8, device("x"), 1, device("C"), 9);
    }

    private long handle() {
        mean("handle", "0");
        return 0;
    }

    private int value(String name, int value) {
        mean(name, Integer.toString(value));
        return value;
    }

    private int size(String name) {
        return (int) size(name, false);
    }

    private long size(String name, boolean wide) {
        long value = wide ? 5_000_000_000L + 1_000_000_007L * meant.size() : 1000 + 7L * meant.size();
        mean(name, Long.toString(value));
        return value;
    }

    private long device(String name) {
        long address = 0x5100_0000_0000L + 0x1_0001_0100L * meant.size();
        mean(name, Long.toString(address));
        return address;
    }

    private MemorySegment host(String name) {
        MemorySegment memory = arena.allocate(ValueLayout.JAVA_LONG);
        mean(name, Long.toString(memory.address()));
        return memory;
    }

    /** Printed before the call, which may crash. */
    private void mean(String name, String value) {
        meant.put(name, value);
        System.out.println("MEANT " + name + "=" + value);
    }
}
