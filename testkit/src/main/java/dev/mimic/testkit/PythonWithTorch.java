package dev.mimic.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A Python 3 that can import torch, where this machine has one: it writes files that readers of ours must understand. */
public final class PythonWithTorch {
    private final String python;

    private PythonWithTorch(String python) {
        this.python = python;
    }

    /**
     * Looks for one; ends the test as skipped, and records the suite's name, where there is none.
     *
     * @param suite what is skipped
     */
    public static PythonWithTorch orSkip(String suite) throws IOException, InterruptedException {
        for (String python : List.of("/usr/bin/python3", "python3")) {
            Optional<String> version = said(python, "import torch; print(torch.__version__)", List.of());
            if (version.isPresent()) {
                TestFolders.used(suite, "torch " + version.get().strip());
                return new PythonWithTorch(python);
            }
        }
        throw TestFolders.skip(suite, "no python3 with torch");
    }

    /**
     * Runs a script.
     *
     * @param arguments {@code sys.argv[1:]}
     */
    public void run(String script, Object... arguments) throws IOException, InterruptedException {
        List<String> texts = new ArrayList<>();
        for (Object argument : arguments) {
            texts.add(String.valueOf(argument));
        }
        if (said(python, script, texts).isEmpty()) {
            throw new AssertionError("the python script failed: " + script);
        }
    }

    /** What a script prints; empty if there is no such Python or the script fails. */
    private static Optional<String> said(String python, String script, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(python, "-c", script));
        command.addAll(arguments);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? Optional.of(said) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // no such interpreter
        }
    }
}
