package dev.mimic.app.command;

import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.adapt.train.Trainer;
import dev.mimic.adapt.train.TrainingFiles;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.adapt.train.TrainingOutcome;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Engine;
import dev.mimic.loader.json.Json;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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
     * Says of a file that lay there what this run would have made otherwise. It is used all the same.
     *
     * @param entry of {@link #used}; takes the differences too
     * @param origin what the file says of how it was made; what it does not say is not compared
     * @param task what it would be trained on; null where it would not be trained
     */
    void noteOtherTraining(
            Map<String, Object> entry,
            Path file,
            Map<String, String> origin,
            ComparedTask task,
            TrainingOptions asked) {
        if (task == null || task.train().isEmpty() || entry.get("trained").equals(true)) {
            return;
        }
        Map<String, String> made = new LinkedHashMap<>(origin);
        String settings = origin.get(Trainer.SETTINGS);
        if (settings != null) {
            texts(Json.parseObject(settings.getBytes(StandardCharsets.UTF_8), file + ": settings")
                            .asMap())
                    .forEach(made::put);
        }
        Map<String, String> wanted = texts(asked.asMap());
        wanted.put("task", task.task().name());
        List<String> others = new ArrayList<>();
        Path seen = SeenPrompts.beside(file);
        if (Files.exists(seen)
                && !SeenPrompts.read(seen).sameAs(task.training().orElseThrow().seen())) {
            others.add("other rows");
        }
        note(entry, file, made, wanted, others);
    }

    /**
     * The same of a mixture.
     *
     * @param asked texts of the search, as its metadata has them
     */
    void noteOtherSearch(Map<String, Object> entry, Path file, Map<String, String> origin, Map<String, String> asked) {
        note(entry, file, origin, asked, List.of());
    }

    private void note(
            Map<String, Object> entry,
            Path file,
            Map<String, String> made,
            Map<String, String> wanted,
            List<String> others) {
        List<String> differences = new ArrayList<>();
        wanted.forEach((name, text) -> {
            if (!made.getOrDefault(name, text).equals(text)) {
                differences.add(name + " " + made.get(name) + " (now " + text + ")");
            }
        });
        differences.addAll(others);
        if (!differences.isEmpty()) {
            entry.put("differs", differences);
            console.note(file.getFileName() + ": used as it is, made with " + String.join(", ", differences)
                    + "; delete it to have it made anew");
        }
    }

    private static Map<String, String> texts(Map<String, Object> settings) {
        Map<String, String> texts = new LinkedHashMap<>();
        settings.forEach((name, value) -> texts.put(name, value instanceof String text ? text : Json.write(value)));
        return texts;
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
