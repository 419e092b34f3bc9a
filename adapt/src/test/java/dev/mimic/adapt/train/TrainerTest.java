package dev.mimic.adapt.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.gradient.KlForm;
import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.gradient.TrainedParameters;
import dev.mimic.adapt.svf.Parametrisation;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.SeededCases;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrainerTest {
    /** Small enough for a step in a few hundredths of a second. */
    private static final TrainingOptions SMALL = TrainingOptions.BUNDLED
            .withSteps(6)
            .withBatch(8)
            .withSamples(2)
            .withValidateEvery(2)
            .withNormalise(true)
            .withDivergence(new Objective(0.1, KlForm.PAPER));

    private static BundledTraining bundled;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        bundled = new BundledTraining();
    }

    @AfterAll
    static void close() {
        bundled.close();
    }

    private TrainingOutcome run(TrainingOptions options, Path out, TrainingListener listener) {
        TrainingData data = BundledTraining.data("math", 30, 10);
        return new TrainingRun(bundled.engine, BundledTraining.task("math"), options, data)
                .run(TrainingFiles.beside(out), listener);
    }

    /** Stops training as a kill would: before the step is in a checkpoint. */
    private static TrainingListener breaksAt(int step) {
        return new TrainingListener() {
            @Override
            public void step(TrainingStep done) {
                if (done.step() == step) {
                    throw new Broken();
                }
            }
        };
    }

    private static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @Test
    void tenStepsRaiseTheBundledModelsAccuracyInMath() {
        List<TrainingStep> steps = new ArrayList<>();
        TrainingOutcome outcome;
        try (Trainer trainer = new Trainer(
                bundled.engine,
                BundledTraining.task("math"),
                // the rates of the first ten of the forty steps that an expert takes
                TrainingOptions.BUNDLED.withSteps(10).withFinalShare(0.775),
                BundledTraining.data("math", 400, 100))) {
            outcome = trainer.train(new TrainingListener() {
                @Override
                public void step(TrainingStep step) {
                    steps.add(step);
                }
            });
        }
        double before = outcome.base().orElseThrow().share();
        double after = outcome.valid().orElseThrow().share();
        assertTrue(before > 0.3 && before < 0.6, "base " + before);
        assertTrue(after > before + 0.3, "base " + before + ", after ten steps " + after);
        assertEquals(10, steps.size());
        assertEquals(3072, outcome.parameters());
        assertTrue(reward(steps.subList(7, 10)) > reward(steps.subList(0, 3)));
        assertEquals(2e-2, steps.get(0).learningRate());
        assertTrue(steps.get(4).valid().isPresent() && steps.get(3).valid().isEmpty());
    }

    private static double reward(List<TrainingStep> steps) {
        return steps.stream().mapToDouble(TrainingStep::reward).average().orElseThrow();
    }

    @Test
    void nothingIsRecordedWhereStopTokensAreNotLearnedFrom() {
        for (boolean stopToken : new boolean[] {true, false}) {
            try (ScalingTrainee trainee = new ScalingTrainee(bundled.engine, SMALL.withStopToken(stopToken))) {
                TrainedParameters parameters = trainee.parameters();
                Adapter adapter = parameters.adapter(parameters.initial(SeededCases.generator(1)));
                List<GenerationRequest> requests = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    requests.add(GenerationRequest.ofIds(5 + i, 6, 7)
                            .withSampling(SamplingOptions.GREEDY.withLogprobs(8))
                            .withMaxTokens(8));
                }
                List<GenerationRequest> adapted =
                        requests.stream().map(one -> one.withAdapter(adapter)).toList();
                // what is recorded adds up in the order of prompts, which shows in the last bits
                assertEquals(
                        !stopToken,
                        logprobs(bundled.engine.generateAll(adapted))
                                .equals(logprobs(trainee.generate(adapter, requests))));
            }
        }
    }

    private static List<List<GenerationResult.TokenLogprob>> logprobs(List<GenerationResult> results) {
        return results.stream().map(GenerationResult::logprobs).toList();
    }

    @Test
    void aResumedTrainingEndsBitForBitLikeAnUninterruptedOne() throws IOException {
        for (Parametrisation parametrisation : Parametrisation.values()) {
            TrainingOptions options = SMALL.withParametrisation(parametrisation).withTargets(new Targets("mlp"));
            Path whole = folder.resolve("whole-" + parametrisation);
            Path broken = folder.resolve("broken-" + parametrisation);
            run(options, whole, TrainingListener.NONE);
            for (int step : new int[] {1, 3, 4, 6}) {
                assertThrows(Broken.class, () -> run(options, broken, breaksAt(step)));
                assertFalse(Files.exists(broken), "an expert before the end");
                // a line that the kill cut short
                Files.writeString(
                        TrainingFiles.beside(broken).log(),
                        "{\"step\":9",
                        StandardCharsets.UTF_8,
                        StandardOpenOption.APPEND);
            }
            int[] resumed = new int[1];
            run(options, broken, new TrainingListener() {
                @Override
                public void started(int parameters, int done, int steps) {
                    resumed[0] = done;
                }
            });
            assertEquals(4, resumed[0]);
            assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(broken));
            assertEquals(timeless(whole), timeless(broken));
        }
    }

    /** The lines of a log without what the clock says. */
    private static List<TrainingStep> timeless(Path out) {
        return TrainingLog.read(TrainingFiles.beside(out).log()).stream()
                .map(s -> new TrainingStep(
                        s.step(),
                        s.learningRate(),
                        s.reward(),
                        s.accuracy(),
                        s.loss(),
                        s.divergence(),
                        s.gradientNorm(),
                        s.tokens(),
                        0,
                        0,
                        s.valid()))
                .toList();
    }

    @Test
    void aFinishedTrainingIsNotDoneAgainAndOtherSettingsBeginAnew() throws IOException {
        Path out = folder.resolve("expert");
        run(SMALL, out, TrainingListener.NONE);
        byte[] first = Files.readAllBytes(out);
        run(SMALL, out, breaksAt(1)); // no step is taken
        assertArrayEquals(first, Files.readAllBytes(out));
        run(SMALL.withSeed(2), out, TrainingListener.NONE);
        assertFalse(java.util.Arrays.equals(first, Files.readAllBytes(out)));
    }

    @Test
    void anUnfinishedTrainingOfOtherSettingsIsNotWrittenOver() {
        Path out = folder.resolve("expert");
        assertThrows(Broken.class, () -> run(SMALL, out, breaksAt(3)));
        InvalidModelException refused = assertThrows(
                InvalidModelException.class, () -> run(SMALL.withLearningRate(1e-3), out, TrainingListener.NONE));
        assertTrue(refused.getMessage().contains("lr is 0.001, found 0.02"), refused.getMessage());
    }

    @Test
    void theExpertSaysWhereItComesFromAndWhatItHasSeen() {
        Path out = folder.resolve("expert");
        TrainingOutcome outcome = run(SMALL.withSteps(2), out, TrainingListener.NONE);
        try (SafetensorsFile file = SafetensorsFile.open(out)) {
            assertEquals("plain", file.metadata().get("parametrisation"));
            assertEquals(bundled.engine.fingerprint(), file.metadata().get("base"));
            assertEquals("bundled-math", file.metadata().get("task"));
            assertEquals("all", file.metadata().get("targets"));
            assertEquals(28, file.tensors().size());
        }
        assertEquals(2, outcome.steps());
        SeenPrompts seen = SeenPrompts.read(SeenPrompts.beside(out));
        assertTrue(seen.contains(BundledModel.examples("math", "train").getFirst()));
        assertTrue(seen.contains(BundledModel.examples("math", "valid").getFirst()));
        assertFalse(seen.contains(BundledModel.examples("math", "test").getFirst()));
    }

    @Test
    void dataAndValidationThatShareAPromptAreRefusedNamingBoth() {
        var rows = BundledModel.examples("math", "train");
        InvalidModelException refused = assertThrows(
                InvalidModelException.class,
                () -> new TrainingData(Path.of("a.jsonl"), rows, Path.of("b.jsonl"), rows.subList(3, 4)));
        assertTrue(
                refused.getMessage().contains("a.jsonl") && refused.getMessage().contains("b.jsonl"));
    }

    @Test
    void validationRowsChooseTheStepAndTeachNothing() {
        TrainingData some = BundledTraining.data("math", 30, 10);
        TrainingData others = new TrainingData(
                some.file(),
                some.train(),
                some.validFile(),
                BundledModel.examples("math", "valid").subList(50, 53));
        List<Map<String, float[]>> trained = new ArrayList<>();
        for (TrainingData data : List.of(some, others)) {
            // validated once, at the end: there is no step to choose
            try (Trainer trainer = new Trainer(
                    bundled.engine,
                    BundledTraining.task("math"),
                    SMALL.withSteps(5).withValidateEvery(5),
                    data)) {
                trained.add(trainer.train(TrainingListener.NONE).expert().vectors());
            }
        }
        assertEquals(trained.get(0).keySet(), trained.get(1).keySet());
        trained.get(0).forEach((name, z) -> assertArrayEquals(z, trained.get(1).get(name), name));
    }

    @Test
    void trainingStopsWhenPatienceIsOut() {
        // a rate too small to change any reply: no validation is better than the first
        TrainingOptions options =
                SMALL.withLearningRate(1e-12).withSteps(20).withValidateEvery(1).withPatience(3);
        TrainingOutcome outcome = run(options, folder.resolve("expert"), TrainingListener.NONE);
        assertEquals(4, outcome.steps());
        assertEquals(4, outcome.step(), "the latest of equals is taken");
    }

    @Test
    void withoutValidationTheLastStepIsTaken() {
        try (Trainer trainer = new Trainer(
                bundled.engine,
                BundledTraining.task("math"),
                SMALL.withSteps(3),
                BundledTraining.data("math", 30, 0))) {
            TrainingOutcome outcome = trainer.train(TrainingListener.NONE);
            assertEquals(3, outcome.step());
            assertTrue(outcome.valid().isEmpty());
        }
    }

    @Test
    void nextTokenTrainingMakesGivenRepliesLikelier() {
        List<Double> losses = new ArrayList<>();
        TrainingOptions options =
                SMALL.withGoal(Goal.NEXT_TOKEN).withSteps(10).withBatch(30).withSamples(1);
        try (Trainer trainer = new Trainer(
                bundled.engine, BundledTraining.task("reasoning"), options, BundledTraining.data("reasoning", 30, 0))) {
            trainer.train(new TrainingListener() {
                @Override
                public void step(TrainingStep step) {
                    losses.add(step.loss());
                }
            });
        }
        assertTrue(losses.getLast() < 0.8 * losses.getFirst(), losses.toString());
    }

    @Test
    void factorsThatLackATargetAreRefused() {
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> new Trainer(
                        bundled.engine,
                        BundledTraining.task("math"),
                        SMALL.withTargets(new Targets("*.nothing")),
                        BundledTraining.data("math", 5, 0)));
        assertTrue(refused.getMessage().contains("*.nothing"), refused.getMessage());
    }
}
