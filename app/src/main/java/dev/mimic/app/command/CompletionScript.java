package dev.mimic.app.command;

import dev.mimic.app.terminal.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.AutoComplete;
import picocli.CommandLine;

/** Writes the completion script for bash and zsh; the distribution's build runs it. */
public final class CompletionScript {
    private CompletionScript() {}

    /**
     * Writes the script.
     *
     * @param args the file to write
     */
    public static void main(String[] args) throws IOException {
        Console console = new Console(System.in, System.out, System.err, false);
        Path file = Path.of(args[0]);
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, AutoComplete.bash("mimic", new CommandLine(new MimicCommand(console))));
    }
}
