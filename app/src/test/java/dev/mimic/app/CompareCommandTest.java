package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.evaluation.McNemar;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.SeededCases;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** compare as scripts use it. */
final class CompareCommandTest {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    @TempDir
    private Path folder;

    private String out(String name) {
        return folder.resolve(name).toString();
    }

    private static String[] line(String text, String... more) {
        return Stream.concat(Stream.of(text.split(" ")), Stream.of(more)).toArray(String[]::new);
    }

    private static JsonObject cell(JsonObject report, String method, String task) {
        return objects(report, "rows").stream()
                .filter(row -> row.text("method").orElseThrow().equals(method))
                .flatMap(row -> objects(row, "cells").stream())
                .filter(cell -> cell.text("task").orElseThrow().equals(task))
                .findFirst()
                .orElseThrow();
    }

    private static List<JsonObject> objects(JsonObject parent, String name) {
        return parent.list(name).orElseThrow().stream()
                .map(each -> Json.parseObject(Json.write(each).getBytes(StandardCharsets.UTF_8), name))
                .toList();
    }

    private static int right(JsonObject report, String method, String task) {
        return cell(report, method, task).integer("right").orElseThrow();
    }

    private static List<JsonObject> predictions(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(line -> Json.parseObject(line.getBytes(StandardCharsets.UTF_8), "predictions"))
                .toList();
    }

    private static Path write(Path file, List<Example> rows) throws IOException {
        StringBuilder lines = new StringBuilder();
        rows.forEach(row -> lines.append(Json.write(row.record().asMap())).append('\n'));
        return Files.writeString(file, lines);
    }

    @Test
    void everyRowStandsInTheTableWithItsInterval() throws IOException {
        String[] command = line(
                "compare bundled --bundled-experts --task bundled-math --task bundled-code --task bundled-mixed"
                        + " --rows base,svf,prompt,classifier,fewshot --limit 24 --generations 2 --population 8 --shots-count 6 --json --out",
                out("all"));
        Outcome outcome = ok(command);
        JsonObject report = outcome.json();
        Path all = folder.resolve("all");
        assertEquals(
                report.asMap(),
                Json.parseObject(Files.readAllBytes(all.resolve("compare.json")), "compare.json")
                        .asMap());
        // the same as eval counts
        for (String method : List.of("base", "SVF", "classifier")) {
            List<String> eval = new ArrayList<>(List.of(line("eval bundled --task bundled-code --limit 24 --json")));
            if (method.equals("SVF")) {
                eval.addAll(List.of(
                        "--expert", all.resolve("expert-code.safetensors").toString()));
            } else if (method.equals("classifier")) {
                eval.addAll(List.of("--adapt", "classifier"));
            }
            JsonObject same = ok(eval.toArray(String[]::new)).json();
            assertEquals(same.integer("right").orElseThrow(), right(report, method, "code"), method);
            assertEquals(
                    same.list("interval").orElseThrow(),
                    cell(report, method, "code").list("interval").orElseThrow());
        }
        assertEquals(3072, cell(report, "SVF", "math").integer("parameters").orElseThrow());
        assertEquals(
                3 * 3072, cell(report, "prompt", "math").integer("parameters").orElseThrow());
        assertEquals(
                4 * 3072,
                cell(report, "classifier", "math").integer("parameters").orElseThrow());
        assertEquals(
                3 * 3072 + 3,
                cell(report, "few-shot", "math").integer("parameters").orElseThrow());
        assertTrue(cell(report, "SVF", "mixed").text("missing").orElseThrow().contains("mixed"));
        assertEquals(
                24,
                cell(report, "classifier", "math")
                        .object("dispatch")
                        .orElseThrow()
                        .integer("math")
                        .orElseThrow());
        assertTrue(report.object("dispatch").orElseThrow().object("classifier").isPresent());
        assertTrue(outcome.err().contains("used as they are: expert-code.safetensors"), outcome.err());

        List<JsonObject> replies = predictions(all.resolve("predictions.jsonl"));
        assertEquals(72, replies.size());
        for (JsonObject pair : objects(report, "pairs")) {
            String first = pair.text("first").orElseThrow();
            String second = pair.text("second").orElseThrow();
            int onlyFirst = 0;
            int onlySecond = 0;
            for (JsonObject reply : replies) {
                if (reply.text("task").orElseThrow().equals(pair.text("task").orElseThrow())) {
                    boolean one = isRight(reply, first);
                    boolean other = isRight(reply, second);
                    onlyFirst += one && !other ? 1 : 0;
                    onlySecond += other && !one ? 1 : 0;
                }
            }
            assertEquals(onlyFirst, pair.integer("first_only").orElseThrow());
            assertEquals(onlySecond, pair.integer("second_only").orElseThrow());
            assertEquals(
                    new McNemar(onlyFirst, onlySecond).p(), pair.number("p").orElseThrow());
        }
        String markdown = Files.readString(all.resolve("compare.md"));
        assertTrue(markdown.contains("| few-shot | 9219 |"), markdown);
        assertTrue(markdown.contains("alphas.png"), markdown);
        for (String picture : List.of("compare.png", "alphas.png")) {
            assertTrue(ImageIO.read(all.resolve(picture).toFile()).getWidth() > 300, picture);
        }
        // again, from what lies there: the same replies, no search
        JsonObject again = ok(command).json();
        assertEquals(right(report, "few-shot", "mixed"), right(again, "few-shot", "mixed"));
        assertFalse(cell(again, "few-shot", "mixed")
                .object("seconds")
                .orElseThrow()
                .number("search")
                .isPresent());
        assertEquals(
                cell(report, "few-shot", "mixed").object("alpha").orElseThrow().asMap(),
                cell(again, "few-shot", "mixed").object("alpha").orElseThrow().asMap());
    }

    private static boolean isRight(JsonObject reply, String method) {
        return reply.object("replies")
                .orElseThrow()
                .object(method)
                .orElseThrow()
                .bool("right")
                .orElseThrow();
    }

    @Test
    void theTableLinesUpWithinEightyColumns() {
        Outcome outcome = ok(line(
                "compare bundled --bundled-experts --rows base,svf,transfer --transfer-from bundled --limit 4 --out",
                out("narrow")));
        List<String> lines = outcome.out().lines().toList();
        assertTrue(
                lines.stream().filter(each -> !each.contains(":")).allMatch(each -> each.length() <= 80),
                outcome.out());
        int head = lines.indexOf(lines.stream()
                .filter(each -> each.startsWith("method"))
                .findFirst()
                .orElseThrow());
        int width = lines.get(head + 1).length();
        for (int row = 2; row < 6; row++) {
            assertEquals(width, lines.get(head + row).length(), outcome.out());
        }
    }

    @Test
    void whatIsMissingIsTrainedOnceAndThenUsed() throws IOException {
        String[] command = line(
                "compare bundled --task bundled-math --rows base,lora,svf,classifier --steps 1 --batch 8 --limit 8"
                        + " --rank 2 --json --out",
                out("made"));
        Outcome first = ok(command);
        assertTrue(first.err().contains("to be made in"), first.err());
        Path made = folder.resolve("made");
        List<Path> files = List.of(
                made.resolve("expert-math.safetensors"),
                made.resolve("expert-dispatch.safetensors"),
                made.resolve("lora-math/adapter_model.safetensors"));
        List<byte[]> before = new ArrayList<>();
        for (Path file : files) {
            before.add(Files.readAllBytes(file));
        }
        for (String name : List.of("expert-math.safetensors", "expert-dispatch.safetensors", "lora-math")) {
            assertTrue(SeenPrompts.read(made.resolve(name + ".seen")).size() >= 500, name);
        }
        assertEquals(
                18_688, cell(first.json(), "LoRA", "math").integer("parameters").orElseThrow());
        assertEquals(3, objects(first.json(), "experts").size());
        for (JsonObject expert : objects(first.json(), "experts")) {
            assertTrue(expert.bool("trained").orElseThrow());
        }
        JsonObject again = ok(command).json();
        for (JsonObject expert : objects(again, "experts")) {
            assertFalse(expert.bool("trained").orElseThrow());
            assertEquals("1", expert.object("origin").orElseThrow().text("seed").orElseThrow());
        }
        for (int i = 0; i < files.size(); i++) {
            assertArrayEquals(before.get(i), Files.readAllBytes(files.get(i)));
        }
        assertEquals(right(first.json(), "LoRA", "math"), right(again, "LoRA", "math"));
    }

    @Test
    void whatWasMadeOtherwiseIsUsedWithANoteThatSaysSo() throws IOException {
        String start = "compare bundled --task bundled-math --rows lora,svf,fewshot --batch 8 --limit 4 --rank 2"
                + " --population 4 --generations 1 --shots-count 3 --out ";
        Outcome first = ok(line(start + out("kept") + " --steps 1"));
        assertFalse(first.err().contains("used as it is"), first.err());
        Path expert = folder.resolve("kept/expert-math.safetensors");
        byte[] before = Files.readAllBytes(expert);
        Outcome same = ok(line(start + out("kept") + " --steps 1 --memory 2097152"));
        assertFalse(same.err().contains("used as it is"), same.err());
        Outcome other = ok(line(start + out("kept") + " --steps 2 --seed 5 --json"));
        for (String name : List.of("expert-math.safetensors", "lora-math")) {
            String note = "note: " + name + ": used as it is, made with steps 1 (now 2), seed 1 (now 5); delete it";
            assertEquals(1, other.err().lines().filter(l -> l.startsWith(note)).count(), other.err());
        }
        assertTrue(
                other.err().contains("note: mix-math.safetensors: used as it is, made with seed 1 (now 5); delete it"),
                other.err());
        for (JsonObject entry : objects(other.json(), "experts")) {
            assertTrue(entry.list("differs").orElseThrow().contains("seed 1 (now 5)"));
        }
        assertArrayEquals(before, Files.readAllBytes(expert));
        // the same settings, other rows to train on
        Path train = write(
                folder.resolve("few.jsonl"),
                BundledModel.examples("math", "train").subList(0, 9));
        Path valid = write(
                folder.resolve("valid.jsonl"),
                BundledModel.examples("math", "valid").subList(0, 9));
        Path test = write(
                folder.resolve("test.jsonl"),
                BundledModel.examples("math", "test").subList(0, 4));
        String files = train + "," + valid + "," + test;
        Outcome rows = ok(line("compare bundled --rows svf --batch 8 --steps 1 --task math:bundled-math=" + files
                + " --out " + out("kept")));
        assertTrue(rows.err().contains("expert-math.safetensors: used as it is, made with other rows;"), rows.err());
    }

    @Test
    void aMixtureIsChosenOnShotsAlone() {
        ok(line("compare bundled --bundled-experts --task bundled-chain --rows fewshot --limit 4 --population 4"
                + " --generations 1 --shots-count 20 --out " + out("mixed")));
        SeenPrompts seen = SeenPrompts.read(folder.resolve("mixed/mix-chain.safetensors.seen"));
        assertTrue(BundledModel.examples("chain", "shots").stream().allMatch(seen::contains));
        assertTrue(BundledModel.examples("chain", "test").stream().noneMatch(seen::contains));
    }

    @Test
    void whatTheCommandLineNamesIsLookedForBeforeAnythingIsTrained() {
        String start = "compare bundled --task bundled-math --rows lora,classifier,svf --steps 1 --batch 4 ";
        refused(
                1,
                List.of("none.safetensors"),
                line(start + "--classifier none.safetensors --out " + out("early/nested")));
        refused(1, List.of("nowhere"), line(start + "--factors nowhere --out " + out("early/nested")));
        refused(
                1,
                List.of("nowhere", "experts to transfer"),
                line("compare bundled --rows lora,transfer --steps 1 --batch 4 --transfer-from nowhere --out "
                        + out("early/nested")));
        assertFalse(Files.exists(folder.resolve("early")), "made before it was refused, and of no use");
    }

    @Test
    void seenRowsAreRefusedNamingBothFiles() throws IOException {
        List<Example> train = BundledModel.examples("math", "train");
        Path trainFile = write(folder.resolve("train.jsonl"), train.subList(0, 40));
        Path validFile = write(
                folder.resolve("valid.jsonl"),
                BundledModel.examples("math", "valid").subList(0, 10));
        List<Example> leaky =
                new ArrayList<>(BundledModel.examples("math", "test").subList(0, 5));
        leaky.add(train.get(7));
        Path leak = write(folder.resolve("test.jsonl"), leaky);
        List<Example> late =
                new ArrayList<>(BundledModel.examples("math", "test").subList(0, 5));
        late.add(train.get(300));
        Path lateLeak = write(folder.resolve("late.jsonl"), late);
        String tasks = trainFile + "," + validFile + ",";
        String start = "compare bundled --rows base,svf --steps 1 --batch 4 ";
        // in TRAIN of this command: refused before anything is trained
        refused(
                1,
                List.of("test.jsonl", "train.jsonl"),
                line(start + "--task bundled-math=" + tasks + leak + " --out", out("seen")));
        assertFalse(Files.exists(folder.resolve("seen/expert-math.safetensors")));
        // TRAIN and VALID share a row
        refused(
                1,
                List.of("train.jsonl"),
                line(
                        start + "--task bundled-math=" + trainFile + "," + trainFile + "," + lateLeak + " --out",
                        out("seen")));
        // in VALID of this command
        Path chosenOn = write(
                folder.resolve("chosen-on.jsonl"),
                List.of(
                        BundledModel.examples("math", "test").getFirst(),
                        BundledModel.examples("math", "valid").get(4)));
        refused(
                1,
                List.of("chosen-on.jsonl", "valid.jsonl"),
                line(start + "--task bundled-math=" + tasks + chosenOn + " --out", out("seen")));
        // in SHOTS of this command, and seen by no expert
        List<Example> test = BundledModel.examples("math", "test");
        Path shots = write(folder.resolve("shots.jsonl"), test.subList(10, 20));
        Path withShot = write(folder.resolve("with-shot.jsonl"), List.of(test.get(0), test.get(1), test.get(12)));
        refused(
                1,
                List.of("with-shot.jsonl", "shots.jsonl"),
                line(
                        "compare bundled --rows base,fewshot --task bundled-math=" + shots + "," + withShot
                                + " --bundled-experts --out",
                        out("shots")));
        // seen by an expert that lies there
        refused(
                1,
                List.of("late.jsonl", "expert-math.safetensors.seen"),
                line(
                        "compare bundled --rows base,svf --bundled-experts --task bundled-math=" + lateLeak + " --out",
                        out("own")));
        ok(line(
                "compare bundled --rows base,svf --bundled-experts --allow-seen --task bundled-math=" + lateLeak
                        + " --out",
                out("own")));
        // seen by an expert that is transferred
        refused(
                1,
                List.of("late.jsonl", "math.train.jsonl"),
                line(
                        "compare bundled --rows base,transfer --transfer-from bundled --task bundled-math=" + lateLeak
                                + " --out",
                        out("transfer")));
    }

    @Test
    void questionsThatTheClassifierIsTrainedOnAreRefusedInEveryColumn() throws IOException {
        List<Example> test = BundledModel.examples("math", "test");
        for (int row = 0; row < 2; row++) {
            for (int i = 0; i < 2; i++) {
                String question = Json.write(Map.of("question", test.get(i).prompt(), "answer", "math"));
                Files.writeString(folder.resolve("kinds" + i + ".jsonl"), question + "\n");
            }
            Path leak = write(folder.resolve("leak.jsonl"), List.of(test.get(5), test.get(row)));
            refused(
                    1,
                    List.of("leak.jsonl", "kinds" + row + ".jsonl"),
                    line(
                            "compare bundled --rows base,classifier --steps 1 --batch 4 --task dispatch="
                                    + folder.resolve("kinds0.jsonl") + "," + folder.resolve("kinds1.jsonl")
                                    + " --task bundled-math=" + leak + " --out",
                            out("kinds")));
        }
    }

    @Test
    void ownExpertsTransferInOrderAndBreakShuffled() {
        JsonObject report = ok(line(
                        "compare bundled --bundled-experts --task bundled-math --rows svf,base,transfer"
                                + " --transfer-from bundled --limit 40 --json --out",
                        out("shuffled")))
                .json();
        assertEquals(right(report, "SVF", "math"), right(report, "transfer in order", "math"));
        assertTrue(right(report, "transfer shuffled", "math") < right(report, "SVF", "math"));
    }

    @Test
    void expertsOfAnotherModelOfTheSameShapesAreApplied() throws IOException {
        Path one = TestFolders.root().resolve("oracle/models/llama-gqa-f32");
        Path other = another(one);
        Path experts = Files.createDirectories(folder.resolve("experts"));
        ok(line("decompose", one.toString(), out("factors")));
        Map<String, float[]> z = new TreeMap<>();
        RandomGenerator random = SeededCases.generator(5);
        JsonObject index =
                Json.parseObject(Files.readAllBytes(folder.resolve("factors/model.safetensors.index.json")), "index");
        try (SafetensorsFile weights = SafetensorsFile.open(one.resolve("model.safetensors"))) {
            for (TensorView weight : weights.tensors().values()) {
                if (weight.name().contains(".mlp.")) {
                    float[] values = new float
                            [(int) Math.min(
                                    weight.shape().get(0), weight.shape().get(1))];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (float) (4 * random.nextDouble());
                    }
                    z.put(weight.name(), values);
                }
            }
        }
        String base = index.object("metadata").orElseThrow().text("base").orElseThrow();
        Expert.plain("sums", z, Map.of("base", base)).write(experts.resolve("expert-sums.safetensors"));
        Path test = Files.writeString(folder.resolve("sums.jsonl"), """
                {"prompt": "One and two?", "answer": "3", "check": "number"}
                {"prompt": "Two and two?", "answer": "4", "check": "number"}
                {"prompt": "Two and five?", "answer": "7", "check": "number"}
                """);
        String task = " --task sums:jsonl=" + test + " --max-tokens 8 --out ";
        Outcome outcome = ok(line(
                "compare " + other + " --rows base,transfer --json --transfer-from " + experts + task + out("moved")));
        assertEquals(
                3,
                cell(outcome.json(), "transfer shuffled", "sums")
                        .integer("examples")
                        .orElseThrow());
        assertTrue(outcome.err().contains("trained on another model"), outcome.err());
        List<String> inOrder = new ArrayList<>();
        List<String> shuffled = new ArrayList<>();
        List<String> plain = new ArrayList<>();
        for (JsonObject reply : predictions(folder.resolve("moved/predictions.jsonl"))) {
            JsonObject replies = reply.object("replies").orElseThrow();
            plain.add(replies.object("base").orElseThrow().text("reply").orElseThrow());
            inOrder.add(replies.object("transfer in order")
                    .orElseThrow()
                    .text("reply")
                    .orElseThrow());
            shuffled.add(replies.object("transfer shuffled")
                    .orElseThrow()
                    .text("reply")
                    .orElseThrow());
        }
        assertNotEquals(plain, inOrder);
        assertNotEquals(inOrder, shuffled);
        // as run applies it
        String reply = ok(line(
                        "run " + other + " --chat --max-tokens 8 --transfer --factors " + out("moved/factors")
                                + " --json --expert",
                        experts.resolve("expert-sums.safetensors").toString(),
                        "Two and five?"))
                .json()
                .text("text")
                .orElseThrow();
        assertEquals(inOrder.get(2), reply);
        // as the model's own it is refused
        Path own = Files.createDirectories(folder.resolve("own"));
        Files.copy(experts.resolve("expert-sums.safetensors"), own.resolve("expert-sums.safetensors"));
        refused(
                1,
                List.of("expert-sums.safetensors", "another model"),
                line("compare " + other + " --rows svf" + task + own));
    }

    /** A model of the same shapes with other weights. */
    private Path another(Path one) throws IOException {
        Path other = Files.createDirectories(folder.resolve("other"));
        try (Stream<Path> files = Files.list(one)) {
            for (Path file : files.toList()) {
                Files.copy(file, other.resolve(file.getFileName()));
            }
        }
        RandomGenerator random = SeededCases.generator(6);
        try (SafetensorsFile weights = SafetensorsFile.open(one.resolve("model.safetensors"));
                Arena arena = Arena.ofConfined()) {
            List<TensorView> changed = new ArrayList<>();
            for (TensorView weight : weights.tensors().values()) {
                MemorySegment data = arena.allocate(weight.data().byteSize());
                data.copyFrom(weight.data());
                for (long i = 0; i < weight.elements() && weight.shape().size() == 2; i++) {
                    data.set(F32, 4 * i, (float) (data.get(F32, 4 * i) + 0.1 * random.nextGaussian()));
                }
                changed.add(TensorView.of(
                        weight.name(),
                        weight.dtype(),
                        data,
                        weight.shape().stream().mapToLong(Long::longValue).toArray()));
            }
            SafetensorsWriter.write(other.resolve("model.safetensors"), changed, weights.metadata());
        }
        return other;
    }

    @Test
    void aMixtureOfOtherExpertsIsNotPassedOffAsTheirs() throws IOException {
        String command =
                "compare bundled --task bundled-mixed --rows fewshot --limit 4 --population 4 --generations 1 --shots-count 3";
        ok(line(command + " --bundled-experts --out", out("mix")));
        Path mix = folder.resolve("mix");
        Files.copy(
                mix.resolve("expert-dispatch.safetensors"),
                mix.resolve("expert-code.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        refused(1, List.of("mix-mixed.safetensors", "changed"), line(command + " --out", out("mix")));
        Files.delete(mix.resolve("expert-code.safetensors"));
        refused(1, List.of("mix-mixed.safetensors", "experts"), line(command + " --out", out("mix")));
    }

    @Test
    void optionsWithoutSenseAreRefused() {
        refused(2, List.of("--task"), line("compare x --out", out("x")));
        refused(2, List.of("--out"), line("compare bundled"));
        refused(2, List.of("--transfer-from"), line("compare bundled --rows transfer --out", out("x")));
        refused(2, List.of("--limit"), line("compare bundled --limit 0 --out", out("x")));
        refused(2, List.of("--shots-count"), line("compare bundled --shots-count 0 --out", out("x")));
        refused(2, List.of("--bundled-experts"), line("compare x --task gsm8k=a --bundled-experts --out", out("x")));
        refused(2, List.of("NAME:T"), line("compare bundled --task bundled-math --task bundled-math --out", out("x")));
        refused(2, List.of("rows", "juggling"), line("compare bundled --rows juggling --out", out("x")));
        refused(2, List.of("T=TRAIN,VALID,TEST"), line("compare bundled --task gsm8k --out", out("x")));
        refused(1, List.of("no.jsonl"), line("compare bundled --task gsm8k=no.jsonl --out", out("x")));
        refused(
                1,
                List.of("none.safetensors"),
                line(
                        "compare bundled --rows classifier --limit 2 --bundled-experts --classifier none.safetensors --out",
                        out("x")));
    }
}
