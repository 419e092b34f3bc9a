package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.comparison.Column;
import dev.mimic.adapt.comparison.ComparisonFolder;
import dev.mimic.adapt.comparison.Mixture;
import dev.mimic.adapt.comparison.Trained;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.search.FewShotSearch;
import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.search.MixtureExpert;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.adapt.train.TrainingFiles;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.adapt.train.TrainingOutcome;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeSet;

/** The experts of a comparison: what lies in its folder is used, the rest is trained or searched for. */
final class ComparedExperts {
    private final Console console;
    private final ModelSource source;
    private final Engine engine;
    private final ComparisonFolder folder;
    private final TrainingOptions options;
    private final Map<String, Expert> experts = new LinkedHashMap<>();
    private final List<Map<String, Object>> report = new ArrayList<>();

    /**
     * Prepares.
     *
     * @param engine with factors
     */
    ComparedExperts(
            Console console, ModelSource source, Engine engine, ComparisonFolder folder, TrainingOptions options) {
        this.console = console;
        this.source = source;
        this.engine = engine;
        this.folder = folder;
        this.options = options;
    }

    /** Puts the bundled model's own experts where the folder has none, each with the list of what it has seen. */
    static void takeBundled(ModelSource source, ComparisonFolder folder) {
        for (String name : BundledModel.EXPERTS) {
            Path file = folder.expert(name);
            if (Files.exists(file)) {
                continue;
            }
            SeenPrompts seen = SeenPrompts.of(BundledModel.examples(name, "train"))
                    .and(SeenPrompts.of(BundledModel.examples(name, "valid")));
            seen.write(SeenPrompts.beside(file));
            try {
                ByteBuffer bytes = ByteBuffer.wrap(
                        Files.readAllBytes(source.bundled().experts().resolve(String.valueOf(file.getFileName()))));
                AtomicFile.write(file, channel -> {
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                });
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** What was used and what was trained, for reports. */
    List<Map<String, Object>> report() {
        return List.copyOf(report);
    }

    /** The experts of the tasks, and all others in the folder; those of tasks without training rows only where they exist. */
    Map<String, Trained> experts(List<ComparedTask> tasks) {
        Map<String, Trained> trained = new LinkedHashMap<>();
        for (ComparedTask task : tasks) {
            if (task.train().isPresent() || Files.exists(folder.expert(task.name()))) {
                trained.put(task.name(), expert(folder.expert(task.name()), kind(task), task));
            }
        }
        for (String name : new TreeSet<>(folder.experts())) {
            if (!trained.containsKey(name)) {
                trained.put(name, expert(folder.expert(name), name, null));
            }
        }
        return trained;
    }

    /** The classifier. */
    Trained classifier(Path file, ComparedTask task) {
        return expert(file, "dispatch", task);
    }

    private static String kind(ComparedTask task) {
        return Column.of(task.name(), task.task(), List.of()).kind();
    }

    private Trained expert(Path file, String kind, ComparedTask task) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("file", file.toString());
        if (!Files.exists(file)) {
            if (task == null) {
                throw new UncheckedIOException(new NoSuchFileException(file.toString()));
            }
            long start = System.nanoTime();
            TrainingOutcome outcome = ShownTraining.run(
                    console,
                    "train " + task.name() + ", SVF",
                    engine,
                    task.task(),
                    options,
                    task.training().orElseThrow(),
                    TrainingFiles.beside(file));
            entry.put("trained", true);
            entry.put("seconds", (System.nanoTime() - start) / 1e9);
            entry.put("step", outcome.step());
            entry.put("valid", outcome.valid().map(valid -> valid.share()).orElse(null));
        } else {
            entry.put("trained", false);
        }
        Expert expert = read(source, file, false);
        String name = String.valueOf(file.getFileName()).replaceAll("^expert-|\\.safetensors$", "");
        if (!kind.equals("dispatch")) {
            experts.put(name, expert);
        }
        entry.put("parameters", expert.size());
        entry.put("origin", new LinkedHashMap<>(expert.origin()));
        report.add(entry);
        return trained(file, kind, expert);
    }

    private Expert read(ModelSource from, Path file, boolean transfer) {
        Expert expert = Expert.read(file, note -> ExpertFiles.note(console, from, note));
        expert.check(factors(), transfer, note -> ExpertFiles.note(console, from, note));
        return expert.plain(factors());
    }

    private Trained trained(Path file, String kind, Expert expert) {
        Adapter adapter = new Adapter.Scaling(ExpertMixture.of(expert).scaling(factors()));
        engine.check(adapter);
        return new Trained(String.valueOf(file.getFileName()), kind, adapter, expert.size());
    }

    private Factors factors() {
        return engine.factors().orElseThrow();
    }

    /**
     * The mixture of all experts for a task; call {@link #experts} first.
     *
     * @param shots how many examples it is searched on
     */
    Mixture mixture(ComparedTask task, ExpertMixture.Mode mode, int shots, boolean perLayer, FewShotSettings settings) {
        Path file = folder.mixture(task.name());
        List<String> names = List.copyOf(experts.keySet());
        Map<String, double[]> weights;
        Expert mixed;
        OptionalDouble seconds = OptionalDouble.empty();
        if (Files.exists(file)) {
            mixed = read(source, file, false);
            weights = MixtureExpert.weights(file, mixed, experts, mode, factors());
        } else {
            TaskData rows = task.shots().orElseThrow();
            TaskData drawn = new TaskData(rows.file(), FewShotSearch.draw(rows.examples(), shots, settings.seed()));
            MixtureSpace space = new MixtureSpace(mode, List.copyOf(experts.values()), factors(), perLayer);
            int limit = options.replyLimit() == 0 ? task.task().replyLimit() : options.replyLimit();
            FewShotResult found = Adaptation.search(
                    console,
                    "search " + task.name() + ", few-shot",
                    new FewShotSearch(engine, space, task.task(), drawn.examples(), limit),
                    settings);
            mixed = MixtureExpert.of(
                    found, String.valueOf(file.getFileName()), task.task().name(), names, mode, settings, factors());
            SeenFiles.of(_ -> {}, source, names.stream().map(folder::expert).toList())
                    .and(drawn)
                    .write(SeenPrompts.beside(file));
            mixed.write(file);
            weights = found.weights(names);
            seconds = OptionalDouble.of(found.seconds());
        }
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("file", file.toString());
        entry.put("trained", seconds.isPresent());
        seconds.ifPresent(took -> entry.put("seconds", took));
        int all = experts.values().stream().mapToInt(Expert::size).sum();
        int alphas = weights.values().stream().mapToInt(one -> one.length).sum();
        entry.put("parameters", alphas);
        entry.put("origin", new LinkedHashMap<>(mixed.origin()));
        report.add(entry);
        return new Mixture(
                String.valueOf(file.getFileName()),
                names.stream()
                        .map(name -> String.valueOf(folder.expert(name).getFileName()))
                        .toList(),
                weights,
                new Adapter.Scaling(ExpertMixture.of(mixed).scaling(factors())),
                all + alphas,
                seconds);
    }

    /**
     * Another model's experts.
     *
     * @param from the folder's owner, for messages
     * @param seed null for their own order, else of the random order of each vector
     */
    Map<String, Trained> transferred(ModelSource from, ComparisonFolder other, List<ComparedTask> tasks, Long seed) {
        Map<String, String> kinds = new LinkedHashMap<>();
        other.experts().forEach(name -> kinds.put(name, name));
        tasks.forEach(task -> kinds.replace(task.name(), kind(task)));
        Map<String, Trained> trained = new LinkedHashMap<>();
        kinds.forEach((name, kind) -> {
            Expert expert = read(from, other.expert(name), true);
            trained.put(name, trained(other.expert(name), kind, seed == null ? expert : expert.shuffled(seed)));
        });
        return trained;
    }
}
