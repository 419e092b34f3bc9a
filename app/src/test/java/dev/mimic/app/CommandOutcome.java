package dev.mimic.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.app.command.CommandRunner;
import dev.mimic.app.terminal.Console;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * What a command line left behind.
 *
 * @param code its exit code
 */
record CommandOutcome(int code, String out, String err) {
    /** Runs a command line as a script does. */
    static CommandOutcome run(String stdin, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false);
        int code = CommandRunner.run(console, args);
        return new CommandOutcome(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** Runs one that must succeed. */
    static CommandOutcome ok(String... args) {
        CommandOutcome outcome = run("", args);
        assertEquals(0, outcome.code(), () -> Arrays.toString(args) + ": " + outcome.err());
        assertEquals(List.of(), outcome.errors());
        return outcome;
    }

    /** Runs one that must fail in one line that holds some words. */
    static void refused(int code, List<String> words, String... args) {
        CommandOutcome outcome = run("", args);
        assertEquals(code, outcome.code(), () -> Arrays.toString(args) + ": " + outcome.err());
        assertEquals(1, outcome.errors().size(), outcome.err());
        assertEquals("", outcome.out());
        for (String word : words) {
            assertTrue(outcome.errors().getFirst().contains(word), outcome.err());
        }
    }

    JsonObject json() {
        return Json.parseObject(out.getBytes(StandardCharsets.UTF_8), "stdout");
    }

    List<String> errors() {
        return err.lines().filter(line -> line.startsWith("mimic:")).toList();
    }
}
