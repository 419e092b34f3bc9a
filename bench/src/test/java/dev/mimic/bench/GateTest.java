package dev.mimic.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GateTest {
    private static final String GEMV = "gemv BF16 4096x4096 batch 1 threads 2";

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @BeforeEach
    void keepATable() throws IOException {
        Files.createDirectory(folder.resolve("tables"));
        Path table = folder.resolve("tables/this.json");
        assertEquals(0, gate("save", table.toString(), measured("kept", 0.80, 0.50)));
    }

    @Test
    void equalSharesPass() throws IOException {
        assertEquals(0, compare(measured("fresh", 0.80, 0.50)));
        assertEquals("", Files.readString(folder.resolve("fallen")));
    }

    @Test
    void aShareThatFellByATenthOrLessPasses() throws IOException {
        assertEquals(0, compare(measured("fresh", 0.73, 0.46)));
    }

    @Test
    void aShareThatFellByAFifthFailsAndIsNamed() throws IOException {
        assertEquals(1, compare(measured("fresh", 0.64, 0.50)));
        assertEquals(GEMV + "$", Files.readString(folder.resolve("fallen")));
        assertTrue(text().contains("fallen: " + GEMV), text());
        assertTrue(text().contains("1 of 2 cases"), text());
    }

    @Test
    void theBestOfSeveralListsCounts() throws IOException {
        String low = measured("low", 0.40, 0.50);
        assertEquals(0, compare(low, measured("again", 0.79, 0.20)));
    }

    @Test
    void aCaseThatIsNoLongerMeasuredFails() throws IOException {
        assertEquals(1, compare(measured("fresh", 0.80)));
    }

    @Test
    void aTableOfAnotherProcessorIsNoTable() throws IOException {
        Path table = folder.resolve("tables/this.json");
        Map<String, Object> other =
                Map.of("processor", "another, family 0, model 0", "cores", 2, "measurements", List.of());
        Files.writeString(table, Json.writeIndented(other));
        assertEquals(3, compare(measured("fresh", 0.80, 0.50)));
        assertTrue(text().contains("keep one with bench/gate.sh --save NAME"), text());
    }

    private int compare(String... fresh) throws IOException {
        List<String> args = new ArrayList<>(List.of(
                "compare",
                folder.resolve("tables").toString(),
                folder.resolve("fallen").toString()));
        args.addAll(List.of(fresh));
        return gate(args.toArray(String[]::new));
    }

    private int gate(String... args) throws IOException {
        return Gate.run(args, new PrintStream(printed, true, StandardCharsets.UTF_8));
    }

    private String text() {
        return printed.toString(StandardCharsets.UTF_8);
    }

    /** A list as {@code mimic bench --json} prints it: gemv BF16, then gemm F32, with these shares. */
    private String measured(String name, double... shares) throws IOException {
        List<Object> all = new ArrayList<>();
        for (double share : shares) {
            boolean first = all.isEmpty();
            all.add(Map.of(
                    "kernel",
                    first ? "gemv" : "gemm",
                    "dtype",
                    first ? "BF16" : "F32",
                    "shape",
                    "4096x4096",
                    "batch",
                    first ? 1 : 128,
                    "threads",
                    2,
                    "value",
                    12.5,
                    "unit",
                    first ? "GB/s" : "GFLOP/s",
                    "limit",
                    15.0,
                    "share",
                    share));
        }
        Path file = folder.resolve(name + ".json");
        Files.writeString(file, Json.write(all));
        return file.toString();
    }
}
