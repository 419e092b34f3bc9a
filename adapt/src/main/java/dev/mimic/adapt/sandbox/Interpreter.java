package dev.mimic.adapt.sandbox;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A Python 3 and the folder its library lies in.
 *
 * @param executable with links resolved, so that wrappers of version managers stay outside
 * @param prefix the installation's root
 */
record Interpreter(Path executable, Path prefix) {
    private static final Duration ANSWER_TIME = Duration.ofSeconds(20);
    private static final String QUESTION =
            "import os, sys; print(os.path.realpath(sys.executable)); print(os.path.realpath(sys.base_prefix))";

    /** The Pythons of this machine: the one on PATH, then the system's. */
    static List<Interpreter> find() {
        Set<Path> places = new LinkedHashSet<>();
        onPath("python3").ifPresent(places::add);
        places.add(Path.of("/usr/bin/python3"));
        List<Interpreter> found = new ArrayList<>();
        for (Path place : places) {
            ask(place).filter(python -> !found.contains(python)).ifPresent(found::add);
        }
        return found;
    }

    /** A program on PATH. */
    static Optional<Path> onPath(String program) {
        String path = System.getenv("PATH");
        for (String folder : (path == null ? "" : path).split(File.pathSeparator, -1)) {
            if (folder.startsWith("/") && Files.isExecutable(Path.of(folder, program))) {
                return Optional.of(Path.of(folder, program));
            }
        }
        return Optional.empty();
    }

    private static Optional<Interpreter> ask(Path place) {
        if (!Files.isExecutable(place)) {
            return Optional.empty();
        }
        ChildProcess.Result result =
                ChildProcess.run(List.of(place.toString(), "-I", "-S", "-c", QUESTION), null, ANSWER_TIME, 4096);
        List<String> lines = result.text().lines().toList();
        return result.ending() == ChildProcess.Ending.EXITED && result.exitCode() == 0 && lines.size() == 2
                ? Optional.of(new Interpreter(Path.of(lines.get(0)), Path.of(lines.get(1))))
                : Optional.empty();
    }
}
