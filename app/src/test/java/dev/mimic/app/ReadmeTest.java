package dev.mimic.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.TestFolders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReadmeTest {
    private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

    private static final Pattern WORD = Pattern.compile("(\"[^\"]*\"|[^\\s\"]+)( |$)");

    @TempDir
    private Path folder;

    @Test
    void theExampleCompilesAndAnswers() throws IOException, ReflectiveOperationException {
        Matcher block = JAVA.matcher(Files.readString(TestFolders.root().resolve("README.md")));
        assertTrue(block.find(), "README.md has no Java example");
        Path source = Files.writeString(folder.resolve("Hello.java"), block.group(1));
        String path = Stream.of("kernels", "loader", "engine", "adapt")
                .map(room -> TestFolders.root()
                        .resolve(room)
                        .resolve("target/classes")
                        .toString())
                .collect(Collectors.joining(System.getProperty("path.separator")));
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        int code = ToolProvider.getSystemJavaCompiler()
                .run(null, errors, errors, "-cp", path, "-d", folder.toString(), source.toString());
        assertEquals(0, code, () -> errors.toString(StandardCharsets.UTF_8));
        assertFalse(answer().isBlank());
    }

    private String answer() throws IOException, ReflectiveOperationException {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            Method main = loader.loadClass("Hello").getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void everyCommandTakesItsOptions() throws IOException {
        List<List<String>> commands = commands();
        assertFalse(commands.isEmpty());
        for (List<String> command : commands) {
            List<String> words = new ArrayList<>(command);
            words.add("--help"); // parses all of it and runs none
            Outcome outcome = Outcome.ok(words.toArray(String[]::new));
            assertTrue(outcome.out().startsWith("Usage: mimic"), () -> command + ": " + outcome.out());
        }
    }

    @Test
    void whatItAsksTheBundledModelIsAnswered() throws IOException {
        List<List<String>> asked = commands().stream()
                .filter(command -> command.size() > 2 && command.subList(0, 2).equals(List.of("run", "bundled")))
                .toList();
        assertFalse(asked.isEmpty());
        for (List<String> command : asked) {
            assertFalse(Outcome.ok(command.toArray(String[]::new)).out().isBlank(), () -> command.toString());
        }
    }

    /** The words after {@code ./mimic} of every line that begins with it, up to two blanks outside quotes. */
    private static List<List<String>> commands() throws IOException {
        List<List<String>> commands = new ArrayList<>();
        for (String line : Files.readAllLines(TestFolders.root().resolve("README.md"))) {
            if (line.startsWith("    ./mimic ")) {
                Matcher word = WORD.matcher(line.strip().substring("./mimic ".length()));
                List<String> words = new ArrayList<>();
                while (word.lookingAt()) {
                    words.add(word.group(1).replace("\"", ""));
                    word.region(word.end(), word.regionEnd());
                }
                commands.add(words);
            }
        }
        return commands;
    }
}
