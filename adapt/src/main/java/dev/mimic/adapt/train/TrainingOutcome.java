package dev.mimic.adapt.train;

import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.task.Accuracy;
import java.util.Optional;

/**
 * What training gave.
 *
 * @param expert the latest of the best; without validation the last
 * @param step the step it stands after
 * @param steps steps done
 * @param parameters numbers that were trained
 * @param valid its accuracy on the validation split
 * @param base the base model's accuracy on the validation split
 */
public record TrainingOutcome(
        Expert expert, int step, int steps, int parameters, Optional<Accuracy> valid, Optional<Accuracy> base) {}
