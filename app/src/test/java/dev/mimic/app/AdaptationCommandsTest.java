package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static dev.mimic.app.Outcome.run;
import static dev.mimic.app.Outcome.runWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.testkit.TorchFileWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** adapt, eval, import-sakana and --adapt as scripts use them. */
final class AdaptationCommandsTest {
    private static final String QUESTION = "There are 7 cups here. Cara adds 4. How many cups are there?";
    private static final int MLP_RANK = 128;
    private static final int LAYERS = 4;

    @TempDir
    private Path folder;

    /** Rows of a bundled task as a file. */
    private Path rows(String task, String split) throws IOException {
        StringBuilder lines = new StringBuilder();
        BundledModel.examples(task, split)
                .forEach(row -> lines.append(Json.write(row.record().asMap())).append('\n'));
        return Files.writeString(folder.resolve(task + "-" + split + "-copy.jsonl"), lines);
    }

    @Test
    void evalCountsAsTheReportDoes() throws IOException {
        Path replies = folder.resolve("replies.jsonl");
        JsonObject report = ok(
                        "eval",
                        "bundled",
                        "--task",
                        "bundled-reasoning",
                        "--expert",
                        "reasoning",
                        "--predictions",
                        replies.toString(),
                        "--json")
                .json();
        assertEquals(300, report.integer("examples").orElseThrow());
        assertEquals(1, report.integer("seed").orElseThrow());
        assertEquals(286.0 / 300, report.number("accuracy").orElseThrow(), 1e-12);
        List<Object> interval = report.list("interval").orElseThrow();
        assertEquals(0.923, (Double) interval.get(0), 5e-4);
        assertEquals(0.972, (Double) interval.get(1), 5e-4);
        List<String> lines = Files.readAllLines(replies);
        assertEquals(300, lines.size());
        assertEquals(
                286, lines.stream().filter(l -> l.contains("\"right\":true")).count());
        JsonObject base = ok("eval", "bundled", "--task", "bundled-math", "--limit", "20", "--json")
                .json();
        String[] again = {"eval", "bundled", "--task", "bundled-math", "--limit", "2", "--predictions", "" + replies};
        assertTrue(ok(again).err().contains("note: replaces " + replies + "\n"));
        assertEquals(20, base.integer("examples").orElseThrow());
    }

    @Test
    void evalRoutesByTheClassifier() throws IOException {
        JsonObject report = ok(
                        "eval",
                        "bundled",
                        "--task",
                        "bundled-code",
                        "--data",
                        rows("code", "test").toString(),
                        "--adapt",
                        "classifier",
                        "--json")
                .json();
        assertEquals(298, report.integer("right").orElseThrow());
        JsonObject adaptation = report.object("adaptation").orElseThrow();
        assertEquals("classifier", adaptation.text("mode").orElseThrow());
        assertEquals(
                300, adaptation.object("dispatch").orElseThrow().integer("code").orElseThrow());
        JsonObject seconds = report.object("seconds").orElseThrow();
        assertTrue(seconds.number("first_pass").orElseThrow() > 0);
        assertTrue(seconds.number("second_pass").orElseThrow() > 0);
    }

    @Test
    void aMixtureFoundByAdaptIsAnExpertThatRemembersItsShots() throws IOException {
        Path shots = rows("mixed", "shots");
        Path mix = folder.resolve("mix.safetensors");
        List<String> search = new ArrayList<>(List.of("adapt", "bundled", "--task", "bundled-mixed", "--shots"));
        search.addAll(List.of(shots.toString(), "--out", mix.toString(), "--generations", "2"));
        for (String expert : List.of("math", "code", "reasoning")) {
            search.addAll(List.of("--expert", expert));
        }
        search.add("--json");
        JsonObject found = ok(search.toArray(String[]::new)).json();
        assertEquals(0.15, found.number("base_on_shots").orElseThrow(), 1e-12);
        assertEquals(3, found.object("alpha").orElseThrow().names().size());
        assertEquals(1, found.integer("seed").orElseThrow()); // as compare's, which trains by it too
        // a whole round at once: its keys and values fit any machine
        assertEquals(
                32 * found.integer("examples").orElseThrow(),
                found.integer("batch").orElseThrow());
        Expert expert = Expert.read(mix, _ -> {});
        assertEquals("few-shot", expert.origin().get("method"));
        assertEquals("bundled-mixed", expert.origin().get("task"));
        assertTrue(SeenPrompts.read(SeenPrompts.beside(mix)).size() >= 20);

        String[] eval = {"eval", "bundled", "--task", "bundled-mixed", "--expert", mix.toString(), "--json"};
        assertTrue(ok(eval).json().number("accuracy").orElseThrow() > 0.8); // the base: 0.43
        String[] leak = {
            "eval", "bundled", "--task", "bundled-mixed", "--expert", mix.toString(), "--data", shots.toString()
        };
        refused(1, List.of(shots.toString(), "mix.safetensors.seen"), leak);
        List<String> allowed = new ArrayList<>(List.of(leak));
        allowed.add("--allow-seen");
        ok(allowed.toArray(String[]::new));
        // what an expert was selected on is no ground for selecting again
        refused(
                1,
                List.of(shots.toString(), "mix.safetensors.seen"),
                "adapt",
                "bundled",
                "--task",
                "bundled-mixed",
                "--shots",
                shots.toString(),
                "--expert",
                mix.toString(),
                "--out",
                folder.resolve("again.safetensors").toString());
    }

    @Test
    void leaksAreRefusedNamingBothFiles() throws IOException {
        String train = rows("math", "train").toString();
        refused(
                1,
                List.of(train, "math.train.jsonl"),
                "eval",
                "bundled",
                "--task",
                "bundled-math",
                "--data",
                train,
                "--expert",
                "math");
        refused(
                1,
                List.of(train, "math.train.jsonl"),
                "eval",
                "bundled",
                "--task",
                "bundled-math",
                "--data",
                train,
                "--adapt",
                "prompt");
        refused(
                1,
                List.of(train, "math.train.jsonl"),
                "adapt",
                "bundled",
                "--task",
                "bundled-math",
                "--shots",
                train,
                "--expert",
                "math",
                "--out",
                folder.resolve("x.safetensors").toString());
        String shots = rows("mixed", "shots").toString();
        Path copy = Files.copy(Path.of(shots), folder.resolve("shots2.jsonl"));
        refused(
                1,
                List.of(shots, "shots2.jsonl"),
                "eval",
                "bundled",
                "--task",
                "bundled-mixed",
                "--data",
                shots,
                "--adapt",
                "fewshot",
                "--shots",
                copy.toString());
    }

    @Test
    void runSaysWhatItWasTakenFor() {
        JsonObject report = ok("run", "bundled", "--chat", "--adapt", "classifier", "--json", QUESTION)
                .json();
        assertEquals("7+4=11.", report.text("text").orElseThrow());
        JsonObject adaptation = report.object("adaptation").orElseThrow();
        assertEquals("classifier", adaptation.text("mode").orElseThrow());
        assertEquals("math", adaptation.text("dispatch").orElseThrow());
        assertEquals(
                1.0, adaptation.object("alpha").orElseThrow().number("math").orElseThrow());
        JsonObject seconds = adaptation.object("seconds").orElseThrow();
        assertTrue(seconds.number("first_pass").orElseThrow() > 0);
        assertTrue(seconds.number("second_pass").orElseThrow() > 0);
    }

    @Test
    void chatChoosesAnewForEveryMessage() {
        String code = BundledModel.examples("code", "test").getFirst().prompt();
        Outcome outcome = runWith(
                QUESTION + "\n" + "/reset\n" + code + "\n/expert math\n/quit\n",
                "chat",
                "bundled",
                "--adapt",
                "classifier");
        assertEquals(0, outcome.code(), outcome.err());
        assertTrue(outcome.err().contains("taken for math"), outcome.err());
        assertTrue(outcome.err().contains("taken for code"), outcome.err());
    }

    @Test
    void aFileOfAnotherFormIsAnsweredByWhatReadsIt() throws IOException {
        Path plain = Files.writeString(folder.resolve("plain.jsonl"), "{\"prompt\": \"1+1=\", \"answer\": \"2\"}\n");
        String[] eval = {"eval", "bundled", "--task", "jsonl", "--data", plain.toString()};
        refused(1, List.of("plain.jsonl line 1: check: missing, ", "--check"), eval);
        Path arc = Files.writeString(
                folder.resolve("arc.jsonl"),
                "{\"question\": {\"stem\": \"Which?\", \"choices\": [{\"text\": \"this\", \"label\": \"A\"},"
                        + " {\"text\": \"that\", \"label\": \"B\"}]}, \"answerKey\": \"B\"}\n");
        eval[eval.length - 1] = arc.toString();
        refused(
                1,
                List.of("arc.jsonl line 1: prompt: ", "; this is a record of --task arc-easy or arc-challenge"),
                eval);
        refused(1, List.of(folder.toString()), "eval", "bundled", "--task", "jsonl", "--data", folder.toString());
    }

    @Test
    void optionsThatDoNotGoTogetherAreUsageErrors() {
        refused(2, List.of("--adapt", "--expert"), "run", "bundled", "x", "--adapt", "prompt", "--expert", "math");
        refused(2, List.of("--task", "--shots"), "run", "bundled", "x", "--adapt", "fewshot");
        refused(2, List.of("--experts"), "run", folder.toString(), "x", "--adapt", "prompt");
        refused(2, List.of("--task"), "eval", "bundled");
        refused(2, List.of("--data"), "eval", "bundled", "--task", "gsm8k");
        refused(2, List.of("task", "juggling"), "eval", "bundled", "--task", "juggling", "--data", "x");
        refused(2, List.of("--expert"), "adapt", "bundled", "--task", "bundled-mixed", "--out", "x");
        String[] search = {
            "adapt", "bundled", "--task", "bundled-mixed", "--expert", "math", "--out", "x", "--range", "1"
        };
        refused(2, List.of("--range"), search);
    }

    @Test
    void theAuthorsFilesBecomeExperts() throws IOException {
        List<String> names = new ArrayList<>();
        float[][] p = new float[3 * LAYERS][MLP_RANK];
        for (int n = 0; n < p.length; n++) {
            names.add("learnable_params_module_list." + n);
            for (int i = 0; i < MLP_RANK; i++) {
                p[n][i] = 0.1f + 0.01f * ((i * 7 + n) % 5);
            }
        }
        Path file = folder.resolve("policy_params.pt");
        TorchFileWriter.write(file, names, p);
        Path out = folder.resolve("expert.safetensors");
        String[] command = {"import-sakana", file.toString(), "--model", "bundled", "--out", out.toString()};
        assertEquals(
                out + ": z of 12 matrices, 1536 numbers, from tensors by number (policy_params.pt)\n",
                ok(command).out());
        String[] asJson = Arrays.copyOf(command, command.length + 1);
        asJson[command.length] = "--json";
        Outcome imported = ok(asJson);
        assertEquals(12, imported.json().integer("matrices").orElseThrow());
        assertEquals(12 * MLP_RANK, imported.json().integer("numbers").orElseThrow());
        assertEquals("numbered", imported.json().text("layout").orElseThrow());
        assertTrue(imported.err().contains("note: replaces " + out + "\n"), imported.err());
        Path few = folder.resolve("few.pt");
        TorchFileWriter.write(few, names.subList(0, 2), new float[][] {p[0], p[1]});
        // what the file says of itself comes before the factors, which may take minutes to make
        refused(
                1,
                List.of("few.pt: holds 2 tensors, expected 12"),
                "import-sakana",
                few.toString(),
                "--model",
                "bundled",
                "--factors",
                folder.resolve("no-factors").toString(),
                "--out",
                out.toString());
        assertEquals(3 * LAYERS, Expert.read(out, _ -> {}).vectors().size());
        assertEquals(
                0,
                run("run", "bundled", QUESTION, "--chat", "--expert", out.toString())
                        .code());
        refused(
                1,
                List.of("no.pt"),
                "import-sakana",
                folder.resolve("no.pt").toString(),
                "--model",
                "bundled",
                "--out",
                out.toString());
    }
}
