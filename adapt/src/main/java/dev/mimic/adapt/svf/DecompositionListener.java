package dev.mimic.adapt.svf;

/** Hears how a decomposition goes on, from the thread that asked for it. */
public interface DecompositionListener {
    /** Hears nothing. */
    DecompositionListener NONE = new DecompositionListener() {};

    /**
     * A weight is about to be taken apart.
     *
     * @param weight its whole name
     * @param index from 0
     * @param count weights in all
     */
    default void started(String weight, int index, int count) {}

    /**
     * A weight is on disk, done now or by an earlier run.
     *
     * @param done weights finished, this one included
     * @param count weights in all
     */
    default void finished(MatrixReport report, int done, int count) {}
}
