package dev.mimic.app.demo;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.adapt.dispatch.DispatchPrompt;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.evaluation.Question;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.MatrixReport;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.train.Trainer;
import dev.mimic.adapt.train.TrainingData;
import dev.mimic.adapt.train.TrainingListener;
import dev.mimic.adapt.train.TrainingOutcome;
import dev.mimic.adapt.train.TrainingStep;
import dev.mimic.app.terminal.Console;
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
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The demo's work on the bundled model: what is trained, asked and searched, and how long it takes. */
final class Demonstration implements AutoCloseable {
    /** Variants of the skills that no expert was trained on. */
    private static final List<String> UNSEEN = List.of("math3", "code2", "chain", "mixed");

    private static final int BATCH = 64;

    private final Console console;
    private final BundledModel bundled;
    private final EngineOptions options;
    private final DemoSettings settings;
    private final Consumer<String> text;
    private final long start = System.nanoTime();
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final Map<String, Adapter> adapters = new LinkedHashMap<>();
    private Engine engine;
    private HeldOut heldOut;

    /**
     * Prepares.
     *
     * @param console for progress
     * @param bundled borrowed
     * @param options threads and device
     * @param text hears the report as it comes, by paragraphs
     */
    Demonstration(
            Console console,
            BundledModel bundled,
            EngineOptions options,
            DemoSettings settings,
            Consumer<String> text) {
        this.console = console;
        this.bundled = bundled;
        this.options = options;
        this.settings = settings;
        this.text = text;
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
        long asked = System.nanoTime();
        List<Findings.Skill> skills = skills(trainings);
        seconds.put("skills", since(asked));
        text.accept(DemoText.examples(skills));
        text.accept(DemoText.skills(skills));
        VariantSearch search = new VariantSearch(console, engine, mixtures(trainings), settings.search());
        long searched = System.nanoTime();
        Map<String, FewShotResult> found = search.run(UNSEEN);
        seconds.put("search", since(searched));
        long routed = System.nanoTime();
        List<Findings.Ways> ways = ways(found);
        seconds.put("ways", since(routed));
        List<Findings.Mixture> mixtures = mixtures(found, ways);
        text.accept(DemoText.mixtures(mixtures, settings.search(), search.replies()));
        text.accept(DemoText.ways(ways));
        text.accept(DemoText.limits(settings.training().seed()));
        seconds.put("total", since(start));
        text.accept(DemoText.seconds(seconds));
        return new Findings(skills, ways, mixtures, seconds);
    }

    private Findings.Opened open() {
        options.placement().requireUsable(); // what cannot be had is said before the work
        Path factors = bundled.scratch("factors");
        DecomposeOptions all = DecomposeOptions.defaults().withTargets(new Targets("all"));
        long began = System.nanoTime();
        List<MatrixReport> matrices;
        long numbers = 0;
        try (ModelDirectory directory = ModelDirectory.open(bundled.folder());
                Decomposer decomposer = Decomposer.open(all, options.threads())) {
            for (String name : directory.tensorNames()) {
                numbers += directory.tensor(name).orElseThrow().elements();
            }
            matrices = console.progress(
                    "decompose",
                    1,
                    bar -> decomposer.decompose(directory, factors, new DecompositionListener() {
                        @Override
                        public void started(String weight, int index, int count) {
                            bar.at(0, weight);
                        }
                    }));
        }
        seconds.put("decompose", since(began));
        engine = Engine.open(bundled.folder(), options.withMaxBatch(BATCH).withFactors(factors));
        seconds.put("load", engine.loadSeconds());
        List<String> tasks =
                Stream.concat(BundledModel.EXPERTS.stream(), UNSEEN.stream()).toList();
        heldOut = new HeldOut(console, engine, tasks, settings.questions());
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
        try (Trainer trainer = new Trainer(engine, heldOut.task(skill), settings.training(), data)) {
            int all = settings.training().steps();
            outcome = console.progress(
                    "train " + skill,
                    all,
                    bar -> trainer.train(new TrainingListener() {
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
                                            Locale.ROOT,
                                            "reward %+.2f, right %.0f %%",
                                            step.reward(),
                                            100 * step.accuracy()));
                        }
                    }));
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
            questions.addAll(heldOut.all(training.name(), Adapter.NONE));
            questions.addAll(heldOut.all(training.name(), adapters.get(training.name())));
        }
        heldOut.ask("held-out questions", questions);
        return trainings.stream()
                .map(training -> new Findings.Skill(
                        training,
                        heldOut.answers(training.name(), Adapter.NONE),
                        heldOut.answers(training.name(), adapters.get(training.name()))))
                .toList();
    }

    /** The mixtures of the experts that answer questions. */
    private MixtureSpace mixtures(List<Findings.Training> trainings) {
        List<Expert> experts = trainings.stream()
                .filter(training -> ExpertFolder.CLASSES.contains(training.name()))
                .map(training -> training.outcome().expert())
                .toList();
        return new MixtureSpace(ExpertMixture.Mode.DELTA, experts, factors(), false);
    }

    /** Every way of adapting on every task but dispatch: first passes in a batch for each way, second passes in one. */
    private List<Findings.Ways> ways(Map<String, FewShotResult> found) {
        List<String> names =
                Stream.concat(ExpertFolder.CLASSES.stream(), UNSEEN.stream()).toList();
        DispatchPrompt prompt = new DispatchPrompt(
                BundledModel.dispatchPrompt(), heldOut.task("dispatch").replyLimit());
        Map<String, Adapter> experts = new LinkedHashMap<>(adapters);
        Adapter classifier = experts.remove(ExpertFolder.CLASSIFIER);
        List<Question> byPrompt = routed("first pass, prompt", new Dispatcher.Prompt(prompt, experts), names);
        List<Question> byClassifier =
                routed("first pass, classifier", new Dispatcher.Classifier(prompt, classifier, experts), names);
        List<Question> all = new ArrayList<>(byPrompt);
        all.addAll(byClassifier);
        for (String name : names) {
            all.addAll(heldOut.all(name, Adapter.NONE));
            if (found.containsKey(name)) {
                all.addAll(heldOut.all(name, found.get(name).scaling()));
            }
        }
        heldOut.ask("second pass", all);
        return names.stream()
                .map(name -> new Findings.Ways(
                        name,
                        heldOut.accuracy(name, Adapter.NONE),
                        heldOut.accuracy(name, byPrompt),
                        heldOut.accuracy(name, byClassifier),
                        Optional.ofNullable(found.get(name)).map(result -> heldOut.accuracy(name, result.scaling()))))
                .toList();
    }

    /** The questions of tasks with what a first pass chose for each. */
    private List<Question> routed(String label, Dispatcher dispatcher, List<String> names) {
        List<String> texts = names.stream()
                .flatMap(name -> heldOut.questions(name).stream())
                .map(Example::question)
                .toList();
        List<Choice> choices = console.progress(
                label, texts.size(), bar -> dispatcher.choose(engine, texts, done -> bar.at(done, "replies")));
        List<Question> routed = new ArrayList<>();
        for (String name : names) {
            for (Example example : heldOut.questions(name)) {
                routed.add(new Question(
                        heldOut.task(name), example, choices.get(routed.size()).adapter()));
            }
        }
        return routed;
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
