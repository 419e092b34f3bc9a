package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.MatrixReport;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.AnswerCheck;
import dev.mimic.adapt.task.Example;
import dev.mimic.app.terminal.Console;
import dev.mimic.app.terminal.ProgressBar;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The demo's work: what is asked, of whom, and how long it takes. */
final class Demonstration implements AutoCloseable {
    /** Skills whose questions a first pass can tell apart. */
    private static final List<String> ROUTED = List.of("math", "code", "reasoning");

    private static final String MIXED = "mixed";
    private static final double HALF = 0.5;
    private static final int BATCH = 64;

    private final Console console;
    private final ModelSource source;
    private final int threads;
    private final int limit;
    private final long start = System.nanoTime();
    private final DemoReport report = new DemoReport();
    private final Map<String, List<Answer>> baseAnswers = new LinkedHashMap<>();
    private Engine engine;

    /**
     * Prepares.
     *
     * @param limit questions of each task at most
     */
    Demonstration(Console console, ModelSource source, int threads, int limit) {
        this.console = console;
        this.source = source;
        this.threads = threads;
        this.limit = limit;
    }

    DemoReport run() {
        EngineOptions options = EngineOptions.DEFAULTS.withThreads(threads).withMaxBatch(BATCH);
        engine = Engine.open(source.folder(), options);
        report.loaded(engine.config(), engine.loadSeconds());
        List<String> tasks = new ArrayList<>(BundledModel.EXPERTS);
        tasks.add(MIXED);
        for (String task : tasks) {
            baseAnswers.put(task, ask(task, "base", Adapter.NONE));
        }
        engine.close();
        engine = Engine.open(source.folder(), options.withFactors(takeApart()));
        for (String skill : BundledModel.EXPERTS) {
            report.skill(skill, baseAnswers.get(skill), ask(skill, skill + " expert", expert(skill)));
        }
        twoPasses();
        mixture();
        report.took(seconds(start));
        return report;
    }

    private Path takeApart() {
        long began = System.nanoTime();
        Path folder = source.bundled().scratch("factors");
        DecomposeOptions options = DecomposeOptions.defaults().withTargets(new Targets("all"));
        try (ModelDirectory directory = ModelDirectory.open(source.folder());
                Decomposer decomposer = Decomposer.open(options, threads);
                ProgressBar bar = console.progress("decompose", 1)) {
            List<MatrixReport> matrices = decomposer.decompose(directory, folder, new DecompositionListener() {
                @Override
                public void started(String weight, int index, int count) {
                    bar.at(0, weight);
                }
            });
            double worst = matrices.stream()
                    .mapToDouble(MatrixReport::relativeError)
                    .max()
                    .orElse(0);
            int numbers = matrices.stream().mapToInt(MatrixReport::rank).sum();
            report.takenApart(matrices.size(), numbers, worst, seconds(began));
        }
        return folder;
    }

    private List<Answer> ask(String task, String who, Adapter adapter) {
        List<Example> questions = questions(task);
        try (ProgressBar bar = console.progress(task + ", " + who, questions.size())) {
            return new Evaluator(engine)
                    .ask(questions, adapter, BundledModel.REPLY_LIMITS.get(task), done -> bar.at(done, ""));
        }
    }

    private List<Example> questions(String task) {
        List<Example> all = BundledModel.examples(task, "test");
        return all.subList(0, Math.min(limit, all.size()));
    }

    private Adapter expert(String... names) {
        return expert(1, names);
    }

    private Adapter expert(double weight, String... names) {
        List<String> weighted = new ArrayList<>();
        for (String name : names) {
            weighted.add(name + "@" + weight);
        }
        ExpertMixture mixture = ExpertFiles.mixture(console, source, weighted, ExpertMixture.Mode.DELTA);
        return new Adapter.Scaling(mixture.scaling(engine.factors().orElseThrow()));
    }

    /** First pass: the classifier expert names each question's kind. Second pass: that kind's expert answers. */
    private void twoPasses() {
        List<Example> all = new ArrayList<>();
        List<Answer> base = new ArrayList<>();
        for (String task : ROUTED) {
            all.addAll(questions(task));
            base.addAll(baseAnswers.get(task));
        }
        Map<String, Adapter> experts = new LinkedHashMap<>();
        for (String name : ROUTED) {
            experts.put(name, expert(name));
        }
        Evaluator evaluator = new Evaluator(engine);
        Adapter classifier = expert("dispatch");
        long first = System.nanoTime();
        List<String> kinds;
        try (ProgressBar bar = console.progress("first pass", all.size())) {
            String prompt = BundledModel.dispatchPrompt();
            kinds = evaluator
                    .replies(
                            all.stream()
                                    .map(e -> prompt.replace("{question}", e.prompt()))
                                    .toList(),
                            _ -> classifier,
                            BundledModel.REPLY_LIMITS.get("dispatch"),
                            done -> bar.at(done, ""))
                    .stream()
                    .map(reply -> AnswerCheck.BOXED.extract(reply).orElse("none"))
                    .toList();
        }
        long second = System.nanoTime();
        Map<Example, Adapter> chosen = new LinkedHashMap<>();
        for (int i = 0; i < all.size(); i++) {
            chosen.put(all.get(i), experts.getOrDefault(kinds.get(i), Adapter.NONE));
        }
        int replyLimit =
                ROUTED.stream().mapToInt(BundledModel.REPLY_LIMITS::get).max().orElseThrow();
        try (ProgressBar bar = console.progress("second pass", all.size())) {
            List<Answer> routed = evaluator.ask(all, chosen::get, replyLimit, done -> bar.at(done, ""));
            long end = System.nanoTime();
            report.routed(
                    named(all, kinds),
                    Answer.accuracy(base),
                    Answer.accuracy(routed),
                    (second - first) / 1e9,
                    (end - second) / 1e9);
        }
    }

    private static Accuracy named(List<Example> all, List<String> kinds) {
        int right = 0;
        for (int i = 0; i < all.size(); i++) {
            right += all.get(i).record().text("skill").orElse("").equals(kinds.get(i)) ? 1 : 0;
        }
        return new Accuracy(right, all.size());
    }

    /** Questions that need two skills: each expert alone, then half of each of three. */
    private void mixture() {
        Map<String, Accuracy> alone = new LinkedHashMap<>();
        for (String name : ROUTED) {
            alone.put(name, Answer.accuracy(ask(MIXED, name + " expert", expert(name))));
        }
        Map.Entry<String, Accuracy> best = alone.entrySet().stream()
                .max(Comparator.comparingDouble(entry -> entry.getValue().share()))
                .orElseThrow();
        List<Answer> mixed = ask(MIXED, "half of three experts", expert(HALF, ROUTED.toArray(String[]::new)));
        report.mixed(baseAnswers.get(MIXED), best.getKey(), best.getValue(), mixed, HALF);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    @Override
    public void close() {
        if (engine != null) {
            engine.close();
        }
    }
}
