package dev.mimic.adapt.train;

import dev.mimic.adapt.task.Accuracy;

/** Hears how training goes, on the training thread. */
public interface TrainingListener {
    /** Hears nothing. */
    TrainingListener NONE = new TrainingListener() {};

    /**
     * Training begins.
     *
     * @param parameters numbers that are trained
     * @param done steps that a checkpoint had done already
     * @param steps in all
     */
    default void started(int parameters, int done, int steps) {}

    /** The base model was validated, before the first step. */
    default void base(Accuracy valid) {}

    /** A step is over; what it did is not in a checkpoint yet. */
    default void step(TrainingStep step) {}
}
