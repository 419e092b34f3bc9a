package dev.mimic.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * mimic in a JVM of its own, started as the launcher does, for tests that need its exit code, or its death. Its temporary
 * files go to a folder given by the test, since a killed JVM leaves them behind.
 */
final class ForkedMimic implements AutoCloseable {
    private static final int KILLED = 128 + 9;
    private static final int PATIENCE_SECONDS = 300;
    private static final long SIGINT_BIT = 1 << 1;

    private final Process process;
    private final Path err;

    private ForkedMimic(Process process, Path err) {
        this.process = process;
        this.err = err;
    }

    /**
     * Starts a command.
     *
     * @param folder for what it prints and its temporary files
     */
    static ForkedMimic start(Path folder, List<String> arguments) throws IOException {
        return start(folder, List.of("--enable-native-access=dev.mimic.kernels"), arguments);
    }

    /** Starts a command with other rights than the launcher gives. */
    static ForkedMimic start(Path folder, List<String> rights, List<String> arguments) throws IOException {
        Path temporary = Files.createDirectories(folder.resolve("tmp"));
        List<String> command = new ArrayList<>();
        if (interruptsAreIgnored()) {
            // a build in the background of a shell: a JVM would inherit that
            command.addAll(List.of("env", "--default-signal=INT"));
        }
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0", // as the launcher has it
                "-Djava.awt.headless=true",
                "-Djava.io.tmpdir=" + temporary,
                "-Dmimic.vector=" + System.getProperty("mimic.vector", "best"),
                "--module-path=" + Objects.requireNonNull(System.getProperty("jdk.module.path"), "module path")));
        command.addAll(rights);
        command.add("--module=dev.mimic.app/dev.mimic.app.Main");
        command.addAll(arguments);
        Path err = folder.resolve("stderr");
        return new ForkedMimic(
                new ProcessBuilder(command)
                        .redirectOutput(folder.resolve("stdout").toFile())
                        .redirectError(err.toFile())
                        .start(),
                err);
    }

    private static boolean interruptsAreIgnored() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .map(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                .anyMatch(mask -> (mask & SIGINT_BIT) != 0);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL, without a wait for its effect. */
    void kill() {
        process.destroyForcibly();
    }

    /** What ^C sends. */
    void interrupt() throws IOException, InterruptedException {
        int code = new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                .start()
                .waitFor();
        if (code != 0) {
            throw new IOException("kill -INT: exit " + code);
        }
    }

    /** Waits for the end. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("mimic: still runs after " + PATIENCE_SECONDS + " s: " + errors());
        }
        return process.exitValue();
    }

    /** Waits for the end; whether it was SIGKILL, and not an end of its own. */
    boolean wasKilled() throws InterruptedException {
        int code = exitCode();
        if (code != 0 && code != KILLED) {
            throw new AssertionError(String.format(Locale.ROOT, "mimic: exit %d: %s", code, errors()));
        }
        return code == KILLED;
    }

    /** What it has written to stderr. */
    String errors() {
        try {
            return Files.readString(err, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
