package dev.mimic.app.command;

import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options that let the model choose its expert itself. */
final class AdaptFlags {
    /** Ways to choose. */
    enum Mode {
        NONE,
        PROMPT,
        CLASSIFIER,
        FEWSHOT;

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--adapt",
            paramLabel = "MODE",
            description = {
                "Who names the expert that answers. prompt: the base model, asked for the question's kind;",
                "classifier: the expert `dispatch`, asked the same; fewshot: a search over --shots of --task,",
                "once for the command; none, the default."
            })
    private Mode mode = Mode.NONE;

    @Option(
            names = "--experts",
            paramLabel = "DIR",
            description = {
                "Folder of expert-CLASS.safetensors for --adapt: math, code, reasoning, and dispatch for the",
                "classifier; a class without a file is the base model. `bundled` has its own."
            })
    private Path experts;

    @Option(
            names = "--shots",
            paramLabel = "F",
            description = "Examples to search on, in the task's form; a bundled task has its own.")
    private Path shots;

    @Option(
            names = "--dispatch-prompt",
            paramLabel = "FILE",
            description = "The prompt that asks for the kind; {question} in it stands for the question.")
    private Path dispatchPrompt;

    Mode mode() {
        return mode;
    }

    boolean active() {
        return mode != Mode.NONE;
    }

    Path experts() {
        return experts;
    }

    Path shots() {
        return shots;
    }

    Path dispatchPrompt() {
        return dispatchPrompt;
    }

    /**
     * Refuses what does not go together.
     *
     * @throws ParameterException saying what is missing or too much
     */
    void check(CommandSpec spec, String model, boolean bundled, ExpertFlags flags, TaskFlags task) {
        if (!active()) {
            return;
        }
        if (!flags.experts().isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--adapt chooses among the experts of --experts DIR, --expert fixes one: not both");
        }
        if (!bundled && experts == null) {
            throw new ParameterException(spec.commandLine(), "--adapt " + mode.text() + " needs --experts DIR");
        }
        if (!bundled && flags.factors() == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--adapt needs --factors DIR; make them once with: mimic decompose " + model + " DIR");
        }
        if (mode == Mode.FEWSHOT && (task.name() == null || (shots == null && !task.isBundled()))) {
            throw new ParameterException(spec.commandLine(), "--adapt fewshot needs --task T and --shots F");
        }
    }
}
