package dev.mimic.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.app.command.CommandRunner;
import dev.mimic.app.terminal.Console;
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
    void everyCommandInTheReadmeIsOne() throws IOException {
        List<String> commands = Files.readAllLines(TestFolders.root().resolve("README.md")).stream()
                .filter(line -> line.startsWith("    ./mimic "))
                .map(line -> line.strip().replaceAll("^\\S+ (\\S+).*", "$1"))
                .toList();
        assertFalse(commands.isEmpty());
        ByteArrayOutputStream help = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(help, true, StandardCharsets.UTF_8);
        CommandRunner.run(new Console(System.in, out, out, false), "--help");
        String text = help.toString(StandardCharsets.UTF_8);
        commands.forEach(command -> assertTrue(text.contains("\n  " + command + " "), command));
    }
}
