package dev.mimic.adapt.train;

import dev.mimic.adapt.gradient.Adam;
import dev.mimic.adapt.task.Accuracy;
import java.util.Optional;

/** Where training stands between two steps; the data order and random numbers follow from seed and step. */
final class TrainingState {
    final double[] parameters;
    final Adam adam;
    int step;
    Optional<Accuracy> base = Optional.empty();

    /** The latest of the best so far, and where it stood. */
    double[] best;

    int bestStep;
    Optional<Accuracy> bestValid = Optional.empty();

    /** Validations since one was better than all before. */
    int stale;

    TrainingState(double[] parameters, Adam adam) {
        this.parameters = parameters;
        this.adam = adam;
        this.best = parameters.clone();
    }

    /** Takes note of a validation after the current step. */
    void validated(Accuracy valid) {
        int before = bestValid.map(Accuracy::right).orElse(-1);
        stale = valid.right() > before ? 0 : stale + 1;
        if (valid.right() >= before) {
            bestValid = Optional.of(valid);
            keep();
        }
    }

    /** Takes the current parameters for the best. */
    void keep() {
        best = parameters.clone();
        bestStep = step;
    }
}
