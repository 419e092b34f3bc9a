package dev.mimic.app.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.app.command.CommandRunner;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.DeviceListener;
import dev.mimic.engine.EngineOptions;
import dev.mimic.kernels.backend.Device;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.testkit.ShimLibraries;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo at a small size: that everything is there, not that it is any good. */
final class DemoTest {
    private static final int QUESTIONS = 6;
    private static final DemoSettings SMALL = new DemoSettings(
                    TrainingOptions.BUNDLED.withSteps(2).withBatch(8),
                    FewShotSettings.BUNDLED.withGenerations(1).withPopulation(4),
                    QUESTIONS)
            .withSeed(1);

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = new Console(
            InputStream.nullInputStream(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);

    private void run(Path to, boolean json) {
        run(to, json, EngineOptions.DEFAULTS);
    }

    private void run(Path to, boolean json, EngineOptions options) {
        try (BundledModel bundled = BundledModel.unpack()) {
            new Demo(console, bundled, options.withThreads(2), SMALL).run(DemoFolder.at(to), json);
        }
    }

    @Test
    void theWholeLoopRunsOnADevice() {
        ShimLibraries shim = ShimLibraries.fresh();
        List<Long> uploads = new ArrayList<>();
        DeviceListener listener = new DeviceListener() {
            @Override
            public void uploaded(long bytes, long total) {
                if (bytes == total) {
                    uploads.add(total);
                }
            }

            @Override
            public void note(String text) {}
        };
        try (ShimLibraries.InUse _ = shim.use()) {
            run(folder.resolve("there"), true, EngineOptions.DEFAULTS.withDevice(Device.cuda(0), listener));
        }
        assertEquals(1, uploads.size(), "the model is copied once");
        assertTrue(shim.products() > 0);
        shim.assertClean();
        JsonObject report = Json.parseObject(printed().getBytes(StandardCharsets.UTF_8), "stdout");
        assertEquals(Set.of("skills", "dispatch", "few_shot", "seconds"), report.names());
    }

    private String printed() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void jsonIsOneObjectAndNothingElse() throws IOException {
        Path to = folder.resolve("new/folder");
        run(to, true);
        assertEquals(1, printed().lines().count());
        JsonObject report = Json.parseObject(printed().getBytes(StandardCharsets.UTF_8), "stdout");
        assertEquals(Set.of("skills", "dispatch", "few_shot", "seconds"), report.names());
        List<JsonObject> skills = report.objects("skills").orElseThrow();
        assertEquals(BundledModel.EXPERTS.size(), skills.size());
        for (int i = 0; i < skills.size(); i++) {
            JsonObject skill = skills.get(i);
            assertEquals(BundledModel.EXPERTS.get(i), skill.text("name").orElseThrow());
            assertEquals(QUESTIONS, skill.integer("examples").orElseThrow());
            double adapted = skill.number("adapted").orElseThrow();
            List<?> interval = skill.list("interval").orElseThrow();
            assertTrue((double) interval.get(0) <= adapted && adapted <= (double) interval.get(1));
            assertTrue(skill.number("base").orElseThrow() < 1);
        }
        assertEquals(4, report.list("few_shot").orElseThrow().size());
        assertEquals(
                7,
                report.object("dispatch")
                        .orElseThrow()
                        .list("tasks")
                        .orElseThrow()
                        .size());
        assertTrue(report.object("seconds").orElseThrow().number("total").orElseThrow() > 0);
        assertEquals(
                report.asMap(),
                Json.parseObject(Files.readAllBytes(to.resolve("demo.json")), "file")
                        .asMap());
        assertTrue(err.toString(StandardCharsets.UTF_8).contains(to.toString()));
    }

    @Test
    void reportPicturesAndExpertsLieInTheFolderItNames() throws IOException {
        Files.writeString(folder.resolve("mine.txt"), "mine");
        run(folder, false);
        assertTrue(printed().contains("are in " + folder));
        assertTrue(printed().startsWith(Files.readString(folder.resolve("demo.txt"))));
        Files.readString(folder.resolve("demo.txt")).lines().forEach(line -> assertTrue(line.length() <= 79, line));
        for (String png : List.of("learning-curves.png", "before-after.png", "mixtures.png")) {
            assertNotNull(ImageIO.read(folder.resolve(png).toFile()), png);
        }
        for (String name : BundledModel.EXPERTS) {
            Path file = folder.resolve("expert-" + name + ".safetensors");
            assertEquals(28, Expert.read(file, _ -> {}).vectors().size());
            SeenPrompts seen = SeenPrompts.read(SeenPrompts.beside(file));
            assertTrue(BundledModel.examples(name, "train").stream().allMatch(seen::contains));
            assertTrue(BundledModel.examples(name, "test").stream().noneMatch(seen::contains));
        }
        assertEquals("mine", Files.readString(folder.resolve("mine.txt")));
    }

    @Test
    void nothingIsOverwritten() throws IOException {
        Path picture = Files.writeString(folder.resolve("mixtures.png"), "mine");
        refused("exists already: " + picture, folder);
        assertEquals("mine", Files.readString(picture));
        try (var files = Files.list(folder)) {
            assertEquals(1, files.count());
        }
        refused("not a folder: " + picture, picture);
    }

    @Test
    void aFolderThatCannotBeMadeIsRefusedBeforeTheWork() throws IOException {
        Path to = Files.createFile(folder.resolve("file")).resolve("below");
        String message =
                assertThrows(UncheckedIOException.class, () -> run(to, false)).getMessage();
        assertTrue(message.startsWith(to + ": cannot be written"), message);
        assertEquals("", printed());
        assertEquals("", err.toString(StandardCharsets.UTF_8));
    }

    private void refused(String message, Path to) {
        assertEquals(1, CommandRunner.run(console, "demo", "--out", to.toString()));
        assertEquals("", printed());
        assertTrue(
                err.toString(StandardCharsets.UTF_8).contains("mimic: " + message),
                err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void withoutAFolderItTakesOneThatIsNotThereYet() throws IOException {
        assertEquals(folder.resolve("mimic-demo"), DemoFolder.newIn(folder).path());
        assertFalse(Files.exists(folder.resolve("mimic-demo")));
        Files.createDirectory(folder.resolve("mimic-demo"));
        Files.createFile(folder.resolve("mimic-demo-2"));
        assertEquals(folder.resolve("mimic-demo-3"), DemoFolder.newIn(folder).path());
    }

    @Test
    void anUnknownOptionIsAUsageError() {
        assertEquals(2, CommandRunner.run(console, "demo", "--examples", "3"));
    }
}
