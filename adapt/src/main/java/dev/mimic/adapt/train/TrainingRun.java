package dev.mimic.adapt.train;

import dev.mimic.adapt.lora.PeftFolder;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Engine;

/** A training with its files: checkpoint and log on the way, expert and seen prompts at the end. */
public final class TrainingRun {
    private final Engine engine;
    private final Task task;
    private final TrainingOptions options;
    private final TrainingData data;

    /**
     * Prepares.
     *
     * @param engine as of {@link Trainer}
     */
    public TrainingRun(Engine engine, Task task, TrainingOptions options, TrainingData data) {
        this.engine = engine;
        this.task = task;
        this.options = options;
        this.data = data;
    }

    /**
     * Trains, or goes on where a run with the same files and settings was broken off.
     *
     * @throws dev.mimic.loader.InvalidModelException if the checkpoint belongs to an unfinished training of other settings
     * @throws IllegalArgumentException if a LoRA adapter is to be written where there is anything else
     * @throws java.io.UncheckedIOException if a file cannot be written
     */
    public TrainingOutcome run(TrainingFiles files, TrainingListener listener) {
        if (options.lowRank().isPresent()) {
            PeftFolder.checkMayBeWritten(files.out());
        }
        try (Trainer trainer = new Trainer(engine, task, options, data);
                Logging logging = new Logging(files, listener)) {
            TrainingOutcome outcome = trainer.train(new Checkpoint(files.checkpoint()), logging);
            // it is never there without the list of what it has seen
            data.seen().write(files.seen());
            outcome.trained().write(files.out());
            return outcome;
        }
    }

    /** Writes the log before a listener hears of a step, and so before a checkpoint holds it. */
    private static final class Logging implements TrainingListener, AutoCloseable {
        private final TrainingFiles files;
        private final TrainingListener next;
        private TrainingLog log;

        Logging(TrainingFiles files, TrainingListener next) {
            this.files = files;
            this.next = next;
        }

        @Override
        public void started(int parameters, int done, int steps) {
            log = TrainingLog.open(files.log(), done);
            next.started(parameters, done, steps);
        }

        @Override
        public void base(Accuracy valid) {
            next.base(valid);
        }

        @Override
        public void step(TrainingStep step) {
            log.add(step);
            next.step(step);
        }

        @Override
        public void close() {
            if (log != null) {
                log.close();
            }
        }
    }
}
