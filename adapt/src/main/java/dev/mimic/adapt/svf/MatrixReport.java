package dev.mimic.adapt.svf;

/**
 * What became of one weight.
 *
 * @param weight its whole name
 * @param rows out
 * @param cols in
 * @param rank singular values held
 * @param relativeError {@code ‖W - U diag(sigma) Vᵀ‖_F / ‖W‖_F} of the factors as they lie on disk
 * @param orthogonality {@code max |UᵀU - I|} of the same
 * @param seconds it took
 * @param resumed whether an earlier run had finished it
 */
public record MatrixReport(
        String weight,
        int rows,
        int cols,
        int rank,
        double relativeError,
        double orthogonality,
        double seconds,
        boolean resumed) {}
