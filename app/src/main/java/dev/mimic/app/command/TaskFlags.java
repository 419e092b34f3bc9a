package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.adapt.sandbox.SandboxLimits;
import dev.mimic.adapt.task.AnswerCheck;
import dev.mimic.adapt.task.Task;
import java.nio.file.Files;
import java.nio.file.Path;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options that say what is asked and how replies are checked. */
final class TaskFlags {
    private static final String BUNDLED = "bundled-";

    @Option(
            names = "--task",
            paramLabel = "T",
            required = true,
            description = {
                "gsm8k, math, mbpp, humaneval, arc-easy, arc-challenge, dispatch, jsonl,",
                "bundled-{math,code,reasoning,dispatch,math3,code2,chain,mixed}."
            })
    private String name;

    @Option(
            names = "--check",
            paramLabel = "C",
            description = "For jsonl: number, letter, expression, boxed or exact (default: what each record says).")
    private AnswerCheck check;

    @Option(
            names = "--dispatch-prompt",
            paramLabel = "FILE",
            description = "For dispatch: a prompt of one's own, with {question} where the question goes.")
    private Path dispatchPrompt;

    @Option(
            names = "--allow-unsandboxed",
            description = "Run the programs that a model writes even where no sandbox works.")
    private boolean allowUnsandboxed;

    /**
     * The task.
     *
     * @throws ParameterException if there is none of that name, or an option does not belong to it
     */
    Task task(CommandSpec spec) {
        if (!Task.names().contains(name)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--task: expected one of " + String.join(", ", Task.names()) + ", got '" + name + "'");
        }
        if (check != null && !name.equals("jsonl")) {
            throw new ParameterException(
                    spec.commandLine(), "--check " + check.name().toLowerCase(Locale.ROOT) + ": only for --task jsonl");
        }
        if (dispatchPrompt != null && !name.equals("dispatch")) {
            throw new ParameterException(spec.commandLine(), "--dispatch-prompt: only for --task dispatch");
        }
        Task task = check != null ? Task.jsonLines(check) : dispatchPrompt != null ? dispatch() : Task.of(name);
        return task.runsPython() ? task.withSandbox(PythonSandbox.open(SandboxLimits.DEFAULT, allowUnsandboxed)) : task;
    }

    private Task dispatch() {
        try {
            return Task.dispatch(Files.readString(dispatchPrompt));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The name that the bundled model's own files have for the task; null for other tasks. */
    String bundledName() {
        return name.startsWith(BUNDLED) ? name.substring(BUNDLED.length()) : null;
    }

    /** Whether the jar holds train and valid rows of the task. */
    boolean hasOwnSplits() {
        return bundledName() != null && BundledModel.EXPERTS.contains(bundledName());
    }
}
