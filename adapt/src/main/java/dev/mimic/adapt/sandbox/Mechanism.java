package dev.mimic.adapt.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A way to shut a command in, in the order they are tried. Both give it a root folder with nothing but the system's
 * programs, libraries and the Python, read-only, and a small empty {@code /tmp}; no network, no other processes in sight,
 * no {@code /proc}. They need root or user namespaces open to ordinary users.
 */
enum Mechanism {
    /** bwrap, 0.8 or newer. */
    BUBBLEWRAP,
    /** unshare, mount, pivot_root and setpriv of util-linux, by {@code isolate.sh}. */
    UNSHARE,
    /** Nothing but limits of the process. */
    NONE;

    private static final List<String> SYSTEM =
            List.of("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache");
    private static final List<String> DEVICES =
            List.of("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom");

    /** The name in messages and results. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The program it needs; empty if that is not on PATH or none is needed. */
    Optional<Path> program() {
        return switch (this) {
            case BUBBLEWRAP -> Interpreter.onPath("bwrap");
            case UNSHARE -> Interpreter.onPath("unshare");
            case NONE -> Optional.empty();
        };
    }

    /**
     * A command shut in.
     *
     * @param python shown inside
     * @param root whether this process is root, which gives up its rights inside
     * @param folder an empty folder to build the new root in
     */
    List<String> wrap(List<String> command, Interpreter python, boolean root, Path folder, SandboxLimits limits) {
        List<String> all = new ArrayList<>();
        String tool = program().map(Path::toString).orElse("");
        switch (this) {
            case BUBBLEWRAP -> {
                all.addAll(List.of(tool, "--die-with-parent", "--new-session", "--unshare-net", "--unshare-pid"));
                all.addAll(List.of("--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"));
                all.addAll(
                        root
                                ? List.of("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
                                : List.of("--unshare-user"));
                for (String place : SYSTEM) {
                    bind(Path.of(place), all);
                }
                if (!python.prefix().startsWith("/usr")) {
                    bind(python.prefix(), all);
                }
                all.addAll(List.of("--size", Long.toString(limits.fileBytes()), "--tmpfs", "/tmp", "--dev", "/dev"));
                all.addAll(List.of("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"));
            }
            case UNSHARE -> {
                all.addAll(List.of("/usr/bin/env", "setpriv", "--pdeathsig", "KILL", tool));
                if (!root) {
                    all.addAll(List.of("--user", "--map-root-user"));
                }
                all.addAll(List.of("--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"));
                all.addAll(List.of("sh", "-c", PythonSandbox.resource("isolate.sh"), "isolate", folder.toString()));
                all.addAll(List.of(Long.toString(limits.fileBytes()), root ? "keep" : "drop"));
                all.addAll(SYSTEM);
                all.addAll(DEVICES);
                if (!python.prefix().startsWith("/usr")) {
                    all.add(python.prefix().toString());
                }
                all.add("--");
            }
            case NONE -> {}
        }
        all.addAll(command);
        return all;
    }

    /** bwrap makes missing parents without access for others: they are made first, for the rights to be given up. */
    private static void bind(Path place, List<String> arguments) {
        String name = place.toString();
        if (Files.isSymbolicLink(place)) {
            try {
                arguments.addAll(
                        List.of("--symlink", Files.readSymbolicLink(place).toString(), name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        } else if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            for (int i = 1; i < place.getNameCount(); i++) {
                arguments.addAll(List.of("--perms", "0755", "--dir", "/" + place.subpath(0, i)));
            }
            arguments.addAll(List.of("--ro-bind", name, name));
        }
    }
}
