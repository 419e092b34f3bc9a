package dev.mimic.app.demo;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.adapt.dispatch.DispatchPrompt;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Question;
import dev.mimic.adapt.evaluation.Survey;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.search.FewShotSearch;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.MatrixReport;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.adapt.train.Trainer;
import dev.mimic.adapt.train.TrainingData;
import dev.mimic.adapt.train.TrainingListener;
import dev.mimic.adapt.train.TrainingOutcome;
import dev.mimic.adapt.train.TrainingStep;
import dev.mimic.app.terminal.Console;
import dev.mimic.app.terminal.ProgressBar;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** The demo's work on the bundled model: what is trained, asked and searched, and how long it takes. */
final class Demonstration implements AutoCloseable {
    /** Variants of the skills that no expert was trained on. */
    private static final List<String> UNSEEN = List.of("math3", "code2", "chain", "mixed");

    private static final int BATCH = 64;

    private final Console console;
    private final BundledModel bundled;
    private final int threads;
    private final DemoSettings settings;
    private final Consumer<String> text;
    private final long start = System.nanoTime();
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final Map<String, Task> tasks = new LinkedHashMap<>();
    private final Map<String, List<Example>> heldOut = new LinkedHashMap<>();
    private final Map<String, Adapter> adapters = new LinkedHashMap<>();
    private final AtomicInteger searched = new AtomicInteger();
    private Engine engine;
    private Survey survey;

    /**
     * Prepares.
     *
     * @param console for progress
     * @param bundled borrowed
     * @param text hears the report as it comes, by paragraphs
     */
    Demonstration(Console console, BundledModel bundled, int threads, DemoSettings settings, Consumer<String> text) {
        this.console = console;
        this.bundled = bundled;
        this.threads = threads;
        this.settings = settings;
        this.text = text;
        List<String> names = new ArrayList<>(BundledModel.EXPERTS);
        names.addAll(UNSEEN);
        for (String name : names) {
            List<Example> all = BundledModel.examples(name, "test");
            tasks.put(name, Task.of("bundled-" + name));
            heldOut.put(name, all.subList(0, Math.min(settings.questions(), all.size())));
        }
    }

    /** Does everything. */
    Findings run() {
        text.accept(DemoText.opening(open()));
        text.accept(DemoText.trainingHeading(settings.training()));
        List<Findings.Training> trainings = new ArrayList<>();
        for (String skill : BundledModel.EXPERTS) {
            Findings.Training training = train(skill);
            trainings.add(training);
            text.accept(DemoText.training(training));
        }
        List<Findings.Skill> skills = timed("skills", () -> skills(trainings));
        text.accept(DemoText.examples(skills));
        text.accept(DemoText.skills(skills));
        Map<String, FewShotResult> found = timed("search", () -> search(trainings));
        List<Findings.Ways> ways = timed("ways", () -> ways(found));
        List<Findings.Mixture> mixtures = mixtures(found, ways);
        text.accept(DemoText.mixtures(mixtures, settings.search(), searched.get()));
        text.accept(DemoText.ways(ways));
        text.accept(DemoText.limits(settings.training().seed()));
        seconds.put("total", since(start));
        text.accept(DemoText.seconds(seconds));
        return new Findings(skills, ways, mixtures, seconds);
    }

    private interface Work<T> {
        T run();
    }

    private <T> T timed(String part, Work<T> work) {
        long began = System.nanoTime();
        T result = work.run();
        seconds.merge(part, since(began), Double::sum);
        return result;
    }

    private Findings.Opened open() {
        Path factors = bundled.scratch("factors");
        DecomposeOptions options = DecomposeOptions.defaults().withTargets(new Targets("all"));
        long began = System.nanoTime();
        List<MatrixReport> matrices;
        long numbers = 0;
        try (ModelDirectory directory = ModelDirectory.open(bundled.folder());
                Decomposer decomposer = Decomposer.open(options, threads);
                ProgressBar bar = console.progress("decompose", 1)) {
            for (String name : directory.tensorNames()) {
                numbers += directory.tensor(name).orElseThrow().elements();
            }
            matrices = decomposer.decompose(directory, factors, new DecompositionListener() {
                @Override
                public void started(String weight, int index, int count) {
                    bar.at(0, weight);
                }
            });
        }
        seconds.put("decompose", since(began));
        engine = Engine.open(
                bundled.folder(),
                EngineOptions.DEFAULTS.withThreads(threads).withMaxBatch(BATCH).withFactors(factors));
        seconds.put("load", engine.loadSeconds());
        survey = new Survey(engine);
        return new Findings.Opened(
                "Llama",
                numbers,
                engine.config().layers(),
                engine.loadSeconds(),
                matrices.size(),
                matrices.stream().mapToInt(MatrixReport::rank).sum(),
                matrices.stream().mapToDouble(MatrixReport::relativeError).max().orElse(0),
                seconds.get("decompose"));
    }

    private Factors factors() {
        return engine.factors().orElseThrow();
    }

    private Findings.Training train(String skill) {
        TrainingData data = new TrainingData(
                Path.of(skill + ".train.jsonl"),
                BundledModel.examples(skill, "train"),
                Path.of(skill + ".valid.jsonl"),
                BundledModel.examples(skill, "valid"));
        List<TrainingStep> steps = new ArrayList<>();
        long began = System.nanoTime();
        TrainingOutcome outcome;
        try (Trainer trainer = new Trainer(engine, tasks.get(skill), settings.training(), data);
                ProgressBar bar =
                        console.progress("train " + skill, settings.training().steps())) {
            outcome = trainer.train(new TrainingListener() {
                @Override
                public void started(int parameters, int done, int of) {
                    bar.at(done, parameters + " numbers");
                }

                @Override
                public void step(TrainingStep step) {
                    steps.add(step);
                    bar.at(
                            step.step(),
                            String.format(
                                    Locale.ROOT, "reward %+.2f, right %.0f %%", step.reward(), 100 * step.accuracy()));
                }
            });
        }
        double took = since(began);
        seconds.merge("train", took, Double::sum);
        adapters.put(
                skill, new Adapter.Scaling(ExpertMixture.of(outcome.expert()).scaling(factors())));
        return new Findings.Training(skill, data.seen(), outcome, List.copyOf(steps), took);
    }

    /** Base and expert on all held-out questions of all skills, in one batch. */
    private List<Findings.Skill> skills(List<Findings.Training> trainings) {
        List<Question> questions = new ArrayList<>();
        for (Findings.Training training : trainings) {
            questions.addAll(asked(training.name(), Adapter.NONE));
            questions.addAll(asked(training.name(), adapters.get(training.name())));
        }
        ask("held-out questions", questions);
        return trainings.stream()
                .map(training -> new Findings.Skill(
                        training,
                        answers(training.name(), Adapter.NONE),
                        answers(training.name(), adapters.get(training.name()))))
                .toList();
    }

    private List<Question> asked(String task, Adapter adapter) {
        return Question.all(tasks.get(task), heldOut.get(task), adapter);
    }

    /** Answers that are known. */
    private List<Answer> answers(String task, Adapter adapter) {
        return survey.ask(asked(task, adapter), (_, _) -> {});
    }

    private void ask(String label, List<Question> questions) {
        try (ProgressBar bar = console.progress(label, questions.size())) {
            survey.ask(questions, (replies, _) -> bar.at(replies, "replies"));
        }
    }

    /** A mixture of the experts for each variant, found on its shots; the searches share the engine's batches. */
    private Map<String, FewShotResult> search(List<Findings.Training> trainings) {
        List<Expert> experts = trainings.stream()
                .filter(training -> ExpertFolder.CLASSES.contains(training.name()))
                .map(training -> training.outcome().expert())
                .toList();
        MixtureSpace space = new MixtureSpace(ExpertMixture.Mode.DELTA, experts, factors(), false);
        int rounds = settings.search().generations() * UNSEEN.size();
        Map<String, Future<FewShotResult>> searches = new LinkedHashMap<>();
        Map<String, FewShotResult> found = new LinkedHashMap<>();
        try (ProgressBar bar = console.progress("few-shot search", rounds);
                ExecutorService threadEach = Executors.newFixedThreadPool(UNSEEN.size())) {
            FewShotSearch.Listener listener = counting(bar);
            for (String variant : UNSEEN) {
                Task task = tasks.get(variant);
                List<Example> shots = BundledModel.examples(variant, "shots");
                searches.put(
                        variant,
                        threadEach.submit(() -> new FewShotSearch(engine, space, task, shots, task.replyLimit())
                                .run(settings.search(), listener)));
            }
            for (String variant : UNSEEN) {
                found.put(variant, result(searches.get(variant)));
            }
        }
        return found;
    }

    /** Counts what the searches do; called by their threads. */
    private FewShotSearch.Listener counting(ProgressBar bar) {
        AtomicInteger rounds = new AtomicInteger();
        return new FewShotSearch.Listener() {
            @Override
            public void replied(int generation, int replies, int of) {
                searched.incrementAndGet();
            }

            @Override
            public void generation(FewShotSearch.Generation generation) {
                synchronized (bar) {
                    bar.at(rounds.incrementAndGet(), "rounds of " + UNSEEN.size() + " searches at once");
                }
            }
        };
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("demo: interrupted", e);
        }
    }

    /** Every way of adapting on every task but dispatch: first passes in a batch for each way, second passes in one. */
    private List<Findings.Ways> ways(Map<String, FewShotResult> found) {
        List<String> names = new ArrayList<>(ExpertFolder.CLASSES);
        names.addAll(UNSEEN);
        DispatchPrompt prompt = new DispatchPrompt(
                BundledModel.dispatchPrompt(), tasks.get("dispatch").replyLimit());
        Map<String, Adapter> experts = new LinkedHashMap<>(adapters);
        Adapter classifier = experts.remove(ExpertFolder.CLASSIFIER);
        List<Question> byPrompt = routed("first pass, prompt", new Dispatcher.Prompt(prompt, experts), names);
        List<Question> byClassifier =
                routed("first pass, classifier", new Dispatcher.Classifier(prompt, classifier, experts), names);
        List<Question> all = new ArrayList<>(byPrompt);
        all.addAll(byClassifier);
        for (String name : names) {
            all.addAll(asked(name, Adapter.NONE));
            if (found.containsKey(name)) {
                all.addAll(asked(name, found.get(name).scaling()));
            }
        }
        ask("second pass", all);
        List<Findings.Ways> ways = new ArrayList<>();
        for (String name : names) {
            ways.add(new Findings.Ways(
                    name,
                    Answer.accuracy(answers(name, Adapter.NONE)),
                    accuracy(byPrompt, name),
                    accuracy(byClassifier, name),
                    Optional.ofNullable(found.get(name))
                            .map(result -> Answer.accuracy(answers(name, result.scaling())))));
        }
        return ways;
    }

    /** The questions of tasks with what a first pass chose for each. */
    private List<Question> routed(String label, Dispatcher dispatcher, List<String> names) {
        List<Question> routed = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        names.forEach(name -> heldOut.get(name).forEach(example -> texts.add(example.question())));
        List<Choice> choices;
        try (ProgressBar bar = console.progress(label, texts.size())) {
            choices = dispatcher.choose(engine, texts, done -> bar.at(done, "replies"));
        }
        for (String name : names) {
            for (Example example : heldOut.get(name)) {
                routed.add(new Question(
                        tasks.get(name), example, choices.get(routed.size()).adapter()));
            }
        }
        return routed;
    }

    private Accuracy accuracy(List<Question> questions, String name) {
        List<Question> own = questions.stream()
                .filter(question -> question.task() == tasks.get(name))
                .toList();
        return Answer.accuracy(survey.ask(own, (_, _) -> {}));
    }

    private static List<Findings.Mixture> mixtures(Map<String, FewShotResult> found, List<Findings.Ways> ways) {
        List<Findings.Mixture> mixtures = new ArrayList<>();
        for (Findings.Ways way : ways) {
            way.fewShot()
                    .ifPresent(mixed -> mixtures.add(new Findings.Mixture(
                            way.name(), ExpertFolder.CLASSES, found.get(way.name()), way.base(), mixed)));
        }
        return mixtures;
    }

    private static double since(long began) {
        return (System.nanoTime() - began) / 1e9;
    }

    @Override
    public void close() {
        if (engine != null) {
            engine.close();
        }
    }
}
