package dev.mimic.adapt.sandbox;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Runs a command with an empty environment until it ends, its time is over or it has said too much. */
final class ChildProcess {
    private static final int POLL_MILLIS = 2;
    private static final Map<String, String> ENVIRONMENT =
            Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "HOME", "/tmp", "LC_ALL", "C.UTF-8", "PYTHONHASHSEED", "0");

    private ChildProcess() {}

    /** How it ended. */
    enum Ending {
        EXITED,
        DEADLINE,
        OUTPUT,
        NOT_STARTED
    }

    /**
     * What came of it.
     *
     * @param exitCode -1 unless it exited
     * @param output standard output and error; the reason if it could not be started
     */
    record Result(Ending ending, int exitCode, byte[] output) {
        String text() {
            return new String(output, StandardCharsets.UTF_8);
        }
    }

    /**
     * Runs a command. Killing it kills what it started only if the command sees to that.
     *
     * @param input its standard input; null for none
     * @param outputLimit bytes
     */
    static Result run(List<String> command, Path input, Duration wall, int outputLimit) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(ENVIRONMENT);
        builder.redirectInput(input == null ? new File("/dev/null") : input.toFile());
        builder.redirectErrorStream(true);
        long deadline = System.nanoTime() + wall.toNanos();
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return new Result(Ending.NOT_STARTED, -1, e.getMessage().getBytes(StandardCharsets.UTF_8));
        }
        try (InputStream output = process.getInputStream()) {
            return watch(process, output, deadline, outputLimit);
        } catch (IOException e) {
            return new Result(
                    Ending.NOT_STARTED, -1, String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8));
        } finally {
            process.destroyForcibly();
        }
    }

    // polls instead of a reading thread each: a run takes tens of milliseconds at least
    private static Result watch(Process process, InputStream output, long deadline, int outputLimit)
            throws IOException {
        byte[] bytes = new byte[outputLimit + 1];
        int length = 0;
        while (true) {
            boolean ended = !process.isAlive();
            int available = output.available();
            while (available > 0 && length <= outputLimit) {
                int read = output.read(bytes, length, Math.min(available, bytes.length - length));
                length += Math.max(read, 0);
                available = output.available();
            }
            if (length > outputLimit) {
                return new Result(Ending.OUTPUT, -1, Arrays.copyOf(bytes, outputLimit));
            }
            if (ended) {
                return new Result(Ending.EXITED, process.exitValue(), Arrays.copyOf(bytes, length));
            }
            if (System.nanoTime() - deadline > 0) {
                return new Result(Ending.DEADLINE, -1, Arrays.copyOf(bytes, length));
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a Python answer ran", e);
            }
        }
    }
}
