package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static dev.mimic.app.Outcome.runWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** train --method lora and --lora as scripts use them. */
final class LoraCommandsTest {
    private static final String QUESTION = "There are 7 cups here. Cara adds 4. How many cups are there?";

    @TempDir
    private static Path folder;

    private static Path adapter;
    private static JsonObject trained;

    @BeforeAll
    static void train() {
        adapter = folder.resolve("math-lora");
        trained = ok(
                        "train",
                        "bundled",
                        "--task",
                        "bundled-math",
                        "--method",
                        "lora",
                        "--rank",
                        "4",
                        "--alpha",
                        "4",
                        "--lr",
                        "5e-3",
                        "--final-lr",
                        "1",
                        "--steps",
                        "12",
                        "--out",
                        adapter.toString(),
                        "--json")
                .json();
    }

    @Test
    void trainWritesAPeftFolderWithItsFilesBesideIt() throws IOException {
        assertEquals(37_376, trained.integer("parameters").orElseThrow());
        double base = trained.object("base").orElseThrow().number("accuracy").orElseThrow();
        double after = trained.object("valid").orElseThrow().number("accuracy").orElseThrow();
        assertTrue(after > base + 0.2, "base " + base + ", after " + after);
        try (Stream<Path> files = Files.list(adapter)) {
            assertEquals(
                    List.of("adapter_config.json", "adapter_model.safetensors"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
        for (String end : List.of(".jsonl", ".png", ".seen")) {
            assertTrue(Files.exists(folder.resolve("math-lora" + end)), end);
        }
        assertFalse(Files.exists(folder.resolve("math-lora.factors")), "LoRA needs no factors");
    }

    @Test
    void evalAnswersWithTheAdapterAndRefusesWhatItHasSeen() throws IOException {
        JsonObject report = ok("eval", "bundled", "--task", "bundled-math", "--lora", adapter.toString(), "--json")
                .json();
        assertTrue(report.number("accuracy").orElseThrow() > 0.6); // the base: 0.45
        JsonObject adaptation = report.object("adaptation").orElseThrow();
        assertEquals("lora", adaptation.text("mode").orElseThrow());
        assertEquals(adapter.toString(), adaptation.text("adapter").orElseThrow());
        StringBuilder rows = new StringBuilder();
        BundledModel.examples("math", "valid")
                .forEach(row -> rows.append(Json.write(row.record().asMap())).append('\n'));
        Path valid = Files.writeString(folder.resolve("valid-copy.jsonl"), rows);
        String[] leak = {
            "eval", "bundled", "--task", "bundled-math", "--lora", adapter.toString(), "--data", valid.toString()
        };
        refused(1, List.of(valid.toString(), "math-lora.seen"), leak);
        String[] allowed = Arrays.copyOf(leak, leak.length + 1);
        allowed[leak.length] = "--allow-seen";
        ok(allowed);
    }

    @Test
    void runChatScoreAndLogitsTakeTheAdapter() throws IOException {
        JsonObject report = ok("run", "bundled", "--chat", "--lora", adapter.toString(), "--json", QUESTION)
                .json();
        assertEquals(
                "lora", report.object("adaptation").orElseThrow().text("mode").orElseThrow());
        Outcome chat = runWith(QUESTION + "\n/quit\n", "chat", "bundled", "--lora", adapter.toString());
        assertEquals(0, chat.code(), chat.err());
        assertEquals(report.text("text").orElseThrow(), chat.out().strip());
        String[] score = {"score", "bundled", "--prompt", QUESTION, "--completion", "7+4=11."};
        double base = ok(score).json().number("logprob").orElseThrow();
        String[] adapted = Arrays.copyOf(score, score.length + 2);
        adapted[score.length] = "--lora";
        adapted[score.length + 1] = adapter.toString();
        assertNotEquals(base, ok(adapted).json().number("logprob").orElseThrow());
        Path plain = folder.resolve("plain.safetensors");
        Path changed = folder.resolve("changed.safetensors");
        ok("logits", "bundled", "--ids", "0,3,5", "--out", plain.toString());
        ok("logits", "bundled", "--ids", "0,3,5", "--out", changed.toString(), "--lora", adapter.toString());
        assertFalse(Arrays.equals(Files.readAllBytes(plain), Files.readAllBytes(changed)));
    }

    @Test
    void anAdapterOfAnotherModelIsRefused() throws IOException {
        Path other = Files.createDirectories(folder.resolve("other"));
        Files.copy(adapter.resolve("adapter_model.safetensors"), other.resolve("adapter_model.safetensors"));
        String config = Files.readString(adapter.resolve("adapter_config.json"));
        Files.writeString(other.resolve("adapter_config.json"), config.replaceAll("(\"r\" *: *)4", "$1" + "5"));
        refused(
                1,
                List.of("adapter_model.safetensors", "expected [5, "),
                "run",
                "bundled",
                "x",
                "--lora",
                other.toString());
        Files.writeString(
                other.resolve("adapter_config.json"), config.replaceAll("(\"use_dora\" *: *)false", "$1" + "true"));
        refused(1, List.of("adapter_config.json", "use_dora"), "run", "bundled", "x", "--lora", other.toString());
        refused(
                1,
                List.of("adapter_config.json"),
                "run",
                "bundled",
                "x",
                "--lora",
                folder.resolve("no").toString());
    }

    @Test
    void optionsThatDoNotGoTogetherAreUsageErrors() {
        String lora = adapter.toString();
        refused(2, List.of("--lora", "--expert"), "run", "bundled", "x", "--lora", lora, "--expert", "math");
        refused(2, List.of("--lora", "--adapt"), "run", "bundled", "x", "--lora", lora, "--adapt", "prompt");
        refused(2, List.of("--lora", "--adapt"), "chat", "bundled", "--lora", lora, "--adapt", "prompt");
        refused(
                2,
                List.of("--lora", "--expert"),
                "logits",
                "bundled",
                "--ids",
                "1",
                "--out",
                "x",
                "--lora",
                lora,
                "--expert",
                "math");
        String[] train = {"train", "bundled", "--task", "bundled-math", "--out", "x"};
        refused(2, List.of("--rank", "--method lora"), with(train, "--rank", "4"));
        refused(2, List.of("--dropout", "--method lora"), with(train, "--dropout", "0.1"));
        refused(2, List.of("--parametrisation"), with(train, "--method", "lora", "--parametrisation", "plain"));
        refused(2, List.of("--max-mult"), with(train, "--method", "lora", "--max-mult", "2"));
        refused(2, List.of("--factors"), with(train, "--method", "lora", "--factors", "x"));
        refused(2, List.of("--method"), with(train, "--method", "prefix"));
        refused(2, List.of("rank is 0"), with(train, "--method", "lora", "--rank", "0"));
        List<String> large = List.of("rank is 65", "at most 64 for 'model.layers.0.self_attn.k_proj.weight' [64, 128]");
        refused(1, large, with(train, "--method", "lora", "--rank", "65"));
        String[] out = {"train", "bundled", "--task", "bundled-math", "--method", "lora", "--out", lora + ".seen"};
        refused(1, List.of("is a file"), out);
        out[out.length - 1] = folder.resolve("missing/adapter").toString();
        refused(1, List.of(folder.resolve("missing") + " is no folder"), out);
        assertTrue(Files.notExists(folder.resolve("missing")));
    }

    private static String[] with(String[] args, String... more) {
        return Stream.concat(Arrays.stream(args), Arrays.stream(more)).toArray(String[]::new);
    }
}
