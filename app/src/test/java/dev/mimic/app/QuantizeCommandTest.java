package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** quantize and --quantize as scripts use them. */
final class QuantizeCommandTest {
    private static final String QUESTION = "There are 7 cups here. Cara adds 4. How many cups are there?";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"q8", "q4"})
    void aFolderRunsAsTheWeightsRoundedWhileLoading(String format) throws IOException {
        String out = folder.resolve("out").toString();
        Path text = Files.writeString(folder.resolve("text"), (QUESTION + "\n").repeat(6));
        JsonObject report = ok("quantize", "bundled", out, "--format", format, "--check", text.toString(), "--json")
                .json();
        assertEquals(format, report.text("format").orElseThrow());
        JsonObject worst = report.object("worst").orElseThrow();
        double largest = report.objects("matrices").orElseThrow().stream()
                .mapToDouble(matrix -> matrix.number("relative_error").orElseThrow())
                .max()
                .orElseThrow();
        assertEquals(largest, worst.number("relative_error").orElseThrow());
        assertTrue(largest < (format.equals("q8") ? 0.02 : 0.2), "relative error " + largest);
        JsonObject check = report.object("check").orElseThrow();
        assertTrue(check.number("kl").orElseThrow() > 0);
        assertTrue(check.integer("tokens").orElseThrow() > 60);
        String folderText = ok("run", out, QUESTION, "--chat").out();
        assertEquals(
                folderText,
                ok("run", "bundled", QUESTION, "--chat", "--quantize", format).out());
        String score =
                ok("score", out, "--prompt", "Two and", "--completion", " two").out();
        assertEquals(
                score,
                ok("score", "bundled", "--prompt", "Two and", "--completion", " two", "--quantize", format)
                        .out());
    }

    @Test
    void theReportNamesEveryMatrixAndTheWorst() {
        String out = ok("quantize", "bundled", folder.resolve("out").toString()).out();
        assertTrue(out.contains("model.embed_tokens.weight"), out);
        assertTrue(out.contains("\nworst: "), out);
    }

    @Test
    void aTextTooShortToCompareOnIsRefusedBeforeAnyWork() throws IOException {
        String text = Files.writeString(folder.resolve("empty.txt"), "").toString();
        Path out = folder.resolve("out");
        refused(1, List.of("empty.txt", "expected at least 2"), "quantize", "bundled", out.toString(), "--check", text);
        refused(1, List.of("empty.txt", "expected at least 2"), "decompose", "bundled", out.toString(), "--text", text);
        assertFalse(Files.exists(out));
    }

    @Test
    void whatNeedsPlainWeightsRefusesRoundedOnes() {
        String out = folder.resolve("out").toString();
        String other = folder.resolve("other").toString();
        ok("quantize", "bundled", out);
        refused(1, List.of("quantized to q8"), "decompose", out, other);
        refused(1, List.of("quantized to q8"), "quantize", out, other);
        refused(1, List.of("quantized to q8"), "merge", out, "--expert", "base", "--out", other);
        refused(1, List.of("quantized to q8"), "train", out, "--task", "bundled-math", "--out", other + ".safetensors");
        refused(1, List.of("quantized already"), "run", out, "x", "--quantize", "q4");
        refused(1, List.of("out"), "quantize", "bundled", out);
    }
}
