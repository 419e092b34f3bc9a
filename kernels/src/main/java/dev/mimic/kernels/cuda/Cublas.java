package dev.mimic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Map;

/**
 * The functions of libcublas, as they are: each returns its status. Matrices are column-major in device memory,
 * {@code alpha} and {@code beta} are floats in host memory, read by the call. A call with a size over
 * {@code Integer.MAX_VALUE} goes to the function's {@code _64} form.
 */
final class Cublas {
    private final MethodHandle create;
    private final MethodHandle destroy;
    private final MethodHandle setStream;
    private final MethodHandle setMathMode;
    private final MethodHandle getProperty;
    private final MethodHandle getStatusName;
    private final MethodHandle getStatusString;
    private final MethodHandle sgemm;
    private final MethodHandle sgemm64;
    private final MethodHandle gemmEx;
    private final MethodHandle gemmEx64;
    private final MethodHandle gemmStridedBatchedEx;
    private final MethodHandle gemmStridedBatchedEx64;
    private final MethodHandle sgemv;
    private final MethodHandle sgemv64;
    private final MethodHandle sdgmm;
    private final MethodHandle sdgmm64;

    /**
     * Finds the functions.
     *
     * @throws CudaUnavailableException naming the first that the library lacks
     */
    Cublas(NativeLibrary library, Map<String, CudaSignature> signatures) throws CudaUnavailableException {
        create = library.bind(signatures, "cublasCreate_v2");
        destroy = library.bind(signatures, "cublasDestroy_v2");
        setStream = library.bind(signatures, "cublasSetStream_v2");
        setMathMode = library.bind(signatures, "cublasSetMathMode");
        getProperty = library.bind(signatures, "cublasGetProperty");
        getStatusName = library.bind(signatures, "cublasGetStatusName");
        getStatusString = library.bind(signatures, "cublasGetStatusString");
        sgemm = library.bind(signatures, "cublasSgemm_v2");
        sgemm64 = library.bind(signatures, "cublasSgemm_v2_64");
        gemmEx = library.bind(signatures, "cublasGemmEx");
        gemmEx64 = library.bind(signatures, "cublasGemmEx_64");
        gemmStridedBatchedEx = library.bind(signatures, "cublasGemmStridedBatchedEx");
        gemmStridedBatchedEx64 = library.bind(signatures, "cublasGemmStridedBatchedEx_64");
        sgemv = library.bind(signatures, "cublasSgemv_v2");
        sgemv64 = library.bind(signatures, "cublasSgemv_v2_64");
        sdgmm = library.bind(signatures, "cublasSdgmm");
        sdgmm64 = library.bind(signatures, "cublasSdgmm_64");
    }

    /** Writes a handle, a long. */
    int create(MemorySegment handle) {
        try {
            return (int) create.invokeExact(handle);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Gives a handle back. */
    int destroy(long handle) {
        try {
            return (int) destroy.invokeExact(handle);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Puts all later work into a stream. */
    int setStream(long handle, long stream) {
        try {
            return (int) setStream.invokeExact(handle, stream);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Says which shortcuts are allowed. */
    int setMathMode(long handle, int mode) {
        try {
            return (int) setMathMode.invokeExact(handle, mode);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes an int. */
    int getProperty(int property, MemorySegment value) {
        try {
            return (int) getProperty.invokeExact(property, value);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The name of a status. */
    MemorySegment getStatusName(int status) {
        try {
            return (MemorySegment) getStatusName.invokeExact(status);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The text of a status. */
    MemorySegment getStatusString(int status) {
        try {
            return (MemorySegment) getStatusString.invokeExact(status);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** C = alpha op(A) op(B) + beta C in f32; op(A) is m x k, op(B) k x n; {@code beta} 0 leaves C unread. */
    int sgemm(
            long handle,
            int transA,
            int transB,
            long m,
            long n,
            long k,
            MemorySegment alpha,
            long a,
            long lda,
            long b,
            long ldb,
            MemorySegment beta,
            long c,
            long ldc) {
        try {
            if (needsWide(m, n, k, lda, ldb, ldc)) {
                return (int) wide(sgemm64, "cublasSgemm_v2_64")
                        .invokeExact(handle, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
            }
            return (int) sgemm.invokeExact(
                    handle, transA, transB, (int) m, (int) n, (int) k, alpha, a, (int) lda, b, (int) ldb, beta, c,
                    (int) ldc);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** As {@link #sgemm}, with a type for each matrix. */
    int gemmEx(
            long handle,
            int transA,
            int transB,
            long m,
            long n,
            long k,
            MemorySegment alpha,
            long a,
            int typeA,
            long lda,
            long b,
            int typeB,
            long ldb,
            MemorySegment beta,
            long c,
            int typeC,
            long ldc,
            int compute,
            int algorithm) {
        try {
            if (needsWide(m, n, k, lda, ldb, ldc)) {
                return (int) wide(gemmEx64, "cublasGemmEx_64")
                        .invokeExact(
                                handle, transA, transB, m, n, k, alpha, a, typeA, lda, b, typeB, ldb, beta, c, typeC,
                                ldc, compute, algorithm);
            }
            return (int) gemmEx.invokeExact(
                    handle, transA, transB, (int) m, (int) n, (int) k, alpha, a, typeA, (int) lda, b, typeB, (int) ldb,
                    beta, c, typeC, (int) ldc, compute, algorithm);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** As {@link #gemmEx} for {@code batch} matrices, strides in elements. */
    int gemmStridedBatchedEx(
            long handle,
            int transA,
            int transB,
            long m,
            long n,
            long k,
            MemorySegment alpha,
            long a,
            int typeA,
            long lda,
            long strideA,
            long b,
            int typeB,
            long ldb,
            long strideB,
            MemorySegment beta,
            long c,
            int typeC,
            long ldc,
            long strideC,
            long batch,
            int compute,
            int algorithm) {
        try {
            if (needsWide(m, n, k, lda, ldb, ldc, batch)) {
                return (int) wide(gemmStridedBatchedEx64, "cublasGemmStridedBatchedEx_64")
                        .invokeExact(
                                handle, transA, transB, m, n, k, alpha, a, typeA, lda, strideA, b, typeB, ldb, strideB,
                                beta, c, typeC, ldc, strideC, batch, compute, algorithm);
            }
            return (int) gemmStridedBatchedEx.invokeExact(
                    handle,
                    transA,
                    transB,
                    (int) m,
                    (int) n,
                    (int) k,
                    alpha,
                    a,
                    typeA,
                    (int) lda,
                    strideA,
                    b,
                    typeB,
                    (int) ldb,
                    strideB,
                    beta,
                    c,
                    typeC,
                    (int) ldc,
                    strideC,
                    (int) batch,
                    compute,
                    algorithm);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** y = alpha op(A) x + beta y; A is m x n. */
    int sgemv(
            long handle,
            int trans,
            long m,
            long n,
            MemorySegment alpha,
            long a,
            long lda,
            long x,
            long incx,
            MemorySegment beta,
            long y,
            long incy) {
        try {
            if (needsWide(m, n, lda, incx, incy)) {
                return (int) wide(sgemv64, "cublasSgemv_v2_64")
                        .invokeExact(handle, trans, m, n, alpha, a, lda, x, incx, beta, y, incy);
            }
            return (int) sgemv.invokeExact(
                    handle, trans, (int) m, (int) n, alpha, a, (int) lda, x, (int) incx, beta, y, (int) incy);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** C = diag(x) A (left) or A diag(x) (right); C may be A. */
    int sdgmm(long handle, int side, long m, long n, long a, long lda, long x, long incx, long c, long ldc) {
        try {
            if (needsWide(m, n, lda, incx, ldc)) {
                return (int) wide(sdgmm64, "cublasSdgmm_64").invokeExact(handle, side, m, n, a, lda, x, incx, c, ldc);
            }
            return (int) sdgmm.invokeExact(handle, side, (int) m, (int) n, a, (int) lda, x, (int) incx, c, (int) ldc);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The exception of a call that returned {@code status}. */
    CudaException failure(String function, int status, String shapes) {
        return new CudaException(
                function,
                status,
                NativeLibrary.text(getStatusName(status)),
                NativeLibrary.text(getStatusString(status)),
                shapes);
    }

    private static boolean needsWide(long... sizes) {
        for (long size : sizes) {
            if (size > Integer.MAX_VALUE) {
                return true;
            }
        }
        return false;
    }

    private static MethodHandle wide(MethodHandle handle, String name) {
        if (handle == null) {
            throw new UnsupportedOperationException(
                    name + ": this cuBLAS has no such function, and a size is over " + Integer.MAX_VALUE);
        }
        return handle;
    }
}
