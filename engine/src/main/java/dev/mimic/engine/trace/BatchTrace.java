package dev.mimic.engine.trace;

/**
 * What sees all steps of requests that are answered together: which rows a step has, and what the forward pass shows of
 * them. In a step that reads prompts only their last rows are wanted; in one of new tokens all rows are.
 */
public interface BatchTrace extends ForwardTrace {
    /** Sees nothing. */
    BatchTrace NONE = new BatchTrace() {};

    /** A step is about to run; its rows follow. */
    default void step() {}

    /**
     * The next rows of the step.
     *
     * @param request the place of their request among all
     * @param from position of the first one
     * @param count rows, at neighbouring positions
     * @param length positions of the sequence, what dynamic rope scaling goes by
     * @param wanted whether a token is drawn from the last of them
     */
    default void rows(int request, int from, int count, int length, boolean wanted) {}
}
