package dev.mimic.adapt.train;

import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.engine.Engine;
import java.nio.file.Path;
import java.util.List;

/**
 * What is trained on and what is validated on.
 *
 * @param file where the training examples come from, for messages
 * @param train at least one
 * @param validFile where the validation examples come from, for messages
 * @param valid may be empty: then nothing is validated, and the last step is taken
 */
public record TrainingData(Path file, List<Example> train, Path validFile, List<Example> valid) {
    /**
     * Checks that the two are apart.
     *
     * @throws dev.mimic.loader.InvalidModelException naming both files, if they share a prompt
     * @throws IllegalArgumentException if there is nothing to train on
     */
    public TrainingData {
        train = List.copyOf(train);
        valid = List.copyOf(valid);
        if (train.isEmpty()) {
            throw new IllegalArgumentException("train: " + file + " holds no example, expected at least one");
        }
        SeenPrompts.of(train).refuseOverlap(file, valid, validFile);
    }

    /**
     * Refuses examples whose prompt is longer than the context.
     *
     * @param engine borrowed
     * @throws dev.mimic.loader.InvalidModelException naming the first one's file and line, its tokens and the limit
     */
    public void requireFit(Engine engine) {
        Evaluator.requireFit(engine, train);
        Evaluator.requireFit(engine, valid);
    }

    /** All that training sees. */
    public SeenPrompts seen() {
        return SeenPrompts.of(train).and(SeenPrompts.of(valid));
    }
}
