package dev.mimic.kernels.roofline;

import dev.mimic.kernels.backend.Backend;
import java.util.function.Function;

/**
 * A kernel at one shape, to be measured against what bounds it.
 *
 * @param kernel the operation, as {@code gemv}
 * @param dtype type of what is read
 * @param shape as {@code 4096x4096}, outermost first
 * @param batch rows
 * @param bound what it is compared with
 * @param bytes read by a call, from shapes: weights, factors or cache
 * @param operations of a call, from shapes: two for each multiply-add
 * @param start makes the data and takes the kernel from a backend
 */
public record RooflineCase(
        String kernel,
        String dtype,
        String shape,
        int batch,
        Bound bound,
        double bytes,
        double operations,
        Function<Backend, Running> start) {

    /** What a kernel is compared with. */
    public enum Bound {
        /** Reading from memory or multiply-adds, whichever takes longer for its bytes and operations. */
        ROOF,
        /** Reading as many bytes again and again, from the cache that they fit. */
        CACHE,
        /** Two threads that answer each other through one variable. */
        HAND_OVER
    }

    /** A case with its data. */
    public interface Running {
        /**
         * Compares a call's result with the scalar twin.
         *
         * @throws IllegalStateException naming what differs, and by how much more than it may
         */
        void check();

        /**
         * One call.
         *
         * @param index of the call; successive ones find their weights in memory
         */
        void run(int index);
    }

    /** Whether it can be told apart: a hand-off takes two threads, and a row is not worth more than one. */
    public boolean suits(int threads) {
        return switch (bound) {
            case ROOF -> true;
            case CACHE -> threads == 1 || batch > 1;
            case HAND_OVER -> threads > 1;
        };
    }

    /** What it is matched with. */
    public String name() {
        return kernel + " " + dtype + " " + shape + " batch " + batch;
    }
}
