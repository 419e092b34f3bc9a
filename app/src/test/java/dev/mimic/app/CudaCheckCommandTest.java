package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static dev.mimic.app.Outcome.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.JsonObject;
import dev.mimic.testkit.ShimLibraries;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code mimic cuda-check} on the shim: the command that a GPU is to be tried with has run, and has seen faults. */
final class CudaCheckCommandTest {
    private static final String[] LINE = {"cuda-check", "--size", "40", "--threads", "2"};

    @Test
    void aSoundDevicePassesAndIsDescribed() {
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            String out = ok(LINE).out();
            List<String> lines = out.lines().toList();
            assertTrue(lines.getFirst().startsWith("cuda           1 GPU, CUDA 12.4 of " + shim.folder()), out);
            assertTrue(lines.contains("libcublas      " + shim.file("cublas")), out);
            assertTrue(
                    lines.contains("cuda:0         Stand-in, compute capability 9.0, 1 SMs, 0.25 of 0.25 GiB free"),
                    out);
            assertEquals("33 passed, 0 failed, 2 skipped", lines.getLast());
            List<String> checks =
                    lines.stream().filter(line -> line.startsWith("ok ")).toList();
            assertEquals(33, checks.size());
            assertTrue(checks.stream().anyMatch(line -> line.contains("  model forward, expert  ")), out);
            int error = lines.stream()
                    .filter(line -> line.contains("tolerance"))
                    .findFirst()
                    .orElseThrow()
                    .indexOf("tolerance");
            for (String check : checks) { // aligned: no cell runs into the next
                assertTrue(check.length() < error || check.charAt(error - 1) == ' ', check);
            }
            assertEquals(
                    2,
                    lines.stream().filter(line -> line.startsWith("skipped ")).count());
            int noted = lines.indexOf("         needs 4.25 GiB, 0.25 are free");
            assertTrue(noted > 0 && lines.get(noted - 1).startsWith("skipped  gemm, 2^31 elements"), out);
            lines.stream()
                    .filter(line -> !line.contains(shim.folder().toString()))
                    .forEach(line -> {
                        assertTrue(line.length() <= 100, line);
                    });
        }
        shim.assertClean();
    }

    @Test
    void aDeviceThatErrsFailsByNameAndExitsWithOne() {
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            shim.spoil("sigma off");
            Outcome outcome = run(LINE);
            assertEquals(1, outcome.code());
            List<String> failed = outcome.out()
                    .lines()
                    .filter(line -> line.startsWith("FAIL"))
                    .toList();
            assertEquals(3, failed.size(), outcome.out());
            assertTrue(failed.getFirst().startsWith("FAIL     gesvd, tall"), outcome.out());
            assertTrue(outcome.out().endsWith("\n30 passed, 3 failed, 2 skipped\n"), outcome.out());
        }
        shim.assertClean();
    }

    @Test
    void wrongProductsAreSeenInTheModelToo() {
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            shim.spoil("tf32 for f32");
            Outcome outcome = run(LINE);
            assertEquals(1, outcome.code());
            assertTrue(
                    outcome.out().lines().anyMatch(line -> line.startsWith("FAIL     model forward, expert ")),
                    outcome.out());
        }
    }

    @Test
    void theReportIsOneObjectOfJson() {
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            JsonObject report = ok("cuda-check", "--size", "24", "--json").json();
            assertEquals(33, report.number("passed").orElseThrow());
            assertEquals(0, report.number("failed").orElseThrow());
            assertEquals(2, report.number("skipped").orElseThrow());
            assertEquals(35, report.list("checks").orElseThrow().size());
            assertTrue(report.object("found").orElseThrow().text("cuda:0").isPresent());
        }
    }

    @Test
    void withoutCudaThereIsOneLine() {
        refused(1, List.of("cuda:0 cannot be used: ", "mimic.cuda=off"), "cuda-check");
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            refused(1, List.of("cuda:4: no such GPU, expected cuda:0"), "cuda-check", "--device", "cuda:4");
        }
    }

    @Test
    void whatIsNoGpuOrNoSizeIsUsage() {
        refused(2, List.of("--device", "cpu"), "cuda-check", "--device", "cpu");
        refused(2, List.of("--device", "gpu"), "cuda-check", "--device", "gpu");
        refused(2, List.of("--size", "7"), "cuda-check", "--size", "7");
    }
}
