package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.comparison.ComparisonFolder;
import dev.mimic.adapt.comparison.Mixture;
import dev.mimic.adapt.comparison.TaskAdapter;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.search.FewShotSearch;
import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.search.MixtureExpert;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    private final ComparisonTraining work;
    private final TrainingOptions options;
    private final Map<String, Expert> experts = new LinkedHashMap<>();

    /**
     * Prepares.
     *
     * @param engine with factors
     * @param work trains, and keeps the list of what is used
     */
    ComparedExperts(
            Console console,
            ModelSource source,
            Engine engine,
            ComparisonFolder folder,
            ComparisonTraining work,
            TrainingOptions options) {
        this.console = console;
        this.source = source;
        this.engine = engine;
        this.folder = folder;
        this.work = work;
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
                AtomicFile.writeBytes(
                        file,
                        Files.readAllBytes(source.bundled().experts().resolve(String.valueOf(file.getFileName()))));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The experts of the tasks, and all others in the folder; of tasks without training rows only where they exist. */
    Map<String, TaskAdapter> experts(List<ComparedTask> tasks) {
        Map<String, TaskAdapter> trained = new LinkedHashMap<>();
        for (ComparedTask task : tasks) {
            if (task.train().isPresent() || Files.exists(folder.expert(task.name()))) {
                trained.put(task.name(), expert(folder.expert(task.name()), task.kind(), task));
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
    TaskAdapter classifier(Path file, ComparedTask task) {
        return expert(file, ExpertFolder.CLASSIFIER, task);
    }

    private TaskAdapter expert(Path file, String kind, ComparedTask task) {
        Map<String, Object> entry = work.made(engine, file, task, options);
        Expert expert = read(source, file, false);
        String name = String.valueOf(file.getFileName()).replaceAll("^expert-|\\.safetensors$", "");
        if (!kind.equals(ExpertFolder.CLASSIFIER)) {
            experts.put(name, expert);
        }
        entry.put("parameters", expert.size());
        entry.put("origin", new LinkedHashMap<>(expert.origin()));
        work.noteOtherTraining(entry, file, expert.origin(), task, options);
        return trained(file, kind, expert);
    }

    private Expert read(ModelSource from, Path file, boolean transfer) {
        Expert expert = Expert.read(file, note -> ExpertFiles.note(console, from, note));
        expert.check(factors(), transfer, note -> ExpertFiles.note(console, from, note));
        return expert;
    }

    private TaskAdapter trained(Path file, String kind, Expert expert) {
        Adapter adapter = new Adapter.Scaling(ExpertMixture.of(expert).scaling(factors()));
        engine.check(adapter);
        return new TaskAdapter(String.valueOf(file.getFileName()), kind, adapter, expert.size());
    }

    private Factors factors() {
        return engine.factors().orElseThrow();
    }

    /** The mixture of all experts for a task; call {@link #experts} first. */
    Mixture mixture(ComparedTask task, ComparisonSettings settings) {
        ExpertMixture.Mode mode = settings.mix();
        FewShotSettings search = settings.search();
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
            TaskData drawn =
                    new TaskData(rows.file(), FewShotSearch.draw(rows.examples(), settings.shots(), search.seed()));
            MixtureSpace space = new MixtureSpace(mode, List.copyOf(experts.values()), factors(), settings.perLayer());
            int limit = options.replyLimit() == 0 ? task.task().replyLimit() : options.replyLimit();
            FewShotResult found = Adaptation.search(
                    console,
                    "search " + task.name() + ", few-shot",
                    new FewShotSearch(engine, space, task.task(), drawn.examples(), limit),
                    search);
            mixed = MixtureExpert.of(
                    found, String.valueOf(file.getFileName()), task.task().name(), names, mode, search, factors());
            SeenFiles.of(_ -> {}, source, names.stream().map(folder::expert).toList())
                    .and(drawn)
                    .write(SeenPrompts.beside(file));
            mixed.write(file);
            weights = found.weights(names);
            seconds = OptionalDouble.of(found.seconds());
        }
        Map<String, Object> entry = work.used(file);
        entry.put("trained", seconds.isPresent());
        seconds.ifPresent(took -> entry.put("seconds", took));
        int all = experts.values().stream().mapToInt(Expert::size).sum();
        int alphas = weights.values().stream().mapToInt(one -> one.length).sum();
        entry.put("parameters", alphas);
        entry.put("origin", new LinkedHashMap<>(mixed.origin()));
        if (seconds.isEmpty() && task.shots().isPresent()) {
            Map<String, String> asked = MixtureExpert.texts(search);
            asked.put("task", task.task().name());
            asked.put(
                    "shots",
                    String.valueOf(Math.min(
                            settings.shots(), task.shots().get().examples().size())));
            work.noteOtherSearch(entry, file, mixed.origin(), asked);
        }
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
    Map<String, TaskAdapter> transferred(
            ModelSource from, ComparisonFolder other, List<ComparedTask> tasks, Long seed) {
        Map<String, String> kinds = new LinkedHashMap<>();
        other.experts().forEach(name -> kinds.put(name, name));
        tasks.forEach(task -> kinds.replace(task.name(), task.kind()));
        Map<String, TaskAdapter> trained = new LinkedHashMap<>();
        kinds.forEach((name, kind) -> {
            Expert expert = read(from, other.expert(name), true);
            trained.put(
                    name,
                    trained(
                            other.expert(name),
                            kind,
                            seed == null ? expert : expert.plain(factors()).shuffled(seed)));
        });
        return trained;
    }
}
