package dev.mimic.kernels.cuda;

/** Why CUDA cannot be used here, on its way to {@link Cuda.Unavailable}. */
final class CudaUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    CudaUnavailableException(String reason) {
        super(reason, null, false, false);
    }
}
