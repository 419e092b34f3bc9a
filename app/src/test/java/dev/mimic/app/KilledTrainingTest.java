package dev.mimic.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.train.TrainingLog;
import dev.mimic.adapt.train.TrainingStep;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code mimic train} in a process of its own, killed (SIGKILL) or interrupted (SIGINT) again and again, and resumed. A
 * kill counts as one inside the writing of a checkpoint if the checkpoint's temporary file is still there after death.
 */
final class KilledTrainingTest {
    private static final int KILLS = 20;
    private static final int KILLS_IN_WRITING = 5;
    private static final int MOST_KILLS = 60;
    private static final int LORA_BREAKS = 3;
    private static final int STEPS = 60;
    private static final long SEED = 6;
    private static final long POLL_NANOS = 20_000; // the file is there for about a millisecond
    private static final Pattern RESUMED = Pattern.compile("note: .*resumed after step (\\d+) of");

    /** A small one: twenty JVMs have to come to their first steps. */
    private static final Path MODEL = TestFolders.root().resolve("oracle/models/llama-gqa-f32");

    @TempDir
    private Path folder;

    private final Random random = new Random(SEED);

    @BeforeEach
    void prepare() throws IOException {
        StringBuilder data = new StringBuilder();
        for (int i = 1; i <= 9; i++) {
            data.append("{\"prompt\":\"").append(i).append("\",\"answer\":\"A\"}\n");
        }
        Files.writeString(folder.resolve("data.jsonl"), data);
        Files.writeString(folder.resolve("valid.jsonl"), "{\"prompt\":\"ab\",\"answer\":\"A\"}\n");
        DecomposeOptions all = DecomposeOptions.defaults().withTargets(new Targets("all"));
        try (ModelDirectory directory = ModelDirectory.open(MODEL);
                Decomposer decomposer = Decomposer.open(all, 0)) {
            decomposer.decompose(directory, folder.resolve("factors"), DecompositionListener.NONE);
        }
    }

    private ForkedMimic train(Path out, String... more) throws IOException {
        List<String> all =
                new ArrayList<>(List.of("--factors", folder.resolve("factors").toString()));
        all.addAll(List.of(more));
        return start(out, all);
    }

    private ForkedMimic trainLora(Path out) throws IOException {
        return start(out, List.of("--method", "lora", "--rank", "2", "--dropout", "0.1"));
    }

    /** Training that writes a checkpoint after every step, each of them short. */
    private ForkedMimic start(Path out, List<String> more) throws IOException {
        Files.createDirectories(out.getParent());
        List<String> command = new ArrayList<>(List.of("train", MODEL.toString(), "--task", "jsonl"));
        command.addAll(List.of("--check", "letter", "--targets", "all", "--lr", "2e-2", "--clip", "1"));
        command.addAll(List.of("--data", folder.resolve("data.jsonl").toString()));
        command.addAll(List.of("--valid", folder.resolve("valid.jsonl").toString()));
        command.addAll(List.of("--steps", String.valueOf(STEPS), "--batch", "2", "--max-tokens", "5"));
        command.addAll(List.of("--baseline", "none", "--validate-every", "1", "--out", out.toString()));
        command.addAll(more);
        return ForkedMimic.start(out.getParent(), command);
    }

    private Path expert(String name) {
        return folder.resolve(name).resolve("expert.safetensors");
    }

    private static Path beside(Path out, String end) {
        return out.resolveSibling(out.getFileName() + end);
    }

    @Test
    void killedTwentyTimesItEndsWithTheSameExpert() throws IOException, InterruptedException {
        Path whole = expert("whole");
        try (ForkedMimic mimic = train(whole)) {
            assertEquals(0, mimic.exitCode(), mimic::errors);
        }
        assertItTrained(whole);

        int kills = 0;
        int inWriting = 0;
        int resumed = 0;
        int trainings = 0;
        while (kills < KILLS || (inWriting < KILLS_IN_WRITING && kills < MOST_KILLS)) {
            Path out = expert("killed" + trainings);
            Set<String> before = temporaries(out);
            int stood = checkpointStep(out);
            boolean aimed = kills % 2 == 1 || kills >= KILLS;
            try (ForkedMimic mimic = train(out)) {
                if (aimed) {
                    awaitWriting(mimic, out, before, 1 + random.nextInt(2));
                } else {
                    awaitAnyMoment(mimic, out);
                }
                mimic.kill();
                if (mimic.wasKilled()) {
                    kills++;
                    Set<String> left = temporaries(out);
                    left.removeAll(before);
                    inWriting += left.isEmpty() ? 0 : 1;
                } else {
                    trainings++; // it was faster: it has ended, and the next one begins
                    assertSame(whole, out);
                    assertTrue(trainings < KILLS, "trainings end before they are killed");
                }
                resumed += resumedAfter(mimic) > 0 ? 1 : 0;
                int stands = checkpointStep(out);
                assertTrue(stands >= stood, "the checkpoint fell from step " + stood + " to " + stands);
            }
        }
        Path out = expert("killed" + trainings);
        try (ForkedMimic mimic = train(out)) {
            assertEquals(0, mimic.exitCode(), mimic::errors);
            assertTrue(resumedAfter(mimic) > 0, mimic.errors());
        }
        assertSame(whole, out);
        TestFolders.used(
                "training killed and resumed",
                kills + " kills, " + inWriting + " of them inside the writing of a checkpoint, " + resumed
                        + " resumed runs");
        assertTrue(inWriting >= KILLS_IN_WRITING, inWriting + " of " + kills + " kills hit the writing");
        assertTrue(resumed >= KILLS / 2, resumed + " runs went on from a checkpoint");
        assertEquals(Set.of(), temporaries(out), "leftovers of killed writings");
    }

    @Test
    void aLoraTrainingKilledAndInterruptedEndsWithTheSameAdapter() throws IOException, InterruptedException {
        Path whole = folder.resolve("whole/lora");
        try (ForkedMimic mimic = trainLora(whole)) {
            assertEquals(0, mimic.exitCode(), mimic::errors);
        }
        Path out = folder.resolve("broken/lora");
        for (int i = 0; i < LORA_BREAKS; i++) {
            try (ForkedMimic mimic = trainLora(out)) {
                awaitCheckpoints(mimic, out, 2);
                if (i == 0) {
                    mimic.interrupt();
                    assertEquals(130, mimic.exitCode(), mimic::errors);
                } else {
                    mimic.kill();
                    assertTrue(mimic.wasKilled(), "it had ended before it was killed");
                }
            }
            assertTrue(Files.notExists(out), "an adapter of an unfinished training");
        }
        try (ForkedMimic mimic = trainLora(out)) {
            assertEquals(0, mimic.exitCode(), mimic::errors);
            assertTrue(resumedAfter(mimic) >= LORA_BREAKS, mimic.errors());
        }
        assertLogged(whole);
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(file)), Files.readAllBytes(out.resolve(file)), file);
        }
        assertEquals(timeless(whole), timeless(out));
        assertEquals(Set.of(), temporaries(out), "leftovers of killed writings");
    }

    @Test
    void anInterruptExitsWith130AndIsResumed() throws IOException, InterruptedException {
        Path out = expert("interrupted");
        try (ForkedMimic mimic = train(out)) {
            awaitFirstCheckpoint(mimic, out);
            mimic.interrupt();
            assertEquals(130, mimic.exitCode(), mimic::errors);
        }
        assertTrue(Files.notExists(out), "an expert of an unfinished training");
        try (ForkedMimic other = train(out, "--weight-decay", "0.5")) {
            assertEquals(1, other.exitCode(), other::errors);
            String error = other.errors();
            assertTrue(error.contains("mimic: " + beside(out, ".ckpt")), error);
            assertTrue(error.contains("weight-decay is 0.5, found 0.0"), error);
        }
        try (ForkedMimic mimic = train(out)) {
            assertEquals(0, mimic.exitCode(), mimic::errors);
            assertTrue(resumedAfter(mimic) > 0, mimic.errors());
        }
        assertEquals(STEPS, TrainingLog.read(beside(out, ".jsonl")).size());
    }

    /** Equal experts would say little if nothing had moved, or every step had been the same. */
    private static void assertItTrained(Path out) {
        assertLogged(out);
        Expert.read(out, _ -> {}).vectors().values().forEach(z -> assertNotEquals(1f, z[0]));
    }

    private static void assertLogged(Path out) {
        List<TrainingStep> steps = TrainingLog.read(beside(out, ".jsonl"));
        assertEquals(STEPS, steps.size());
        assertEquals(
                STEPS, steps.stream().map(TrainingStep::gradientNorm).distinct().count());
    }

    private static void assertSame(Path whole, Path out) throws IOException {
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(out));
        assertArrayEquals(Files.readAllBytes(beside(whole, ".seen")), Files.readAllBytes(beside(out, ".seen")));
        assertEquals(timeless(whole), timeless(out));
    }

    /** The lines of a log without what the clock says. */
    private static List<TrainingStep> timeless(Path out) {
        return TrainingLog.read(beside(out, ".jsonl")).stream()
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

    private static int resumedAfter(ForkedMimic mimic) {
        Matcher note = RESUMED.matcher(mimic.errors());
        return note.find() ? Integer.parseInt(note.group(1)) : 0;
    }

    private static void awaitFirstCheckpoint(ForkedMimic mimic, Path out) throws InterruptedException {
        awaitCheckpoints(mimic, out, 1);
        assertTrue(Files.exists(state(out)), mimic::errors);
    }

    private static Path state(Path out) {
        return beside(out, ".ckpt").resolve("state.safetensors");
    }

    /** The step of the checkpoint, which must be whole; 0 if there is none. */
    private static int checkpointStep(Path out) {
        if (Files.notExists(state(out))) {
            return 0;
        }
        try (SafetensorsFile file = SafetensorsFile.open(state(out))) {
            String state = file.metadata().get("state");
            return Json.parseObject(state.getBytes(StandardCharsets.UTF_8), "state")
                    .integer("step")
                    .orElseThrow();
        }
    }

    /** Waits until so many more checkpoints have taken their place. */
    private static void awaitCheckpoints(ForkedMimic mimic, Path out, int n) throws InterruptedException {
        long last = state(out).toFile().lastModified();
        for (int count = 0; count < n && mimic.isAlive(); ) {
            TimeUnit.MILLISECONDS.sleep(1);
            long now = state(out).toFile().lastModified();
            count += now == last ? 0 : 1;
            last = now;
        }
    }

    /** While the JVM starts, or some time after one of the next steps: in units of steps, for machines differ. */
    private void awaitAnyMoment(ForkedMimic mimic, Path out) throws InterruptedException {
        int steps = random.nextInt(4);
        awaitCheckpoints(mimic, out, steps);
        TimeUnit.MICROSECONDS.sleep(random.nextInt(steps == 0 ? 1_000_000 : 50_000));
    }

    /** Comes back while a checkpoint's temporary file is there: the n-th that is seen. */
    private static void awaitWriting(ForkedMimic mimic, Path out, Set<String> before, int n) {
        Set<String> seen = new HashSet<>(before);
        for (int count = 0; count < n && mimic.isAlive(); ) {
            LockSupport.parkNanos(POLL_NANOS);
            count += seen.addAll(temporaries(out)) ? 1 : 0;
        }
    }

    private static Set<String> temporaries(Path out) {
        String[] names = beside(out, ".ckpt").toFile().list();
        Set<String> temporaries = new HashSet<>(names == null ? List.of() : Arrays.asList(names));
        temporaries.removeIf(name -> !name.endsWith(".tmp"));
        return temporaries;
    }
}
