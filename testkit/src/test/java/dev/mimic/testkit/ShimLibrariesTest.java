package dev.mimic.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShimLibrariesTest {
    private static final int PATIENCE_SECONDS = 120;

    @TempDir
    Path temporary;

    @TempDir
    Path folder;

    /** What the JVM of its own does: the libraries are there, and in use. */
    public static void main(String[] args) {
        for (int major : new int[] {12, 13}) {
            ShimLibraries shim = ShimLibraries.fresh(major);
            System.out.println(Files.exists(shim.file("cublas")) + " " + shim.liveBytes());
        }
    }

    @Test
    void aProcessThatUsedItLeavesNoFileBehind() throws IOException, InterruptedException {
        ShimLibraries.fresh(); // where there is no compiler, there is no test
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djava.io.tmpdir=" + temporary,
                        "-Dmimic.root=" + TestFolders.root().toAbsolutePath(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ShimLibrariesTest.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        String said = Files.readString(output, StandardCharsets.UTF_8);
        assertTrue(ended, () -> "still runs after " + PATIENCE_SECONDS + " s: " + said);
        assertEquals(0, process.exitValue(), said);
        assertTrue(said.endsWith("true 0\ntrue 0\n"), said);
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList());
        }
    }
}
