package dev.mimic.kernels.cuda;

/** What cuSOLVER left is no decomposition: it did not converge, or a result is not finite. The device goes on. */
final class NoDecompositionException extends ArithmeticException {
    private static final long serialVersionUID = 1L;

    NoDecompositionException(String message) {
        super(message);
    }
}
