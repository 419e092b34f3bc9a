package dev.mimic.app.command;

import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Task;
import dev.mimic.adapt.train.TrainingData;
import dev.mimic.adapt.train.TrainingFiles;
import dev.mimic.adapt.train.TrainingListener;
import dev.mimic.adapt.train.TrainingLog;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.adapt.train.TrainingOutcome;
import dev.mimic.adapt.train.TrainingRun;
import dev.mimic.adapt.train.TrainingStep;
import dev.mimic.app.chart.LearningCurve;
import dev.mimic.app.terminal.Console;
import dev.mimic.app.terminal.ProgressBar;
import dev.mimic.engine.Engine;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;
import java.util.Locale;

/** Training under a progress bar, with a picture of how it went. */
final class ShownTraining {
    private ShownTraining() {}

    /**
     * Trains, or goes on where the same training was broken off.
     *
     * @param label of the progress bar
     */
    static TrainingOutcome run(
            Console console,
            String label,
            Engine engine,
            Task task,
            TrainingOptions options,
            TrainingData examples,
            TrainingFiles files) {
        TrainingOutcome outcome = console.progress(
                label,
                options.steps(),
                bar -> new TrainingRun(engine, task, options, examples).run(files, new Progress(console, files, bar)));
        double base = outcome.base().map(Accuracy::share).orElse(Double.NaN);
        LearningCurve.write(files.curve(), "mimic train: " + task.name(), base, TrainingLog.read(files.log()));
        return outcome;
    }

    /**
     * The factors to train on: those given, the bundled model's own, or some made now.
     *
     * @param given null for none
     * @param made where they are made
     */
    static Path factors(MimicCommand mimic, ModelSource source, Path given, Path made, Targets targets, int threads) {
        if (given != null) {
            return given;
        }
        if (source.isBundled()) {
            return source.bundledFactors(threads);
        }
        DecomposeOptions options = DecomposeOptions.defaults().withTargets(targets);
        try (ModelDirectory directory = ModelDirectory.open(source.folder());
                Decomposer decomposer = Decomposer.open(options, threads)) {
            DecomposeCommand.decompose(mimic, decomposer, directory, made);
        }
        return made;
    }

    /** Shows a step in the progress bar. */
    private record Progress(Console console, TrainingFiles files, ProgressBar bar) implements TrainingListener {
        @Override
        public void started(int parameters, int done, int steps) {
            if (done > 0) {
                console.note(files.checkpoint() + ": resumed after step " + done + " of " + steps);
            }
            bar.at(done, parameters + " numbers");
        }

        @Override
        public void step(TrainingStep step) {
            String detail = Double.isNaN(step.reward())
                    ? String.format(Locale.ROOT, "loss %.3f", step.loss())
                    : String.format(Locale.ROOT, "reward %+.2f, right %.0f %%", step.reward(), 100 * step.accuracy());
            String kl =
                    Double.isNaN(step.divergence()) ? "" : String.format(Locale.ROOT, ", KL %.3f", step.divergence());
            bar.at(step.step(), detail + kl + String.format(Locale.ROOT, ", %.0f tokens/s", step.tokensPerSecond()));
        }
    }
}
