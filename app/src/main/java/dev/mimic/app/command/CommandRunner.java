package dev.mimic.app.command;

import dev.mimic.app.terminal.Console;
import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Parses a command line, runs the command, and turns whatever goes wrong into one line and an exit code. */
public final class CommandRunner {
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private static final Pattern CONSTANTS = Pattern.compile("\\[([A-Z0-9_, ]+)\\] \\(case-(?:in)?sensitive\\)");

    private CommandRunner() {}

    /**
     * Runs one command line.
     *
     * @return 0 ok; 2 for usage: a command line that no input could make right, that is an option that is unknown,
     *     missing, not of its type or out of its range; 1 for bad input and failed work
     */
    public static int run(Console console, String... args) {
        CommandLine line = new CommandLine(new MimicCommand(console));
        line.setExpandAtFiles(false);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
        line.setUsageHelpAutoWidth(false);
        line.setUsageHelpWidth(HelpPage.WIDTH);
        line.setHelpFactory(HelpPage::new);
        line.setExecutionStrategy(CommandRunner::execute);
        line.setParameterExceptionHandler((e, _) -> usage(console, e));
        line.setExecutionExceptionHandler((e, command, result) -> failed(console, e, debug(command)));
        int code = line.execute(args);
        console.out().flush();
        return code;
    }

    /** Runs the command that was named, if its options have a meaning; help is given whatever they are. */
    private static int execute(ParseResult parsed) {
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        if (!last.isUsageHelpRequested()) {
            check(last.commandSpec());
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    private static void check(CommandSpec command) {
        Stream<Object> mixins = command.mixins().values().stream().map(CommandSpec::userObject);
        Stream.concat(mixins, Stream.of(command.userObject())).forEach(options -> {
            try {
                if (options instanceof CheckedOptions checked) {
                    checked.check();
                }
            } catch (IllegalArgumentException e) {
                throw new ParameterException(command.commandLine(), e.getMessage(), e);
            }
        });
    }

    private static boolean debug(CommandLine command) {
        return command.getCommandSpec().mixins().containsKey("common")
                && command.getCommandSpec().mixins().get("common").userObject() instanceof CommonOptions common
                && common.debug;
    }

    private static int usage(Console console, ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        console.err().println("mimic: " + oneLine(words(e.getMessage())));
        console.err().println("try: " + command + " --help");
        return USAGE;
    }

    /** Constants' names as they are typed: {@code [SVF, LORA] (case-insensitive)} is {@code svf, lora}. */
    private static String words(String message) {
        return CONSTANTS.matcher(message).replaceAll(found -> found.group(1).toLowerCase(Locale.ROOT));
    }

    private static int failed(Console console, Throwable e, boolean debug) {
        console.out().flush();
        console.err().println("mimic: " + oneLine(message(e)));
        if (debug) {
            e.printStackTrace(console.err());
        }
        return FAILED;
    }

    /** What went wrong, for the person who typed the command. */
    private static String message(Throwable e) {
        return switch (e) {
            case InvalidModelException invalid -> invalid.getMessage();
            case UncheckedIOException io -> message(io.getCause());
            case NoSuchFileException missing -> "no such file or folder: " + missing.getFile();
            case AccessDeniedException denied -> "access denied: " + denied.getFile();
            case FileAlreadyExistsException exists -> "exists already: " + exists.getFile();
            case DirectoryNotEmptyException notEmpty -> "folder is not empty: " + notEmpty.getFile();
            case NotDirectoryException noFolder -> "not a folder: " + noFolder.getFile();
            case FileSystemException file ->
                file.getFile() + ": "
                        + (file.getReason() == null ? file.getClass().getSimpleName() : file.getReason());
            case IOException io -> String.valueOf(io.getMessage());
            case OutOfMemoryError memory ->
                "out of memory: " + memory.getMessage() + "; give the heap more with MIMIC_JAVA_OPTS=-Xmx4g";
            case IllegalArgumentException argument when argument.getMessage() != null -> argument.getMessage();
            case IllegalStateException state when state.getMessage() != null -> state.getMessage();
            default -> known(e) ? e.getMessage() : "internal error: " + e + " (--debug shows where)";
        };
    }

    /** Whether an exception is one of the project's own, whose messages are made to be read. */
    private static boolean known(Throwable e) {
        return e.getClass().getPackageName().startsWith("dev.mimic.") && e.getMessage() != null;
    }

    private static String oneLine(String text) {
        return String.valueOf(text).replaceAll("\\s*\\R\\s*", " ");
    }
}
