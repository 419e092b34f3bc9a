package dev.mimic.adapt.train;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;

/** The bundled model with its factors, ready to be trained. */
final class BundledTraining implements AutoCloseable {
    final BundledModel model = BundledModel.unpack();
    final Engine engine;

    BundledTraining() {
        Path factors = model.scratch("factors");
        DecomposeOptions options = DecomposeOptions.defaults().withTargets(new Targets("all"));
        try (ModelDirectory directory = ModelDirectory.open(model.folder());
                Decomposer decomposer = Decomposer.open(options, 2)) {
            decomposer.decompose(directory, factors, DecompositionListener.NONE);
        }
        engine = Engine.open(
                model.folder(),
                EngineOptions.DEFAULTS.withThreads(2).withMaxBatch(64).withFactors(factors));
    }

    /** Rows of the jar's own splits. */
    static TrainingData data(String skill, int train, int valid) {
        return new TrainingData(
                Path.of(skill + ".train.jsonl"),
                BundledModel.examples(skill, "train").subList(0, train),
                Path.of(skill + ".valid.jsonl"),
                BundledModel.examples(skill, "valid").subList(0, valid));
    }

    static Task task(String skill) {
        return Task.of("bundled-" + skill);
    }

    @Override
    public void close() {
        engine.close();
        model.close();
    }
}
