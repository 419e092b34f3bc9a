package dev.mimic.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.adapt.train.TrainingLog;
import dev.mimic.adapt.train.TrainingStep;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** train as scripts use it: a few steps on the bundled model, its files, its leaks refused. Killed: KilledTrainingTest. */
final class TrainCommandTest {
    private static final int TRAIN = 24;
    private static final int VALID = 10;
    private static final int STEPS = 5;

    @TempDir
    private static Path folder;

    private static Path data;
    private static Path valid;
    private static Path expert;
    private static Outcome trained;

    @BeforeAll
    static void train() throws IOException {
        data = rows("data.jsonl", BundledModel.examples("math", "train").subList(0, TRAIN), false);
        valid = rows("valid.jsonl", BundledModel.examples("math", "valid").subList(0, VALID), false);
        expert = folder.resolve("expert.safetensors");
        trained = Outcome.ok(onFiles(expert));
    }

    /** Rows as a file; if spaced, with other white space in their prompts, which makes them no other prompts. */
    private static Path rows(String name, List<Example> examples, boolean spaced) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Example example : examples) {
            Map<String, Object> record = new LinkedHashMap<>(example.record().asMap());
            if (spaced) {
                record.put("prompt", " " + example.prompt().replace(" ", "  ") + "\n");
            }
            lines.append(Json.write(record)).append('\n');
        }
        return Files.writeString(folder.resolve(name), lines);
    }

    private static String[] command(Path out, String... more) {
        List<String> args = new ArrayList<>(List.of("train", "bundled", "--out", out.toString(), "--json"));
        args.addAll(List.of("--validate-every", "2"));
        if (!List.of(more).contains("--steps")) {
            args.addAll(List.of("--steps", String.valueOf(STEPS)));
        }
        if (!List.of(more).contains("--batch")) {
            args.addAll(List.of("--batch", "8"));
        }
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }

    private static String[] onFiles(Path out, String... more) {
        List<String> args = new ArrayList<>(List.of("--task", "bundled-math"));
        args.addAll(List.of("--data", data.toString(), "--valid", valid.toString()));
        args.addAll(List.of(more));
        return command(out, args.toArray(String[]::new));
    }

    private static Path beside(Path out, String end) {
        return out.resolveSibling(out.getFileName() + end);
    }

    @Test
    void anExpertThatIsNoBetterThanTheBaseIsSaidToBe() {
        Outcome better = Outcome.ok(command(
                folder.resolve("better.safetensors"), "--task", "bundled-math", "--steps", "10", "--batch", "32"));
        assertTrue(share(better, "valid") > share(better, "base"));
        assertFalse(better.err().contains("no better than the base"), better.err());
        Outcome ruined = Outcome.ok(onFiles(folder.resolve("ruined.safetensors"), "--lr", "50"));
        assertTrue(share(ruined, "valid") <= share(ruined, "base"));
        assertTrue(
                ruined.err()
                        .lines()
                        .anyMatch(line -> line.startsWith("note: ")
                                && line.contains(
                                        "ruined.safetensors: on the validation rows no better than the base model")),
                ruined.err());
    }

    private static double share(Outcome outcome, String of) {
        return outcome.json().object(of).orElseThrow().number("accuracy").orElseThrow();
    }

    private static List<TrainingStep> log(Path out) {
        return TrainingLog.read(beside(out, ".jsonl"));
    }

    @Test
    void writesAnExpertALogACurveTheSeenPromptsAndACheckpoint() throws IOException {
        Expert read = Expert.read(expert, _ -> {});
        assertEquals(28, read.vectors().size());
        assertEquals("bundled-math", read.origin().get("task"));
        assertEquals(
                List.of(1, 2, 3, 4, 5),
                log(expert).stream().map(TrainingStep::step).toList());
        assertEquals(
                List.of(2, 4, 5),
                log(expert).stream()
                        .filter(step -> step.valid().isPresent())
                        .map(TrainingStep::step)
                        .toList());
        BufferedImage curve = ImageIO.read(beside(expert, ".png").toFile());
        assertTrue(curve.getWidth() >= 400 && curve.getHeight() >= 200, curve.toString());
        Set<Integer> colours = new HashSet<>();
        for (int x = 0; x < curve.getWidth(); x++) {
            colours.add(curve.getRGB(x, curve.getHeight() / 2));
        }
        assertTrue(colours.size() > 1, "an empty picture");
        assertEquals(TRAIN + VALID, SeenPrompts.read(beside(expert, ".seen")).size());
        assertTrue(Files.exists(beside(expert, ".ckpt").resolve("state.safetensors")));
    }

    @Test
    void reportsItselfAsJson() {
        JsonObject report = trained.json();
        assertEquals("bundled-math", report.text("task").orElseThrow());
        assertEquals(expert.toString(), report.text("out").orElseThrow());
        assertEquals(3072, report.integer("parameters").orElseThrow());
        assertEquals(STEPS, report.integer("steps").orElseThrow());
        assertTrue(List.of(2, 4, 5).contains(report.integer("step").orElseThrow()));
        assertTrue(report.number("seconds").orElseThrow() > 0);
        for (String name : List.of("base", "valid")) {
            JsonObject accuracy = report.object(name).orElseThrow();
            assertEquals(VALID, accuracy.integer("examples").orElseThrow());
            List<Object> interval = accuracy.list("interval").orElseThrow();
            double share = accuracy.number("accuracy").orElseThrow();
            assertTrue((Double) interval.get(0) <= share && share <= (Double) interval.get(1));
        }
    }

    @Test
    void aFinishedTrainingIsNotDoneAgain() throws IOException {
        byte[] before = Files.readAllBytes(expert);
        Outcome again = Outcome.ok(onFiles(expert));
        assertTrue(again.err().contains("note: "), again.err());
        assertTrue(again.err().contains("note: replaces " + expert + "\n"), again.err());
        assertFalse(trained.err().contains("replaces"), trained.err());
        assertTrue(again.err().contains("expert.safetensors.ckpt: resumed after step 5 of 5"), again.err());
        assertArrayEquals(before, Files.readAllBytes(expert));
        assertEquals(STEPS, log(expert).size());
    }

    @Test
    void dataAndValidThatShareAPromptAreRefusedNamingBothFiles() throws IOException {
        Path shared =
                rows("shared.jsonl", BundledModel.examples("math", "train").subList(20, 21), true);
        Path out = folder.resolve("leak.safetensors");
        String[] args = {
            "train", "bundled", "--task", "bundled-math", "--data", data.toString(), "--valid", shared.toString()
        };
        Outcome.refused(1, List.of(data.toString(), shared.toString()), with(args, "--out", out.toString()));
        // the jar's own rows against a file
        String[] own = {"train", "bundled", "--task", "bundled-math", "--valid", shared.toString()};
        Outcome.refused(1, List.of("math.train.jsonl", shared.toString()), with(own, "--out", out.toString()));
        try (var files = Files.list(folder)) {
            assertFalse(files.anyMatch(file -> file.getFileName().toString().startsWith("leak.")));
        }
    }

    @Test
    void whatTrainingAndSelectionSawCannotBeReportedOn() throws IOException {
        for (Path seen : List.of(data, valid)) {
            String[] eval = {"eval", "bundled", "--task", "bundled-math", "--data", seen.toString()};
            Outcome.refused(
                    1, List.of(seen.toString(), "expert.safetensors.seen"), with(eval, "--expert", expert.toString()));
        }
        String[] adapt = {"adapt", "bundled", "--task", "bundled-math", "--shots", valid.toString()};
        Path mix = folder.resolve("mix.safetensors");
        Outcome.refused(
                1,
                List.of(valid.toString(), "expert.safetensors.seen"),
                with(adapt, "--expert", expert.toString(), "--out", mix.toString()));
        // a mixture passes on what its experts saw, in other white space too
        Path shots = rows("shots.jsonl", BundledModel.examples("math", "train").subList(100, 104), false);
        String[] search = {"adapt", "bundled", "--task", "bundled-math", "--shots", shots.toString()};
        Outcome.ok(with(
                search,
                "--expert",
                expert.toString(),
                "--generations",
                "1",
                "--population",
                "4",
                "--out",
                mix.toString()));
        Path spaced =
                rows("spaced.jsonl", BundledModel.examples("math", "train").subList(3, 4), true);
        for (Path seen : List.of(spaced, shots)) {
            String[] eval = {"eval", "bundled", "--task", "bundled-math", "--data", seen.toString()};
            Outcome.refused(
                    1, List.of(seen.toString(), "mix.safetensors.seen"), with(eval, "--expert", mix.toString()));
        }
    }

    @Test
    void withoutValidTheLastStepIsTaken() {
        Path out = folder.resolve("blind.safetensors");
        Outcome outcome = Outcome.ok(command(out, "--task", "jsonl", "--check", "number", "--data", data.toString()));
        assertTrue(outcome.err().contains("note: no --valid"), outcome.err());
        assertEquals(STEPS, outcome.json().integer("step").orElseThrow());
        assertTrue(outcome.json().object("base").isEmpty());
        assertTrue(outcome.json().object("valid").isEmpty());
        assertEquals(TRAIN, SeenPrompts.read(beside(out, ".seen")).size());
    }

    @Test
    void nextTokenTrainingLearnsGivenRepliesWithoutRewards() {
        Path out = folder.resolve("given.safetensors");
        Outcome.ok(onFiles(out, "--objective", "next-token", "--batch", String.valueOf(TRAIN), "--seed", "2"));
        List<TrainingStep> steps = log(out);
        assertTrue(steps.getLast().loss() < steps.getFirst().loss(), steps.toString());
        assertTrue(Double.isNaN(steps.getFirst().reward()));
        assertEquals("next-token", Expert.read(out, _ -> {}).origin().get("objective"));
    }

    @Test
    void theAuthorsParametrisationGivesAnExpertOfPlainScales() {
        Path out = folder.resolve("sakana.safetensors");
        Outcome outcome = Outcome.ok(onFiles(out, "--parametrisation", "sakana", "--targets", "mlp"));
        assertEquals(1536, outcome.json().integer("parameters").orElseThrow());
        Expert read = Expert.read(out, _ -> {});
        assertEquals("plain", read.parametrisation().text());
        assertEquals("sakana", read.origin().get("trained"));
        assertEquals(12, read.vectors().size());
        read.vectors().values().forEach(z -> assertNotEquals(1f, z[0]));
    }

    @Test
    void everyFormOfDivergenceIsMeasuredItsOwnWay() {
        Set<Double> divergences = new HashSet<>();
        for (String form : List.of("code", "paper", "k3")) {
            Path out = folder.resolve(form + ".safetensors");
            Outcome.ok(onFiles(out, "--kl", form, "--kl-weight", "0.2"));
            List<TrainingStep> steps = log(out);
            assertEquals(0, steps.getFirst().divergence(), 1e-4, form); // z begins at 1, where the base is
            assertTrue(steps.getLast().divergence() > 1e-4, form + ": " + steps);
            divergences.add(steps.getLast().divergence());
        }
        assertEquals(3, divergences.size(), divergences.toString());
        assertTrue(Double.isNaN(log(expert).getLast().divergence()), "not asked for");
    }

    @Test
    void theAuthorsParametrisationIsForMlpMatrices() {
        Path out = folder.resolve("none.safetensors");
        String[] sakana = {"--parametrisation", "sakana", "--targets"};
        Outcome.refused(
                1, List.of("sakana", "mlp", "model.layers.0.self_attn.q_proj"), onFiles(out, with(sakana, "*proj*")));
        Outcome bare =
                Outcome.ok(onFiles(folder.resolve("bare.safetensors"), "--parametrisation", "sakana", "--steps", "1"));
        assertEquals(1536, bare.json().integer("parameters").orElseThrow());
    }

    @Test
    void oneStepIsNoSteps() {
        Path out = folder.resolve("one.safetensors");
        List<String> args = new ArrayList<>(List.of(onFiles(out, "--steps", "1")));
        args.remove("--json");
        String text = Outcome.ok(args.toArray(String[]::new)).out();
        assertTrue(text.contains(" trained in 1 step, "), text);
    }

    @Test
    void anOutThatCannotBeWrittenIsSaidBeforeTheFirstStep() {
        Path out = folder.resolve("nowhere/expert.safetensors");
        Outcome.refused(1, List.of("nowhere"), onFiles(out));
        assertFalse(Files.exists(beside(out, ".ckpt").resolve("state.safetensors")));
    }

    @Test
    void wordsThatNoOptionKnowsAreUsageErrors() {
        Path out = folder.resolve("never.safetensors");
        Outcome.refused(2, List.of("--kl", "k4"), onFiles(out, "--kl", "k4"));
        Outcome.refused(2, List.of("--parametrisation", "other"), onFiles(out, "--parametrisation", "other"));
        Outcome.refused(2, List.of("--baseline", "median"), onFiles(out, "--baseline", "median"));
        Outcome.refused(2, List.of("--data"), command(out, "--task", "jsonl", "--check", "number"));
        Outcome.refused(2, List.of("--task"), command(out));
    }

    private static String[] with(String[] args, String... more) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
