package dev.mimic.kernels.cuda;

import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/**
 * {@code c = diag(x) · aᵀ · b} with raw calls: a comes through pinned memory, b and x through pageable, c goes back through
 * pinned. Its own handle and, by the fields that a fault changes, every argument.
 */
final class GemmProgram implements ShimProgram {
    static final int M = 6;
    static final int N = 4;
    static final int K = 5;

    Consumer<GemmProgram> fault = program -> {};
    int transA = CudaConstants.CUBLAS_OP_T;
    int lda = K;
    int ldb = K;
    int ldc = M;
    int typeA = CudaConstants.CUDA_R_32F;
    int compute = CudaConstants.CUBLAS_COMPUTE_32F;
    int algorithm = CudaConstants.CUBLAS_GEMM_DEFAULT;
    int side = CudaConstants.CUBLAS_SIDE_LEFT;
    int uploadKind = CudaConstants.cudaMemcpyHostToDevice;
    long uploadBytes = 4L * M * K;
    float beta;
    boolean alphaOnDevice;
    boolean bf16AsF32;
    boolean reusePinned;
    boolean freePinnedEarly;
    boolean synchronize = true;
    boolean setStream = true;
    boolean destroyHandleEarly;
    boolean freeAEarly;
    boolean freeTwice;
    boolean leak;
    long handle;
    long a;
    long b;
    long c;
    PinnedBuffer pinned;

    private CudaDevice device;
    private CudaRuntime runtime;
    private Cublas cublas;
    private MemorySegment out;

    @Override
    public String run(CudaDevice on) {
        device = on;
        runtime = on.cuda().runtime();
        cublas = on.cuda().blas();
        try (Arena arena = Arena.ofConfined()) {
            out = arena.allocate(ValueLayout.JAVA_LONG);
            return run(arena);
        }
    }

    private String run(Arena arena) {
        float[] valuesA = DeviceArrays.random(SeededCases.generator(1), K * M);
        float[] valuesB = DeviceArrays.random(SeededCases.generator(2), K * N);
        float[] valuesX = DeviceArrays.random(SeededCases.generator(3), M);
        long sizeA = bytesOf(valuesA);
        device.checkBlas("cublasCreate_v2", cublas.create(out), "");
        handle = out.get(ValueLayout.JAVA_LONG, 0);
        final long ownHandle = handle;
        a = malloc(sizeA);
        b = malloc(bytesOf(valuesB));
        c = malloc(4L * M * N);
        long x = malloc(4L * M);
        final long[] own = {a, b, c, x};
        pinned = PinnedBuffer.allocate(runtime, 256);
        PinnedBuffer back = PinnedBuffer.allocate(runtime, 4L * M * N);
        fault.accept(this);
        if (bf16AsF32) {
            runtime.free(a);
            a = malloc(sizeA / 2);
            own[0] = a;
            uploadBytes = sizeA / 2;
        }
        long stream = device.stream();
        if (setStream) {
            device.checkBlas("cublasSetStream_v2", cublas.setStream(handle, stream), "");
        }
        MemorySegment.copy(valuesA, 0, pinned.memory(), ValueLayout.JAVA_FLOAT, 0, valuesA.length);
        copy(own[0], pinned.memory().address(), uploadBytes, uploadKind);
        if (reusePinned) {
            pinned.memory().fill((byte) 0);
        }
        copy(own[1], arena.allocateFrom(ValueLayout.JAVA_FLOAT, valuesB).address(), bytesOf(valuesB), 1);
        copy(x, arena.allocateFrom(ValueLayout.JAVA_FLOAT, valuesX).address(), 4L * M, 1);
        if (freePinnedEarly) {
            device.check("cudaFreeHost", pinned.free(runtime), "");
        }
        if (freeAEarly) {
            device.check("cudaFree", runtime.free(own[0]), "");
        }
        if (destroyHandleEarly) {
            device.checkBlas("cublasDestroy_v2", cublas.destroy(handle), "");
        }

        MemorySegment alpha =
                alphaOnDevice ? MemorySegment.ofAddress(own[1]) : arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
        MemorySegment betaAt = arena.allocateFrom(ValueLayout.JAVA_FLOAT, beta);
        device.checkBlas(
                "cublasGemmEx",
                cublas.gemmEx(
                        handle, transA, 0, M, N, K, alpha, a, typeA, lda, b, 0, ldb, betaAt, c, 0, ldc, compute,
                        algorithm),
                "");
        device.checkBlas("cublasSdgmm", cublas.sdgmm(handle, side, M, N, c, ldc, x, 1, c, ldc), "");
        copy(back.memory().address(), own[2], 4L * M * N, CudaConstants.cudaMemcpyDeviceToHost);
        if (synchronize) {
            device.synchronize();
        }
        float[] found = back.memory().toArray(ValueLayout.JAVA_FLOAT);
        device.synchronize();
        cleanUp(own, ownHandle, back);
        double largestTerm = ShimProgram.largest(valuesA) * ShimProgram.largest(valuesB) * ShimProgram.largest(valuesX);
        double tolerance = (K + 2) * 0x1p-24 * K * largestTerm; // K products and sums, the scaling, K terms
        String wrong = ShimProgram.difference(expected(valuesA, valuesB, valuesX), found, tolerance);
        return wrong == null ? leaked() : wrong;
    }

    private void cleanUp(long[] own, long ownHandle, PinnedBuffer back) {
        for (int i = leak ? 1 : 0; i < own.length; i++) {
            device.check("cudaFree", runtime.free(own[i]), "");
        }
        if (freeTwice) {
            device.check("cudaFree", runtime.free(own[1]), "");
        }
        device.check("cudaFreeHost", pinned.free(runtime), "");
        device.check("cudaFreeHost", back.free(runtime), "");
        device.checkBlas("cublasDestroy_v2", cublas.destroy(ownHandle), "");
    }

    private String leaked() {
        CudaDevice.Memory memory = device.memory();
        return memory.free() == memory.total() ? null : memory.total() - memory.free() + " bytes are left";
    }

    private static double[] expected(float[] a, float[] b, float[] x) {
        double[] expected = new double[M * N];
        for (int col = 0; col < N; col++) {
            for (int row = 0; row < M; row++) {
                for (int i = 0; i < K; i++) {
                    expected[col * M + row] += (double) x[row] * a[row * K + i] * b[col * K + i];
                }
            }
        }
        return expected;
    }

    private long malloc(long bytes) {
        device.check("cudaMalloc", runtime.malloc(out, bytes), "");
        return out.get(ValueLayout.JAVA_LONG, 0);
    }

    private void copy(long target, long source, long bytes, int kind) {
        device.check("cudaMemcpyAsync", runtime.memcpyAsync(target, source, bytes, kind, device.stream()), "");
    }

    private static long bytesOf(float[] values) {
        return (long) values.length * Float.BYTES;
    }
}
