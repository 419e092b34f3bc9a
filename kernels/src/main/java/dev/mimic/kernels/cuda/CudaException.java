package dev.mimic.kernels.cuda;

/**
 * A call of a CUDA library failed, or was not made because an earlier failure ended the device or there is too little
 * memory. The message is one line. That of a call has the function, its status as a number, name and text, and the shapes that
 * it was given; that of an ended device has the device and the message of the failure that ended it; that of too little memory
 * has what is needed and what is free, and no status, {@link #status} being that of an allocation.
 */
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String function;
    private final int status;

    /**
     * Makes the exception of a call.
     *
     * @param function the library's function
     * @param status what it returned
     * @param name the status's name, such as {@code cudaErrorMemoryAllocation}
     * @param text the library's text for it
     * @param shapes what the call was given, or empty
     */
    CudaException(String function, int status, String name, String text, String shapes) {
        super(function + ": status " + status + " " + name + ": " + text
                + (shapes.isEmpty() ? "" : " (" + shapes + ")"));
        this.function = function;
        this.status = status;
    }

    /**
     * Makes the exception of a call that was not made.
     *
     * @param message the whole message
     * @param cause the failure that ended the device
     */
    CudaException(String message, CudaException cause) {
        super(message, cause);
        this.function = cause.function;
        this.status = cause.status;
    }

    /**
     * Makes the exception of an allocation that is not tried, there being too little.
     *
     * @param message the whole message, with what is needed and what is free
     */
    static CudaException outOfMemory(String message) {
        return new CudaException(message);
    }

    private CudaException(String message) {
        super(message);
        this.function = "cudaMalloc";
        this.status = CudaConstants.cudaErrorMemoryAllocation;
    }

    /** The function that failed, or that would have. */
    public String function() {
        return function;
    }

    /** What the function returned, or would have; the libraries number their statuses apart from each other. */
    public int status() {
        return status;
    }
}
