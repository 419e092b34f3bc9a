package dev.mimic.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShimLibrariesTest {
    @TempDir
    Path temporary;

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
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertTrue(said.endsWith("true 0\ntrue 0\n"), said);
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList());
        }
    }
}
