package dev.mimic.adapt.sandbox;

import dev.mimic.adapt.sandbox.PythonOutcome.Ending;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Runs Python answers with their tests, each in a process of its own: no network, nothing to read but the system's
 * programs and the Python itself, nothing to write but a small temporary folder, limits of processor, memory, processes,
 * files and output, and a deadline. Bubblewrap is tried first, then unshare; one counts as usable only after a trial run
 * that saw neither a file nor a port of this machine.
 *
 * <p>An answer is right only if its tests ran to their end: leaving early, with whatever exit code, is no pass. The
 * answer and its tests share a process, so an answer made to cheat could still look for the tests' variables; it is held
 * back from harm, not from cleverness. The hash seed is fixed, so that the same answer ends the same way.
 *
 * <p>Thread-safe; runs are independent of each other.
 */
public final class PythonSandbox {
    private static final int FIRST_UID = 30_000; // above people's accounts, below nobody and mapped ranges
    private static final int UIDS = 29_000;

    private final Mechanism mechanism;
    private final Interpreter python;
    private final SandboxLimits limits;
    private final boolean root;
    private final SecureRandom random = new SecureRandom();
    private final String driver = resource("driver.py");

    private PythonSandbox(Mechanism mechanism, Interpreter python, SandboxLimits limits) {
        this.mechanism = mechanism;
        this.python = python;
        this.limits = limits;
        this.root = isRoot();
    }

    /**
     * Finds a sandbox that works on this machine.
     *
     * @param allowUnsandboxed where none works, run answers with the limits of a process alone, as this user and with
     *     this user's files and network
     * @throws IllegalStateException if none works and that is not allowed, or there is no Python 3: why, in one line
     */
    public static PythonSandbox open(SandboxLimits limits, boolean allowUnsandboxed) {
        List<String> reasons = new ArrayList<>();
        for (Mechanism each : List.of(Mechanism.BUBBLEWRAP, Mechanism.UNSHARE)) {
            try {
                return open(each, limits);
            } catch (IllegalStateException e) {
                reasons.add(each.label() + ": " + e.getMessage());
            }
        }
        if (allowUnsandboxed) {
            return open(Mechanism.NONE, limits);
        }
        throw new IllegalStateException("Python answers: no usable sandbox, expected bubblewrap or unshare, found "
                + String.join("; ", reasons) + " (--allow-unsandboxed runs them with this user's files and network)");
    }

    /** One mechanism, tried; an {@link IllegalStateException} says why it does not work. */
    static PythonSandbox open(Mechanism mechanism, SandboxLimits limits) {
        if (mechanism != Mechanism.NONE && mechanism.program().isEmpty()) {
            throw new IllegalStateException("not installed");
        }
        String reason = "no python3 on PATH";
        for (Interpreter python : Interpreter.find()) {
            PythonSandbox sandbox = new PythonSandbox(mechanism, python, limits);
            PythonOutcome trial = sandbox.trial();
            if (trial.passed()) {
                return sandbox;
            }
            reason = trial.output().isBlank()
                    ? "the trial ended with " + trial.ending()
                    : trial.output().strip().replaceAll("\\s+", " ");
        }
        throw new IllegalStateException(reason.length() <= 200 ? reason : reason.substring(0, 199) + "…");
    }

    /** What shuts the answers in: {@code bubblewrap}, {@code unshare} or {@code none}. */
    public String mechanism() {
        return mechanism.label();
    }

    /**
     * Runs an answer, then its tests in the same module.
     *
     * @param answer Python source
     * @param tests Python source that fails by an exception
     * @throws UncheckedIOException if the temporary folder cannot be written
     */
    public PythonOutcome run(String answer, String tests) {
        byte[] secret = new byte[16];
        random.nextBytes(secret);
        byte[] password = HexFormat.of().formatHex(secret).getBytes(StandardCharsets.US_ASCII);
        try {
            Path folder = Files.createTempDirectory("mimic-python-");
            Path input = folder.resolve("input");
            Path place = folder.resolve("root");
            try {
                Files.write(input, input(password, answer, tests));
                Files.createDirectory(place);
                return outcome(ChildProcess.run(command(place), input, limits.wall(), limits.outputBytes()), password);
            } finally {
                Files.deleteIfExists(input);
                Files.deleteIfExists(place);
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] input(byte[] password, String answer, String tests) {
        byte[] first = answer.getBytes(StandardCharsets.UTF_8);
        byte[] second = tests.getBytes(StandardCharsets.UTF_8);
        byte[] head = (new String(password, StandardCharsets.US_ASCII) + " " + first.length + " " + second.length
                        + "\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(head, head.length + first.length + second.length);
        System.arraycopy(first, 0, all, head.length, first.length);
        System.arraycopy(second, 0, all, head.length + first.length, second.length);
        return all;
    }

    private List<String> command(Path place) {
        boolean shut = mechanism != Mechanism.NONE;
        // a user of its own for each run: the limit of processes counts by user, and root has none
        int uid = shut && root ? FIRST_UID + random.nextInt(UIDS) : -1;
        List<String> command = List.of(
                python.executable().toString(),
                "-s", // no packages of the user, none of the site, no compiled files written
                "-S",
                "-B",
                "-c",
                driver,
                Integer.toString(uid),
                Integer.toString(limits.cpuSeconds()),
                Long.toString(limits.memoryBytes()),
                Integer.toString(shut ? limits.processes() : -1),
                Long.toString(limits.fileBytes()));
        return mechanism.wrap(command, python, root, place, limits);
    }

    private static PythonOutcome outcome(ChildProcess.Result result, byte[] password) {
        byte[] output = result.output();
        int end = output.length - password.length;
        boolean said = end >= 0 && Arrays.equals(output, end, output.length, password, 0, password.length);
        String text = new String(output, 0, said ? end : output.length, StandardCharsets.UTF_8);
        return new PythonOutcome(
                switch (result.ending()) {
                    case EXITED -> said && result.exitCode() == 0 ? Ending.PASSED : Ending.FAILED;
                    case DEADLINE -> Ending.DEADLINE;
                    case OUTPUT -> Ending.OUTPUT;
                    case NOT_STARTED -> Ending.FAILED;
                },
                text);
    }

    private PythonOutcome trial() {
        if (mechanism == Mechanism.NONE) {
            return run("one = 1", "assert one + one == 2");
        }
        try (ServerSocket port = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Path file = Files.createTempFile(
                    "mimic-outside-",
                    "",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
            try {
                String quoted = "'" + file.toString().replace("\\", "\\\\").replace("'", "\\'") + "'";
                return run("one = 1", """
                        import os, socket
                        assert not os.path.exists(%s)
                        try:
                            socket.create_connection(("127.0.0.1", %d), 2)
                            raise SystemExit("the network is there")
                        except OSError:
                            pass
                        """.formatted(quoted, port.getLocalPort()));
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UnsupportedOperationException e) {
            throw new IllegalStateException("cannot be tried: " + e.getMessage(), e);
        }
    }

    private static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Integer uid && uid == 0;
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return false; // not Linux: no mechanism works there anyway
        }
    }

    static String resource(String name) {
        try (InputStream in = PythonSandbox.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("the jar lacks " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
