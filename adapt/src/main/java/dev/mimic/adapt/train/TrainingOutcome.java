package dev.mimic.adapt.train;

import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.task.Accuracy;
import java.util.Optional;

/**
 * What training gave.
 *
 * @param trained the latest of the best; without validation the last
 * @param step the step it stands after
 * @param steps steps done
 * @param parameters numbers that were trained
 * @param valid its accuracy on the validation split
 * @param base the base model's accuracy on the validation split
 */
public record TrainingOutcome(
        TrainedAdapter trained,
        int step,
        int steps,
        int parameters,
        Optional<Accuracy> valid,
        Optional<Accuracy> base) {
    /**
     * The expert.
     *
     * @throws IllegalStateException if singular values were not what was trained
     */
    public Expert expert() {
        if (trained instanceof TrainedAdapter.Scaling scaling) {
            return scaling.expert();
        }
        throw new IllegalStateException("train: a LoRA adapter was trained, expected an expert");
    }
}
