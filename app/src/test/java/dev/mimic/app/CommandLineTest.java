package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static dev.mimic.app.Outcome.run;
import static dev.mimic.app.Outcome.runWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line as scripts use it: exit codes, what goes to stdout, and the one line on stderr. */
final class CommandLineTest {
    private static final String QUESTION = "There are 7 cups here. Cara adds 4. How many cups are there?";

    private static final List<String> COMMANDS = List.of(
            "demo",
            "run",
            "chat",
            "logits",
            "score",
            "tokenize",
            "render",
            "inspect",
            "svd",
            "decompose",
            "merge",
            "quantize",
            "train",
            "adapt",
            "eval",
            "compare",
            "import-sakana",
            "import",
            "doctor",
            "cuda-check",
            "bench");

    @TempDir
    private Path folder;

    private static String model(String name) {
        return TestFolders.root().resolve("oracle/models").resolve(name).toString();
    }

    @Test
    void everyCommandIsListedAndExplainsItself() {
        String list = ok("--help").out();
        for (String command : COMMANDS) {
            assertTrue(list.contains("\n  " + command + " "), command);
            assertTrue(ok(command, "--help").out().startsWith("Usage: mimic " + command), command);
        }
        assertEquals("mimic 0.1.0\n", ok("--version").out());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void aHelpFitsATerminalAndHasAnExample(String command) {
        List<String> lines = ok(command, "--help").out().lines().toList();
        assertTrue(
                lines.stream().anyMatch(line -> line.matches("  (echo .* \\| )?mimic " + command + "( .*)?")),
                "no example");
        for (String line : lines) {
            assertTrue(line.length() <= 80, line);
            assertFalse(line.matches(".*default: [A-Z_]{2,}\\).*"), "a constant's name is no value to type: " + line);
        }
    }

    private static List<String> commands() {
        return COMMANDS;
    }

    @Test
    void usageErrorsExitWithTwo() {
        refused(2, List.of("which command"));
        refused(2, List.of("fly"), "fly");
        refused(2, List.of("PROMPT"), "run", "bundled");
        refused(2, List.of("--wings"), "run", "bundled", "x", "--wings");
        refused(2, List.of("--factors", "mimic decompose"), "run", model("llama-bf16"), "x", "--expert", "math");
    }

    @Test
    void badInputExitsWithOne() throws IOException {
        refused(1, List.of("no such file or folder", "nowhere"), "run", "nowhere", "x");
        refused(1, List.of("config.json"), "run", folder.toString(), "x");
        Path file = Files.write(folder.resolve("short.safetensors"), new byte[] {1, 2, 3});
        refused(1, List.of("short.safetensors"), "inspect", file.toString());
    }

    @Test
    void runPrintsTheTextAndOneNewline() {
        assertEquals("7+4=11.\n", ok("run", "bundled", "--chat", QUESTION).out());
        assertEquals(
                "7+4=11.\n",
                ok("run", "bundled", QUESTION, "--chat", "--expert", "math").out());
    }

    @Test
    void runReportsItselfAsJson() {
        JsonObject report = ok("run", "bundled", QUESTION, "--chat", "--json", "--logprobs", "2")
                .json();
        assertEquals("7+4=11.", report.text("text").orElseThrow());
        assertEquals("stop", report.text("finish_reason").orElseThrow());
        assertEquals(6, report.list("ids").orElseThrow().size());
        assertEquals(22, report.list("prompt_ids").orElseThrow().size());
        JsonObject seconds = report.object("seconds").orElseThrow();
        for (String name : List.of("load", "first_token", "prefill", "decode")) {
            assertTrue(seconds.number(name).orElseThrow() >= 0, name);
        }
        assertTrue(report.object("tokens_per_second")
                .orElseThrow()
                .number("decode")
                .isPresent());
        assertEquals(6, report.list("logprobs").orElseThrow().size());
    }

    @Test
    void promptsComeAsTextIdsOrFromStdin() {
        String rendered = "<s><|user|>" + QUESTION + "</s><|assistant|>";
        assertEquals("7+4=11.\n", ok("run", "bundled", rendered, "--no-bos").out());
        assertEquals(
                "7+4=11.\n",
                runWith(rendered, "run", "bundled", "-", "--no-bos").out());
        List<Object> ids = ok("run", "bundled", rendered, "--no-bos", "--json")
                .json()
                .list("prompt_ids")
                .orElseThrow();
        String joined = String.join(",", ids.stream().map(String::valueOf).toList());
        assertEquals("7+4=11.\n", ok("run", "bundled", "--prompt-ids", joined).out());
        assertEquals(0, run("run", "bundled", "--max-tokens", "1", "").code());
        assertEquals(0, run("run", "bundled", "--max-tokens", "1", "--", "-7").code());
        assertEquals(0, run("run", "bundled", "--max-tokens", "1", "@nofile").code());
    }

    @Test
    void aSeedRepeatsAndAnotherDiffers() {
        String[] first = {"run", "bundled", QUESTION, "--chat", "--temperature", "2", "--seed", "3"};
        String[] second = first.clone();
        second[second.length - 1] = "4";
        assertEquals(ok(first).out(), ok(first).out());
        assertFalse(ok(first).out().equals(ok(second).out()));
    }

    @Test
    void chatNeedsATemplate() throws IOException {
        Path copy = copy(Path.of(model("llama-bf16")), folder.resolve("plain"));
        Path config = copy.resolve("tokenizer_config.json");
        Files.writeString(config, "{}");
        refused(1, List.of("template"), "run", copy.toString(), "hello", "--chat");
    }

    @Test
    void chatAnswersLineByLine() {
        Outcome outcome = runWith(QUESTION + "\n/expert math\n/reset\n" + QUESTION + "\n/quit\n", "chat", "bundled");
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals("7+4=11.\n7+4=11.\n", outcome.out());
        assertTrue(outcome.err().contains("note: math"), outcome.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa-f32", "mistral-sw8-sharded"})
    void anExpertEqualsItsMergedModel(String name) throws IOException {
        Path factors = folder.resolve("factors");
        String expert = TestFolders.root()
                .resolve("oracle/goldens/" + name + ".z.safetensors")
                .toString();
        Outcome decomposed = ok("decompose", model(name), factors.toString());
        assertTrue(decomposed.out().contains("worst: "), decomposed.out());
        ok(
                "merge",
                model(name),
                "--expert",
                expert,
                "--out",
                folder.resolve("merged").toString());
        String[] tail = {"--prompt-ids", "1,17,300,44,98", "--max-tokens", "24", "--ignore-eos", "--json"};
        List<String> fused =
                new ArrayList<>(List.of("run", model(name), "--factors", factors.toString(), "--expert", expert));
        List<String> merged =
                new ArrayList<>(List.of("run", folder.resolve("merged").toString()));
        List<String> base = new ArrayList<>(List.of("run", model(name)));
        for (List<String> args : List.of(fused, merged, base)) {
            args.addAll(List.of(tail));
        }
        List<Object> ids = ids(fused);
        assertEquals(ids, ids(merged));
        assertFalse(ids.equals(ids(base)), "the expert changes nothing");
        List<String> residual = new ArrayList<>(fused);
        residual.addAll(List.of("--form", "residual"));
        assertEquals(ids, ids(residual));
    }

    private static List<Object> ids(List<String> args) {
        return ok(args.toArray(String[]::new)).json().list("ids").orElseThrow();
    }

    @Test
    void decomposeResumesAndRefusesOtherParameters() {
        String out = folder.resolve("factors").toString();
        ok("decompose", model("llama-bf16"), out, "--dtype", "bf16");
        assertTrue(ok("decompose", model("llama-bf16"), out, "--dtype", "bf16")
                .out()
                .contains("done before"));
        Outcome other = run("decompose", model("llama-bf16"), out, "--dtype", "f32");
        assertEquals(1, other.code());
        assertEquals(1, other.errors().size());
    }

    @Test
    void anExpertOfWeightsThatTheFactorsLackIsRefused() {
        String out = folder.resolve("factors").toString();
        ok("decompose", model("llama-gqa-f32"), out, "--targets", "attention");
        String expert = TestFolders.root()
                .resolve("oracle/goldens/llama-gqa-f32.z.safetensors")
                .toString();
        refusedAfterNotes(
                "model.layers.0.mlp", "run", model("llama-gqa-f32"), "x", "--factors", out, "--expert", expert);
    }

    private static void refusedAfterNotes(String word, String... args) {
        Outcome outcome = run(args);
        assertEquals(1, outcome.code(), outcome.err());
        assertEquals(1, outcome.errors().size(), outcome.err());
        assertTrue(outcome.errors().getFirst().contains(word), outcome.err());
        assertTrue(outcome.err().contains("note: "), outcome.err());
    }

    @Test
    void logitsAndHiddenStatesLandInAFile() {
        Path out = folder.resolve("logits.safetensors");
        ok("logits", model("llama-gqa-f32"), "--ids", "1,5,9", "--out", out.toString(), "--hidden");
        try (SafetensorsFile file = SafetensorsFile.open(out)) {
            assertEquals(3L, file.tensor("logits").orElseThrow().shape().getFirst());
            assertTrue(file.tensor("hidden.0").isPresent());
            assertTrue(file.tensor("hidden.4").isPresent());
            assertTrue(file.tensor("hidden.5").isEmpty());
        }
    }

    @Test
    void scoreTakesTextsOrIds() {
        JsonObject byIds = ok("score", model("llama-gqa-f32"), "--prompt-ids", "1,5", "--completion-ids", "9,11")
                .json();
        assertEquals(2, byIds.list("logprobs").orElseThrow().size());
        double sum = byIds.list("logprobs").orElseThrow().stream()
                .mapToDouble(x -> (Double) x)
                .sum();
        assertEquals(byIds.number("logprob").orElseThrow(), sum, 1e-9);
        refused(2, List.of("--prompt"), "score", model("llama-gqa-f32"), "--prompt", "x");
    }

    @Test
    void tokenizeGoesBothWaysAndSurvivesBrokenLines() {
        Outcome there = runWith("\"Hello, here is Ann.\"\nnonsense\n\"x\"\n", "tokenize", "bundled");
        assertEquals(0, there.code());
        List<String> lines = there.out().lines().toList();
        assertEquals("{\"ids\":[688,16,396,264,413,18]}", lines.get(0));
        assertTrue(lines.get(1).startsWith("{\"error\":"), lines.get(1));
        assertEquals(3, lines.size());
        assertEquals(
                "{\"text\":\"Hello, here is Ann.\"}\n",
                runWith(lines.get(0), "tokenize", "bundled", "--decode").out());
    }

    @Test
    void brokenLinesAreNamedByTheirNumber() {
        List<String> tokenized = runWith("\"a\"\n\nnonsense\n3\n", "tokenize", "bundled")
                .out()
                .lines()
                .toList();
        assertTrue(
                tokenized.get(1).startsWith("{\"error\":\"stdin line 3: not valid JSON at column 1: "),
                tokenized.get(1));
        assertEquals("{\"error\":\"stdin line 4: expected a JSON string\"}", tokenized.get(2));
        List<String> rendered = runWith("\n{\"messages\":3}\n{\"messages\":[{}]}\n", "render", "bundled")
                .out()
                .lines()
                .toList();
        assertEquals("{\"error\":\"stdin line 2: messages: expected a list, found 3\"}", rendered.get(0));
        assertTrue(rendered.get(1).startsWith("{\"error\":\"stdin line 3: chat template, line 1: "), rendered.get(1));
    }

    @Test
    void aModelWithoutTokenizerSaysWhyThereIsNoText() throws IOException {
        Path copy = copy(Path.of(model("llama-bf16")), folder.resolve("ids-only"));
        Files.delete(copy.resolve("tokenizer.json"));
        String[] command = {"run", copy.toString(), "--prompt-ids", "1,17", "--max-tokens", "3", "--ignore-eos"};
        Outcome outcome = ok(command);
        assertEquals("\n", outcome.out());
        assertTrue(outcome.err().contains("note: " + copy + " has no tokenizer.json"), outcome.err());
        String[] json = Arrays.copyOf(command, command.length + 1);
        json[command.length] = "--json";
        assertEquals(3, ok(json).json().list("ids").orElseThrow().size());
        refused(1, List.of("tokenizer"), "run", copy.toString(), "x");
    }

    @Test
    void anUnknownExpertOfTheBundledModelIsAnsweredByThoseItHas() {
        refused(
                1,
                List.of("'maths'", "math, code, reasoning, dispatch"),
                "run",
                "bundled",
                "x",
                "--expert",
                "maths@0.5");
    }

    @Test
    void aFileToWriteWithoutItsFolderIsRefusedBeforeTheWork() throws IOException {
        String file = folder.resolve("missing/f").toString();
        List<String> words = List.of("no such file or folder: " + folder.resolve("missing"));
        refused(1, words, "logits", "bundled", "--ids", "1", "--out", file);
        refused(1, words, "svd", model("llama-gqa-f32") + "/model.safetensors", "x", "--out", file);
        refused(1, words, "train", "bundled", "--task", "bundled-math", "--out", file);
        refused(1, words, "adapt", "bundled", "--task", "bundled-mixed", "--expert", "math", "--out", file);
        refused(1, words, "eval", "bundled", "--task", "bundled-math", "--predictions", file);
        refused(1, words, "import-sakana", "nowhere.pt", "--model", "bundled", "--out", file);
        String itself = folder.toString();
        refused(1, List.of(itself + ": is a folder"), "logits", "bundled", "--ids", "1", "--out", itself);
        Path plain = Files.createFile(folder.resolve("plain"));
        refused(1, List.of("not a folder: " + plain), "logits", "bundled", "--ids", "1", "--out", plain + "/f");
    }

    @Test
    void factorsOfAnotherModelNameTheNextStep() {
        String factors = folder.resolve("factors").toString();
        ok("decompose", model("llama-bf16"), factors, "--targets", "*layers.0.mlp.up_proj*");
        List<String> words = List.of("another model", "`mimic decompose MODEL OUT`", "--transfer");
        refused(1, words, "run", model("llama-gqa-f32"), "x", "--factors", factors);
    }

    @Test
    void renderAppliesTheChatTemplate() {
        String line = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"add_generation_prompt\":true}";
        assertEquals(
                "{\"text\":\"<s><|user|>Hi</s><|assistant|>\"}\n",
                runWith(line, "render", "bundled").out());
        assertTrue(runWith("{\"messages\":3}", "render", "bundled").out().startsWith("{\"error\":"));
    }

    @Test
    void inspectListsTensorsAndReadsEveryByte() {
        String text = ok("inspect", model("mistral-sw8-sharded"), "--verify").out();
        assertTrue(text.lines().anyMatch(line -> line.matches("sliding window +8")), text);
        assertTrue(text.contains("0 numbers are not finite"), text);
        JsonObject json = ok("inspect", "bundled", "--json").json();
        assertEquals("llama", json.text("architecture").orElseThrow());
        assertFalse(json.list("tensors").orElseThrow().isEmpty());
    }

    @Test
    void svdWritesThreeFactors() {
        Path out = folder.resolve("svd.safetensors");
        String file = model("llama-gqa-f32") + "/model.safetensors";
        ok("svd", file, "model.layers.0.mlp.up_proj.weight", "--out", out.toString(), "--rank", "8");
        try (SafetensorsFile factors = SafetensorsFile.open(out)) {
            assertArrayEquals(
                    new Object[] {"U", "S", "V"}, factors.tensors().keySet().toArray());
            assertEquals(List.of(8L), factors.tensor("S").orElseThrow().shape());
        }
        refused(1, List.of("no.such.tensor", "mimic inspect"), "svd", file, "no.such.tensor", "--out", out.toString());
    }

    @Test
    void doctorSaysWhatRuns() {
        assertTrue(ok("doctor").out().contains("kernels"));
        JsonObject json = ok("doctor", "--json").json();
        for (String name : List.of(
                "kernels",
                "gemv_form",
                "processor",
                "widest_vector",
                "vector_checks",
                "native_access",
                "sandbox",
                "launcher",
                "jvm_options")) {
            assertFalse(json.text(name).orElseThrow().isBlank(), name);
        }
        assertTrue(json.integer("cores").orElseThrow() > 0);
        String gpu = json.text("gpu").orElseThrow(); // of whatever machine this is
        assertTrue(gpu.matches("not used: \\S.*|found, used by --device cuda and auto: .*CUDA 1[23]\\..*"), gpu);
    }

    @Test
    void doctorWarnsWhereNativeAccessIsNotEnabled() throws IOException, InterruptedException {
        List<String> doctor = List.of("doctor", "--json");
        String option = "--enable-native-access=dev.mimic.kernels";
        try (ForkedMimic mimic = ForkedMimic.start(folder, doctor)) {
            assertEquals(0, mimic.exitCode(), mimic::errors);
        }
        JsonObject with = Json.readObject(folder.resolve("stdout"));
        assertEquals("enabled", with.text("native_access").orElseThrow());
        assertFalse(String.valueOf(with.get("warnings")).contains(option));
        try (ForkedMimic mimic = ForkedMimic.start(folder, List.of(), doctor)) {
            assertEquals(0, mimic.exitCode(), mimic::errors);
        }
        JsonObject without = Json.readObject(folder.resolve("stdout"));
        assertEquals("not enabled", without.text("native_access").orElseThrow());
        assertTrue(String.valueOf(without.get("warnings")).contains(option));
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (Path file : TestFolders.files(from, "")) {
            Files.copy(file, to.resolve(file.getFileName()));
        }
        return to;
    }
}
