package dev.mimic.app.command;

import dev.mimic.adapt.train.TrainingFiles;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.adapt.train.TrainingOutcome;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Engine;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Trains what a comparison lacks, and keeps the list of what it uses. */
final class ComparisonTraining {
    private final Console console;
    private final List<Map<String, Object>> report = new ArrayList<>();

    ComparisonTraining(Console console) {
        this.console = console;
    }

    /** What was used and what was made, for reports. */
    List<Map<String, Object>> report() {
        return List.copyOf(report);
    }

    /** Takes up a file; what else is to be said of it goes into the map. */
    Map<String, Object> used(Path file) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("file", file.toString());
        report.add(entry);
        return entry;
    }

    /**
     * Takes up what training makes, and trains it where it does not lie there yet.
     *
     * @param task what it is trained on; null where it has to be there
     * @return what else is to be said of it goes into it
     */
    Map<String, Object> made(Engine engine, Path file, ComparedTask task, TrainingOptions options) {
        Map<String, Object> entry = used(file);
        boolean there = Files.exists(file);
        entry.put("trained", !there);
        if (there) {
            return entry;
        }
        if (task == null) {
            throw new UncheckedIOException(new NoSuchFileException(file.toString()));
        }
        long start = System.nanoTime();
        String method = options.lowRank().isPresent() ? "LoRA" : "SVF";
        TrainingOutcome outcome = ShownTraining.run(
                console,
                "train " + task.name() + ", " + method,
                engine,
                task.task(),
                options,
                task.training().orElseThrow(),
                TrainingFiles.beside(file));
        entry.put("seconds", (System.nanoTime() - start) / 1e9);
        entry.put("step", outcome.step());
        entry.put("valid", outcome.valid().map(valid -> valid.share()).orElse(null));
        return entry;
    }
}
