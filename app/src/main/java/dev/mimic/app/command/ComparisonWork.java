package dev.mimic.app.command;

import dev.mimic.adapt.AdaptedAnswers;
import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.comparison.Cell;
import dev.mimic.adapt.comparison.Column;
import dev.mimic.adapt.comparison.Comparison;
import dev.mimic.adapt.comparison.ComparisonFolder;
import dev.mimic.adapt.comparison.Contenders;
import dev.mimic.adapt.comparison.Method;
import dev.mimic.adapt.comparison.Mixture;
import dev.mimic.adapt.comparison.TaskAdapter;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.app.terminal.Console;
import dev.mimic.app.terminal.ProgressBar;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.InvalidModelException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The work of a comparison: looks for leaks, trains what is missing, asks. */
final class ComparisonWork {
    /** Rows that are decoded together. */
    private static final int ROWS = 64;

    private final MimicCommand mimic;
    private final Console console;
    private final ModelSource source;
    private final ComparisonSettings settings;
    private final ComparisonFolder folder;
    private final List<ComparedTask> columns;
    private final Optional<ComparedTask> dispatch;
    private final ComparisonTraining training;
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private Optional<ProgressBar> bar = Optional.empty();

    ComparisonWork(
            MimicCommand mimic,
            ModelSource source,
            ComparisonSettings settings,
            ComparisonFolder folder,
            List<ComparedTask> tasks) {
        this.mimic = mimic;
        this.console = mimic.console();
        this.source = source;
        this.settings = settings;
        this.folder = folder;
        this.training = new ComparisonTraining(console);
        this.columns = tasks.stream().filter(task -> !task.isDispatch()).toList();
        this.dispatch = tasks.stream().filter(ComparedTask::isDispatch).findFirst();
    }

    /** Refuses, before anything is written or said, a GPU that is asked for and cannot be used. */
    void requireDevice(int threads, DeviceFlags device) {
        device.on(console, processor(threads)).placement().requireUsable();
    }

    private static EngineOptions processor(int threads) {
        return EngineOptions.DEFAULTS.withThreads(threads).withMaxBatch(ROWS).withCacheBytes(Session.cacheBytes());
    }

    ComparisonReport run(int threads, DeviceFlags device) {
        long start = System.nanoTime();
        try (ModelSource other = transferSource()) {
            Optional<ComparisonFolder> transfer = transferFolder(other);
            requireNamed(transfer);
            refuseLeaks(other, transfer);
            EngineOptions processor = processor(threads);
            requireFit(processor); // computes nothing
            EngineOptions options = device.on(console, processor);
            announce();
            List<Cell> cells = new ArrayList<>();
            List<Method> plain = settings.plainRows();
            if (!plain.isEmpty()) {
                try (Engine engine = Engine.open(source.folder(), options)) {
                    ComparedLoras loras = new ComparedLoras(console, engine, folder, training, settings.lora());
                    Contenders contenders = Contenders.plain(
                            settings.has(Method.LORA) ? timed("training", () -> loras.adapters(columns)) : Map.of(),
                            settings.prompt());
                    cells.addAll(answers(engine, plain, contenders));
                }
            }
            Map<String, Mixture> mixtures = Map.of();
            Map<String, List<Answer>> named = Map.of();
            if (plain.size() < settings.rows().size()) {
                Path factors = timed("factors", () -> factors(threads));
                try (Engine engine = Engine.open(source.folder(), options.withFactors(factors))) {
                    Contenders contenders = contenders(engine, other, transfer);
                    List<Method> rows = new ArrayList<>(settings.rows());
                    rows.removeAll(plain);
                    cells.addAll(answers(engine, rows, contenders));
                    named = timed("evaluation", () -> named(engine, contenders));
                    mixtures = contenders.mixtures();
                }
            }
            seconds.put("total", (System.nanoTime() - start) / 1e9);
            Comparison comparison = new Comparison(
                    settings.rows(), columns.stream().map(ComparedTask::column).toList(), cells);
            return new ComparisonReport(settings, comparison, columns, mixtures, named, training.report(), seconds);
        }
    }

    /** Adds the seconds of some work to those of its kind. */
    private <T> T timed(String kind, Supplier<T> work) {
        long start = System.nanoTime();
        T result = work.get();
        seconds.merge(kind, (System.nanoTime() - start) / 1e9, Double::sum);
        return result;
    }

    private List<Cell> answers(Engine engine, List<Method> rows, Contenders contenders) {
        List<Column> asked = columns.stream().map(ComparedTask::column).toList();
        int limit = settings.training().replyLimit();
        try {
            return timed(
                    "evaluation",
                    () -> Comparison.run(engine, rows, asked, contenders, limit, this::begin)
                            .cells());
        } finally {
            bar.ifPresent(ProgressBar::close); // of the cell that failed, if one did
        }
    }

    private Path factors(int threads) {
        return ShownTraining.factors(
                mimic,
                source,
                settings.factors(),
                folder.factors(),
                settings.training().targets(),
                threads);
    }

    private ModelSource transferSource() {
        boolean bundled = settings.transferFrom() != null
                && settings.transferFrom().toString().equals(BundledModel.NAME)
                && !Files.exists(settings.transferFrom());
        return bundled ? ModelSource.of(BundledModel.NAME) : new ModelSource(source.folder(), null);
    }

    private Optional<ComparisonFolder> transferFolder(ModelSource other) {
        return Optional.ofNullable(settings.transferFrom())
                .map(from ->
                        new ComparisonFolder(other.isBundled() ? other.bundled().experts() : from));
    }

    /** What the command line names has to be there, which is worth asking before long work. */
    private void requireNamed(Optional<ComparisonFolder> transfer) {
        Stream.of(settings.factors(), settings.classifier())
                .filter(file -> file != null && !Files.exists(file))
                .findFirst()
                .ifPresent(file -> {
                    throw new UncheckedIOException(new NoSuchFileException(file.toString()));
                });
        transfer.filter(folderOfOther -> folderOfOther.experts().isEmpty()).ifPresent(folderOfOther -> {
            throw new InvalidModelException(
                    folderOfOther.folder(), "expected experts to transfer, expert-NAME.safetensors, found none");
        });
    }

    private Path classifierFile() {
        return settings.classifier() == null ? folder.classifier() : settings.classifier();
    }

    /** Test rows may stand nowhere else: not in what is trained or searched on, nor in what an expert in use has seen. */
    private void refuseLeaks(ModelSource other, Optional<ComparisonFolder> transfer) {
        if (settings.allowSeen()) {
            return;
        }
        SeenFiles seen = SeenFiles.of(console::note, source, existing());
        List<ComparedTask> all = new ArrayList<>(columns);
        dispatch.ifPresent(all::add);
        for (ComparedTask task : all) {
            task.training().ifPresent(_ -> {}); // refuses what TRAIN and VALID share
            task.train().ifPresent(seen::add);
            task.valid().ifPresent(seen::add);
            task.shots().ifPresent(seen::add);
        }
        for (ComparedTask task : all) {
            task.test().ifPresent(seen::refuse);
        }
        transfer.ifPresent(folderOfOther -> {
            List<Path> files =
                    folderOfOther.experts().stream().map(folderOfOther::expert).toList();
            SeenFiles theirs = SeenFiles.of(console::note, other, files);
            columns.forEach(task -> task.test().ifPresent(theirs::refuse));
        });
    }

    /** Rows longer than the context are refused before the first training. */
    private void requireFit(EngineOptions options) {
        List<ComparedTask> all = new ArrayList<>(columns);
        dispatch.ifPresent(all::add);
        try (Engine engine = Engine.open(source.folder(), options)) {
            for (ComparedTask task : all) {
                Stream.of(task.train(), task.valid(), task.shots(), task.test())
                        .flatMap(Optional::stream)
                        .distinct()
                        .forEach(rows -> Evaluator.requireFit(engine, rows.examples()));
                if (!task.isDispatch() && settings.has(Method.PROMPT, Method.CLASSIFIER)) {
                    settings.prompt()
                            .requireFit(engine, task.test().orElseThrow().examples());
                }
            }
        }
    }

    /** Files of experts that are there already and will be used. */
    private List<Path> existing() {
        List<Path> files = new ArrayList<>();
        if (settings.needExperts()) {
            folder.experts().forEach(name -> files.add(folder.expert(name)));
        }
        if (settings.has(Method.CLASSIFIER)) {
            files.add(classifierFile());
        }
        if (settings.has(Method.LORA)) {
            folder.loras().forEach(name -> files.add(folder.lora(name)));
        }
        if (settings.has(Method.FEWSHOT)) {
            columns.forEach(task -> files.add(folder.mixture(task.name())));
        }
        return files.stream().filter(Files::exists).toList();
    }

    /** Says what is there and what will be made. */
    private void announce() {
        List<Path> wanted = new ArrayList<>();
        for (ComparedTask task : columns) {
            if (settings.needExperts() && task.train().isPresent()) {
                wanted.add(folder.expert(task.name()));
            }
            if (settings.has(Method.LORA) && task.train().isPresent()) {
                wanted.add(folder.lora(task.name()));
            }
            if (settings.has(Method.FEWSHOT) && task.shots().isPresent()) {
                wanted.add(folder.mixture(task.name()));
            }
        }
        if (settings.has(Method.CLASSIFIER) && settings.classifier() == null && dispatch.isPresent()) {
            wanted.add(classifierFile());
        }
        List<Path> there = existing();
        if (!there.isEmpty()) {
            console.note("used as they are: " + names(there));
        }
        wanted.removeAll(there);
        if (!wanted.isEmpty()) {
            console.note("to be made in " + folder.folder() + ": " + names(wanted));
        }
    }

    private static String names(List<Path> files) {
        return String.join(
                ", ",
                files.stream().map(file -> String.valueOf(file.getFileName())).toList());
    }

    private Contenders contenders(Engine engine, ModelSource other, Optional<ComparisonFolder> transfer) {
        ComparedExperts made = new ComparedExperts(console, source, engine, folder, training, settings.training());
        Map<String, TaskAdapter> experts =
                settings.needExperts() ? timed("training", () -> made.experts(columns)) : Map.of();
        Optional<TaskAdapter> classifier = Optional.empty();
        boolean given = settings.classifier() != null;
        if (settings.has(Method.CLASSIFIER) && (given || dispatch.isPresent() || Files.exists(classifierFile()))) {
            ComparedTask task = given ? null : dispatch.orElse(null);
            classifier = Optional.of(timed("training", () -> made.classifier(classifierFile(), task)));
        }
        Map<String, Mixture> mixtures = new LinkedHashMap<>();
        if (settings.has(Method.FEWSHOT) && !experts.isEmpty()) {
            for (ComparedTask task : columns) {
                if (task.shots().isPresent() || Files.exists(folder.mixture(task.name()))) {
                    mixtures.put(task.name(), timed("search", () -> made.mixture(task, settings)));
                }
            }
        }
        Map<String, TaskAdapter> ordered = Map.of();
        Map<String, TaskAdapter> shuffled = Map.of();
        if (transfer.isPresent()) {
            ordered = made.transferred(other, transfer.get(), columns, null);
            shuffled = made.transferred(
                    other, transfer.get(), columns, settings.training().seed());
        }
        return new Contenders(Map.of(), experts, classifier, mixtures, ordered, shuffled, settings.prompt());
    }

    private IntConsumer begin(Cell cell, int replies) {
        ProgressBar begun =
                console.progress(cell.column().name() + ", " + cell.method().text(), replies);
        bar = Optional.of(begun);
        return done -> {
            begun.at(done, "");
            if (done == replies) {
                begun.close();
            }
        };
    }

    /** How well the base and the classifier name the kind of the dispatch task's test rows; by name of the row. */
    private Map<String, List<Answer>> named(Engine engine, Contenders contenders) {
        Map<String, List<Answer>> named = new LinkedHashMap<>();
        if (dispatch.isEmpty() || dispatch.get().test().isEmpty()) {
            return named;
        }
        Column column = dispatch.get().column();
        Map<Method, Adapter> asked = new LinkedHashMap<>();
        if (settings.has(Method.PROMPT, Method.CLASSIFIER)) {
            asked.put(Method.PROMPT, Adapter.NONE);
        }
        contenders.classifier().ifPresent(one -> asked.put(Method.CLASSIFIER, one.adapter()));
        int limit = settings.training().replyLimit();
        asked.forEach((method, adapter) -> {
            AdaptedAnswers answers = console.progress(
                    "dispatch, " + method.text(),
                    column.test().size(),
                    shown -> AdaptedAnswers.ask(
                            engine,
                            SamplingOptions.GREEDY,
                            new Dispatcher.Fixed(adapter, Map.of()),
                            column.task(),
                            column.test(),
                            limit == 0 ? column.task().replyLimit() : limit,
                            done -> shown.at(done, "")));
            named.put(method.text(), answers.answers());
        });
        return named;
    }
}
