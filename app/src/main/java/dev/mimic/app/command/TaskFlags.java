package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.adapt.sandbox.SandboxLimits;
import dev.mimic.adapt.task.AnswerCheck;
import dev.mimic.adapt.task.Task;
import dev.mimic.app.terminal.Console;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options that say what a data file is. */
final class TaskFlags implements CheckedOptions {
    @Option(
            names = "--task",
            paramLabel = "T",
            description = {
                "gsm8k, math, mbpp, humaneval, arc-easy, arc-challenge, dispatch, jsonl ({prompt, answer} a line,",
                "with --check or a check of its own), or bundled-NAME: math, code, reasoning, dispatch, math3, code2,",
                "chain, mixed."
            })
    private String task;

    @Option(names = "--check", paramLabel = "C", description = "For jsonl: number, letter, expression, boxed or exact.")
    private String check;

    @Option(
            names = "--allow-unsandboxed",
            description = {
                "mbpp and humaneval: where no sandbox works, run the model's programs as this user all the same,",
                "with this user's files and network."
            })
    private boolean allowUnsandboxed;

    /** The task's name; null if none is given. */
    String name() {
        return task;
    }

    /** Whether the task is one of the bundled model's, whose data are in the jar. */
    boolean isBundled() {
        return task != null && task.startsWith(BundledModel.NAME + "-");
    }

    /** The name that the bundled model's own files have for the task; null for other tasks. */
    String bundledName() {
        return isBundled() ? task.substring(BundledModel.NAME.length() + 1) : null;
    }

    /** Whether the jar holds train and valid rows of the task. */
    boolean hasOwnSplits() {
        return isBundled() && BundledModel.EXPERTS.contains(bundledName());
    }

    @Override
    public void check() {
        if (task != null) {
            if (check != null && !task.equals("jsonl")) {
                throw new IllegalArgumentException("--check goes with --task jsonl, got --task " + task);
            }
            named(task, check);
        }
    }

    /** The task without what its answers run in. */
    private static Task named(String name, String check) {
        return check == null
                ? Task.of(name)
                : Task.jsonLines(AnswerCheck.of(check)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "--check: '" + check + "', expected number, letter, expression, boxed or exact")));
    }

    /**
     * The task, ready to judge replies.
     *
     * @throws ParameterException if none is given
     * @throws IllegalStateException if it runs Python and there is no sandbox
     */
    Task task(CommandSpec spec, Console console) {
        if (task == null) {
            throw new ParameterException(spec.commandLine(), "expected --task T");
        }
        return task(task, check, allowUnsandboxed, console);
    }

    /**
     * A task, ready to judge replies.
     *
     * @param check of the task jsonl; null for what its records name
     * @throws IllegalArgumentException if there is no such task or check
     * @throws IllegalStateException if it runs Python and there is no sandbox
     */
    static Task task(String name, String check, boolean allowUnsandboxed, Console console) {
        Task found = named(name, check);
        if (!found.runsPython()) {
            return found;
        }
        PythonSandbox sandbox = PythonSandbox.open(SandboxLimits.DEFAULT, allowUnsandboxed);
        console.note(name + ": answers run in " + sandbox.mechanism());
        return found.withSandbox(sandbox);
    }
}
