package dev.mimic.kernels.matrix;

import java.util.List;

/** Where a backend keeps the matrices that it multiplies with, besides the memory that they are borrowed from. */
public interface WeightMemory extends AutoCloseable {
    /** Nowhere else: the processor reads them where they are. */
    WeightMemory BORROWED = new WeightMemory() {
        @Override
        public void load(List<Matrix> weights, List<Matrix> factors, UploadListener listener) {}

        @Override
        public boolean lost() {
            return false;
        }

        @Override
        public void close() {}
    };

    /** Hears how far an upload is. */
    @FunctionalInterface
    interface UploadListener {
        /**
         * Told after each piece.
         *
         * @param bytes copied so far
         * @param total to be copied
         */
        void uploaded(long bytes, long total);
    }

    /**
     * Copies matrices to where they are multiplied; the originals stay open. A product with a matrix that was not loaded is
     * computed on the processor.
     *
     * @param weights of linear layers and the head; one that is there twice is copied once
     * @param factors of singular value fine-tuning, U and V
     * @throws IllegalArgumentException before anything is copied, if a matrix is of a type that cannot be held, or all
     *     together with what a step needs do not fit: the message has the numbers
     */
    void load(List<Matrix> weights, List<Matrix> factors, UploadListener listener);

    /** Whether an error ended the device that holds the copies: all products are the processor's from then on. */
    boolean lost();

    /** Frees the copies. Idempotent. */
    @Override
    void close();
}
