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

/** What a command line gave, run in this process. */
record Outcome(int code, String out, String err) {
    static Outcome run(String... args) {
        return runWith("", args);
    }

    static Outcome runWith(String stdin, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false);
        int code = CommandRunner.run(console, args);
        return new Outcome(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** A command that must succeed. */
    static Outcome ok(String... args) {
        Outcome outcome = run(args);
        assertEquals(0, outcome.code(), () -> Arrays.toString(args) + ": " + outcome.err());
        assertEquals(List.of(), outcome.errors());
        return outcome;
    }

    /** A command that must fail in one line that holds all these words. */
    static void refused(int code, List<String> words, String... args) {
        Outcome outcome = run(args);
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
