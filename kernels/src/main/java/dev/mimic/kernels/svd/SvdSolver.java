package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;

/** Decompositions where a backend computes. One calling thread at a time. */
public interface SvdSolver {
    /** On the processor: {@link FullSvd} and {@link RandomizedSvd}. All are borrowed. */
    static SvdSolver processor(DoubleKernels kernels, MatrixKernels matrix, WorkerPool pool) {
        return new SvdSolver() {
            @Override
            public Svd full(Matrix w) {
                return new FullSvd(kernels, pool).decompose(w);
            }

            @Override
            public Svd randomized(Matrix w, RandomizedSvd.Options options) {
                return new RandomizedSvd(kernels, matrix, pool, options).decompose(w);
            }
        };
    }

    /** Whether it computes in single precision, but for what it hands to the processor. */
    default boolean isSinglePrecision() {
        return false;
    }

    /**
     * All singular values and their vectors.
     *
     * @param w [rows, cols]; read only
     * @throws IllegalArgumentException if an element is not finite (names it) or W is empty
     * @throws RuntimeException what a device reports, also that W does not fit one that was asked for by name
     */
    Svd full(Matrix w);

    /**
     * The leading singular values and their vectors, by a random sketch.
     *
     * @param w [rows, cols]; read only
     * @throws IllegalArgumentException if an element is not finite (names it), W is empty or the rank beyond its sides
     * @throws RuntimeException what a device reports, also that W does not fit one that was asked for by name
     */
    Svd randomized(Matrix w, RandomizedSvd.Options options);
}
