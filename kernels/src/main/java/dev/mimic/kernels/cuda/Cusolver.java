package dev.mimic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Map;

/**
 * The functions of libcusolver, as they are: each returns its status, which is numbered otherwise than cuBLAS's. Matrices
 * are column-major in device memory; a workspace's size is a number of elements.
 */
final class Cusolver {
    private final MethodHandle create;
    private final MethodHandle destroy;
    private final MethodHandle setStream;
    private final MethodHandle gesvdWorkspace;
    private final MethodHandle gesvd;
    private final MethodHandle geqrfWorkspace;
    private final MethodHandle geqrf;
    private final MethodHandle orgqrWorkspace;
    private final MethodHandle orgqr;

    /**
     * Finds the functions.
     *
     * @throws CudaUnavailableException naming the first that the library lacks
     */
    Cusolver(NativeLibrary library, Map<String, CudaSignature> signatures) throws CudaUnavailableException {
        create = library.bind(signatures, "cusolverDnCreate");
        destroy = library.bind(signatures, "cusolverDnDestroy");
        setStream = library.bind(signatures, "cusolverDnSetStream");
        gesvdWorkspace = library.bind(signatures, "cusolverDnSgesvd_bufferSize");
        gesvd = library.bind(signatures, "cusolverDnSgesvd");
        geqrfWorkspace = library.bind(signatures, "cusolverDnSgeqrf_bufferSize");
        geqrf = library.bind(signatures, "cusolverDnSgeqrf");
        orgqrWorkspace = library.bind(signatures, "cusolverDnSorgqr_bufferSize");
        orgqr = library.bind(signatures, "cusolverDnSorgqr");
    }

    /** Writes a handle, a long; what it writes when it fails is none. */
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

    /** Writes an int: elements. Accepts m &lt; n, which {@link #gesvd} does not. */
    int gesvdWorkspace(long handle, int m, int n, MemorySegment size) {
        try {
            return (int) gesvdWorkspace.invokeExact(handle, m, n, size);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** A = U diag(sigma) Vt for m &gt;= n; destroys A; {@code superdiagonal} may be 0; {@code info} is an int on the device. */
    int gesvd(
            long handle,
            byte jobU,
            byte jobVt,
            int m,
            int n,
            long a,
            int lda,
            long sigma,
            long u,
            int ldu,
            long vt,
            int ldvt,
            long work,
            int workSize,
            long superdiagonal,
            long info) {
        try {
            return (int) gesvd.invokeExact(
                    handle, jobU, jobVt, m, n, a, lda, sigma, u, ldu, vt, ldvt, work, workSize, superdiagonal, info);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes an int: elements. */
    int geqrfWorkspace(long handle, int m, int n, long a, int lda, MemorySegment size) {
        try {
            return (int) geqrfWorkspace.invokeExact(handle, m, n, a, lda, size);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** A becomes R above its diagonal and the reflectors of Q below. */
    int geqrf(long handle, int m, int n, long a, int lda, long tau, long work, int workSize, long info) {
        try {
            return (int) geqrf.invokeExact(handle, m, n, a, lda, tau, work, workSize, info);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** Writes an int: elements. */
    int orgqrWorkspace(long handle, int m, int n, int k, long a, int lda, long tau, MemorySegment size) {
        try {
            return (int) orgqrWorkspace.invokeExact(handle, m, n, k, a, lda, tau, size);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The reflectors that {@link #geqrf} left become the first n columns of Q. */
    int orgqr(long handle, int m, int n, int k, long a, int lda, long tau, long work, int workSize, long info) {
        try {
            return (int) orgqr.invokeExact(handle, m, n, k, a, lda, tau, work, workSize, info);
        } catch (Throwable e) {
            throw NativeLibrary.rethrow(e);
        }
    }

    /** The exception of a call that returned {@code status}; the library has no function for its texts. */
    static CudaException failure(String function, int status, String shapes) {
        return switch (status) {
            case CudaConstants.CUSOLVER_STATUS_NOT_INITIALIZED ->
                failure(
                        function,
                        status,
                        "NOT_INITIALIZED",
                        "the library could not be set up, or no handle was given",
                        shapes);
            case CudaConstants.CUSOLVER_STATUS_ALLOC_FAILED ->
                failure(function, status, "ALLOC_FAILED", "no memory for the library's own needs", shapes);
            case CudaConstants.CUSOLVER_STATUS_INVALID_VALUE ->
                failure(function, status, "INVALID_VALUE", "an argument is out of its range", shapes);
            case CudaConstants.CUSOLVER_STATUS_ARCH_MISMATCH ->
                failure(function, status, "ARCH_MISMATCH", "the device is too old for the function", shapes);
            case CudaConstants.CUSOLVER_STATUS_MAPPING_ERROR ->
                failure(function, status, "MAPPING_ERROR", "device memory could not be mapped", shapes);
            case CudaConstants.CUSOLVER_STATUS_EXECUTION_FAILED ->
                failure(function, status, "EXECUTION_FAILED", "a kernel failed on the device", shapes);
            case CudaConstants.CUSOLVER_STATUS_INTERNAL_ERROR ->
                failure(function, status, "INTERNAL_ERROR", "the library failed inside", shapes);
            case CudaConstants.CUSOLVER_STATUS_MATRIX_TYPE_NOT_SUPPORTED ->
                failure(function, status, "MATRIX_TYPE_NOT_SUPPORTED", "not for this type of matrix", shapes);
            case CudaConstants.CUSOLVER_STATUS_NOT_SUPPORTED ->
                failure(function, status, "NOT_SUPPORTED", "not for this combination of arguments", shapes);
            default -> failure(function, status, "UNKNOWN", "a status without a name here", shapes);
        };
    }

    private static CudaException failure(String function, int status, String name, String text, String shapes) {
        return new CudaException(function, status, "CUSOLVER_STATUS_" + name, text, shapes);
    }
}
