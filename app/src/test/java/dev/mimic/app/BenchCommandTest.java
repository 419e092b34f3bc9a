package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BenchCommandTest {
    @TempDir
    private Path folder;

    @Test
    @SuppressWarnings("unchecked") // the JSON just written
    void aCaseIsMeasuredOnOneAndOnAllThreads() throws IOException {
        Path out = folder.resolve("new/bench");
        Outcome outcome = ok(
                "bench",
                "--quick",
                "--only",
                "gemv BF16 4096x4096",
                "--threads",
                "2",
                "--json",
                "--out",
                out.toString());
        List<Map<String, Object>> rows = (List<Map<String, Object>>) Json.parse(outcome.out(), "stdout");
        assertEquals(2, rows.size());
        for (int i = 0; i < 2; i++) {
            Map<String, Object> row = rows.get(i);
            assertEquals(
                    List.of("kernel", "dtype", "shape", "batch", "threads", "value", "unit", "limit", "share"),
                    List.copyOf(row.keySet()));
            assertEquals("gemv", row.get("kernel"));
            assertEquals("BF16", row.get("dtype"));
            assertEquals("4096x4096", row.get("shape"));
            assertEquals(1, ((Number) row.get("batch")).intValue());
            assertEquals(i + 1, ((Number) row.get("threads")).intValue());
            assertEquals("GB/s", row.get("unit"));
            double value = ((Number) row.get("value")).doubleValue();
            double limit = ((Number) row.get("limit")).doubleValue();
            assertTrue(value > 0 && limit > 0, outcome.out());
            assertEquals(value / limit, ((Number) row.get("share")).doubleValue(), 1e-9);
        }
        assertEquals(rows, Json.parse(Files.readString(out.resolve("bench.json")), "bench.json"));
        List<String> table = Files.readAllLines(out.resolve("bench.md")).stream()
                .filter(line -> line.startsWith("| gemv | BF16 | 4096x4096 | 1 | "))
                .toList();
        assertEquals(2, table.size());
        assertTrue(ImageIO.read(out.resolve("roofline.png").toFile()).getWidth() > 500);
    }

    @Test
    void withoutJsonItPrintsATable() {
        String text =
                ok("bench", "--quick", "--only", "rmsNorm", "--threads", "1").out();
        assertTrue(text.contains("GB/s from memory"), text);
        assertTrue(text.lines().anyMatch(line -> line.matches("rmsNorm +F32 .*GB/s .*")), text);
    }

    @Test
    void whatCannotBeMeasuredIsRefused() throws IOException {
        refused(2, List.of("--only", "("), "bench", "--only", "(");
        refused(1, List.of("--only", "nothing matches", "gemw"), "bench", "--only", "gemw");
        Path file = Files.writeString(folder.resolve("file"), "");
        refused(1, List.of("file"), "bench", "--out", file.toString());
    }
}
