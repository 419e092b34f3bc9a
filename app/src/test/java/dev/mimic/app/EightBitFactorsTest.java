package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** decompose --dtype q8 on the bundled model, and what takes its factors. */
final class EightBitFactorsTest {
    private static final Pattern KL = Pattern.compile("over (\\d+) tokens: KL ([0-9.]+) nats");

    @TempDir
    private Path folder;

    private String decompose(String... more) {
        String out = folder.resolve("factors").toString();
        List<String> line = new ArrayList<>(List.of("decompose", "bundled", out, "--dtype", "q8"));
        line.addAll(List.of(more));
        return ok(line.toArray(String[]::new)).out();
    }

    @Test
    void errorsAreReportedByMatrixAndOnAText() throws IOException {
        Path text = Files.writeString(
                folder.resolve("text"), "There are 7 cups here. Cara adds 4. How many cups are there?\n".repeat(6));
        String out = decompose("--targets", "all", "--check", "--text", text.toString());
        assertEquals(
                28, out.lines().filter(line -> line.startsWith("model.layers.")).count(), out);
        Matcher worst = Pattern.compile("worst: .* relative error ([0-9.e-]+)").matcher(out);
        assertTrue(worst.find(), out);
        double error = Double.parseDouble(worst.group(1));
        // An element is off by half a step at most, evenly: by step / sqrt(12) in the root mean square, step = peak /
        // 127.
        // A column of U or V is thus off by peak / rms / 440 of its length, W by sqrt(2) of that, as U and V add up.
        // peak / rms is 1 at least (0.0032), about 3 where columns look like normal noise (0.01); 0.03 is one of 9.
        assertTrue(error > 1e-3 && error < 0.03, out);
        Matcher kl = KL.matcher(out);
        assertTrue(kl.find(), out);
        assertTrue(Integer.parseInt(kl.group(1)) > 60, out);
        // Logits that move by a deviation of d have a KL of about d²/2; 0.05 is d = 0.3. 28 matrices that are off by 1
        // %
        // each, independently, are sqrt(28) · 0.01 = 5 %: d = 0.3 where logits have a deviation of 6.
        assertTrue(Double.parseDouble(kl.group(2)) < 0.05, out);
    }

    @Test
    void truncatedFactorsAreComparedAsTheyAre() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "There are 7 cups here. Cara adds 4.\n".repeat(4));
        String out = ok(
                        "decompose",
                        "bundled",
                        folder.resolve("factors").toString(),
                        "--rank",
                        "8",
                        "--text",
                        text.toString())
                .out();
        assertTrue(out.contains("model in its factors of rank 8 beside its weights, over "), out);
        Matcher kl = KL.matcher(out);
        assertTrue(kl.find(), out);
        assertTrue(Double.parseDouble(kl.group(2)) > 0.01, out); // most of the model is missing
    }

    @Test
    void aGpuHoldsNoneAndIsNotLookedFor() {
        decompose();
        String[] run = {
            "run",
            "bundled",
            "3 + 4 =",
            "--max-tokens",
            "2",
            "--factors",
            folder.resolve("factors").toString(),
            "--device",
            "cuda"
        };
        Outcome outcome = Outcome.run(run);
        assertEquals(1, outcome.code());
        assertEquals(
                "mimic: cuda:0: factors in q8 are computed on the processor only; use --device cpu\n", outcome.err());
        run[run.length - 1] = "auto";
        assertEquals("note: computing on the processor: factors in q8 are computed there only\n", ok(run).err());
    }

    @Test
    void anExpertAnswersAsOnFactorsInF32() {
        decompose("--targets", "all");
        String factors = folder.resolve("factors").toString();
        String merged = folder.resolve("merged").toString();
        ok("merge", "bundled", "--expert", "math", "--factors", factors, "--out", merged);
        String[] plain = {"eval", "bundled", "--task", "bundled-math", "--limit", "100", "--expert", "math", "--json"};
        String[] rounded = {
            "eval",
            "bundled",
            "--task",
            "bundled-math",
            "--limit",
            "100",
            "--expert",
            "math",
            "--factors",
            factors,
            "--json"
        };
        // 0.05 is five questions of the hundred: a KL of hundredths of a nat may turn a few close first choices
        double expected = ok(plain).json().number("accuracy").orElseThrow();
        assertEquals(expected, ok(rounded).json().number("accuracy").orElseThrow(), 0.05);
        String[] folded = {"eval", merged, "--task", "bundled-math", "--limit", "100", "--json"};
        assertEquals(expected, ok(folded).json().number("accuracy").orElseThrow(), 0.05);
    }

    @Test
    void typesAndScalesAreShownAndOtherTypesRefused() {
        decompose("--targets", "*layers.0.mlp.up_proj*");
        String out = folder.resolve("factors").toString();
        String shard = ok("inspect", Path.of(out, "factors-00001.safetensors").toString())
                .out();
        for (String line : List.of(
                "up_proj.weight.U +I8 ",
                "up_proj.weight.US +F32 ",
                "up_proj.weight.VT +I8 ",
                "up_proj.weight.VS +F32 ")) {
            assertTrue(Pattern.compile(line).matcher(shard).find(), shard);
        }
        assertTrue(shard.contains("metadata dtype"), shard);
        refused(1, List.of("version is 2, now 1"), "decompose", "bundled", out, "--targets", "*layers.0.mlp.up_proj*");
    }

    @Test
    void expertsAreTrainedOnThem() {
        decompose("--targets", "mlp");
        String expert = folder.resolve("e.safetensors").toString();
        ok(
                "train",
                "bundled",
                "--task",
                "bundled-math",
                "--factors",
                folder.resolve("factors").toString(),
                "--steps",
                "1",
                "--batch",
                "4",
                "--targets",
                "mlp",
                "--out",
                expert);
        assertTrue(Files.isRegularFile(Path.of(expert)));
    }
}
