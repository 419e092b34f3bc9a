package dev.mimic.app;

import dev.mimic.app.command.CommandRunner;
import dev.mimic.app.terminal.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The command line's entry: {@code mimic COMMAND}. */
public final class Main {
    private Main() {}

    /**
     * Runs a command and ends the JVM with its exit code: 0 ok, 1 bad input or failed work, 2 usage.
     *
     * @param args command and options
     */
    public static void main(String[] args) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        Console console = new Console(System.in, out, err, Boolean.getBoolean("mimic.live"));
        int code = CommandRunner.run(console, args);
        out.flush();
        System.exit(code);
    }
}
