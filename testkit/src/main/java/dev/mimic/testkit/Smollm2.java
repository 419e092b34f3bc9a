package dev.mimic.testkit;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the real model SmolLM2-135M-Instruct lies as a GGUF file: the environment variable MIMIC_SMOLLM2 names it, else it
 * is where {@code tools/fetch-smollm2} puts it. Tests fetch nothing.
 */
public final class Smollm2 {
    private static final String NAME = "SmolLM2-135M-Instruct.Q4_1.gguf";

    private Smollm2() {}

    /**
     * The file; ends the test as skipped, and records the suite's name, where it is not there.
     *
     * @param suite what is skipped, for the closing lines of the build
     */
    public static Path ggufOrSkip(String suite) {
        String variable = System.getenv("MIMIC_SMOLLM2");
        Path file =
                variable == null ? TestFolders.root().resolve("target/smollm2").resolve(NAME) : Path.of(variable);
        if (Files.isRegularFile(file)) {
            TestFolders.used(suite, file.getFileName());
            return file;
        }
        if (variable != null) {
            throw new AssertionError("MIMIC_SMOLLM2: no such file: " + variable);
        }
        throw TestFolders.skip(suite, "no SmolLM2 file; tools/fetch-smollm2 gets it");
    }

    /** The folder of {@code smollm2.json}, what the model must say; skips as {@link TestFolders#sharedOrSkip}. */
    public static Path goldensOrSkip(String suite) {
        return TestFolders.sharedOrSkip(suite, "smollm2", "oracle/smollm2");
    }
}
