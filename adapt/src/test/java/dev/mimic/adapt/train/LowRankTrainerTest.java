package dev.mimic.adapt.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.gradient.KlForm;
import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.lora.LowRankSettings;
import dev.mimic.adapt.lora.PeftAdapter;
import dev.mimic.adapt.lora.PeftFolder;
import dev.mimic.adapt.svf.Parametrisation;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LoRA under the same trainer, on a model without factors. */
final class LowRankTrainerTest {
    private static final LowRankSettings RANK_4 = new LowRankSettings(4, 4, 0, "bundled");

    /** Small enough for a step in a few hundredths of a second. */
    private static final TrainingOptions SMALL = TrainingOptions.BUNDLED
            .withSteps(6)
            .withBatch(8)
            .withSamples(2)
            .withLearningRate(5e-3)
            .withValidateEvery(2)
            .withNormalise(true)
            .withDivergence(new Objective(0.1, KlForm.CODE))
            .withLowRank(new LowRankSettings(4, 4, 0.1, "bundled"));

    private static BundledModel model;
    private static Engine engine;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        model = BundledModel.unpack();
        engine = Engine.open(
                model.folder(), EngineOptions.DEFAULTS.withThreads(2).withMaxBatch(64));
    }

    @AfterAll
    static void close() {
        engine.close();
        model.close();
    }

    private static TrainingOutcome run(TrainingOptions options, Path out, TrainingListener listener) {
        TrainingData data = BundledTraining.data("math", 30, 10);
        return new TrainingRun(engine, BundledTraining.task("math"), options, data)
                .run(TrainingFiles.beside(out), listener);
    }

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
        TrainingOutcome outcome;
        try (Trainer trainer = new Trainer(
                engine,
                BundledTraining.task("math"),
                TrainingOptions.BUNDLED
                        .withSteps(10)
                        .withFinalShare(0.775)
                        .withLearningRate(5e-3)
                        .withLowRank(RANK_4),
                BundledTraining.data("math", 400, 100))) {
            outcome = trainer.train(TrainingListener.NONE);
        }
        double before = outcome.base().orElseThrow().share();
        double after = outcome.valid().orElseThrow().share();
        assertTrue(after > before + 0.2, "base " + before + ", after ten steps " + after);
        assertEquals(37_376, outcome.parameters());
        assertThrows(IllegalStateException.class, outcome::expert);
    }

    @Test
    void aResumedTrainingEndsBitForBitLikeAnUninterruptedOneAlsoWithDropout() throws IOException {
        Path whole = folder.resolve("whole");
        Path broken = folder.resolve("broken");
        run(SMALL, whole, TrainingListener.NONE);
        for (int step : new int[] {1, 3, 6}) {
            assertThrows(Broken.class, () -> run(SMALL, broken, breaksAt(step)));
            assertFalse(Files.exists(broken), "an adapter before the end");
        }
        List<Integer> steps = new ArrayList<>();
        run(SMALL, broken, new TrainingListener() {
            @Override
            public void step(TrainingStep done) {
                steps.add(done.step());
            }
        });
        assertEquals(List.of(5, 6), steps);
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(file)), Files.readAllBytes(broken.resolve(file)), file);
        }
    }

    @Test
    void whatIsWrittenIsAPeftFolderThatSaysWhereItComesFrom() throws IOException {
        Path out = folder.resolve("adapter");
        TrainingOutcome outcome = run(SMALL.withSteps(2), out, TrainingListener.NONE);
        PeftAdapter read = PeftFolder.read(out, engine.config(), note -> {
            throw new AssertionError(note);
        });
        assertEquals(37_376, read.parameters());
        assertEquals(28, read.adapter().weights().size());
        assertEquals(engine.fingerprint(), read.origin().get("base"));
        assertEquals("bundled-math", read.origin().get("task"));
        read.adapter().weights().values().forEach(one -> assertEquals(1f, one.scale()));
        var config = Json.readObject(out.resolve("adapter_config.json"));
        assertEquals("bundled", config.text("base_model_name_or_path").orElseThrow());
        assertEquals(0.1, config.number("lora_dropout").orElseThrow());
        assertEquals(7, config.list("target_modules").orElseThrow().size());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    List.of("adapter", "adapter.ckpt", "adapter.jsonl", "adapter.seen"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
        assertTrue(SeenPrompts.read(SeenPrompts.beside(out))
                .contains(BundledModel.examples("math", "train").getFirst()));
        assertEquals(2, outcome.steps());
    }

    @Test
    void aCheckpointOfAnotherMethodOrRankIsNotGoneOnFrom() {
        Path out = folder.resolve("adapter");
        assertThrows(Broken.class, () -> run(SMALL, out, breaksAt(3)));
        String message = assertThrows(
                        InvalidModelException.class,
                        () -> run(SMALL.withLowRank(new LowRankSettings(5, 4, 0.1, "")), out, TrainingListener.NONE))
                .getMessage();
        assertTrue(message.contains("rank is 5, found 4"), message);
    }

    @Test
    void whereAnythingElseStandsItEndsBeforeTraining() throws IOException {
        Path out = Files.writeString(folder.resolve("file"), "x");
        String message = assertThrows(IllegalArgumentException.class, () -> run(SMALL, out, breaksAt(1)))
                .getMessage();
        assertTrue(message.contains("is a file, expected a folder"), message);
    }

    @Test
    void parametrisationsOfScalesAreRefused() {
        String message = assertThrows(
                        IllegalArgumentException.class, () -> SMALL.withParametrisation(Parametrisation.SAKANA))
                .getMessage();
        assertTrue(message.contains("parametrisation is sakana"), message);
    }
}
