package dev.mimic.app.command;

import dev.mimic.app.terminal.Console;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root command: holds the console, lists the others. */
@Command(
        name = "mimic",
        version = "mimic " + MimicCommand.VERSION,
        description = {
            "Transformer² on the JVM: runs a model, takes its weights apart, and adapts it by scaling singular values.",
            ""
        },
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            ChatCommand.class,
            LogitsCommand.class,
            ScoreCommand.class,
            TokenizeCommand.class,
            RenderCommand.class,
            InspectCommand.class,
            SvdCommand.class,
            DecomposeCommand.class,
            MergeCommand.class,
            QuantizeCommand.class,
            TrainCommand.class,
            AdaptCommand.class,
            EvalCommand.class,
            CompareCommand.class,
            ImportCommand.class,
            ImportSakanaCommand.class,
            DoctorCommand.class,
            CudaCheckCommand.class,
            BenchCommand.class,
        },
        footer = {
            "",
            "MODEL is a Hugging Face folder, or `bundled` for the tiny model in the jar. Start with:",
            "",
            "  mimic demo",
            "  mimic run bundled --chat --expert math \"Ann has 7 cups and buys 4. How many?\""
        })
final class MimicCommand implements Callable<Integer> {
    /** The version of all modules. */
    static final String VERSION = "0.1.0";

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean version;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    MimicCommand(Console console) {
        this.console = console;
    }

    Console console() {
        return console;
    }

    @Override
    public Integer call() {
        throw new ParameterException(
                new CommandLine(spec),
                "which command? One of " + spec.subcommands().keySet());
    }
}
