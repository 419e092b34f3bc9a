package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What comes with the engine to a program that embeds it: four jars besides mimic's own, none of them native. */
final class EngineJarsTest {
    private static final Pattern OF_TESTS = Pattern.compile("(junit|opentest4j|apiguardian|surefire|mimic).*");

    @Test
    void theJarsOfTheEngineAreThese() {
        Set<String> jars = new TreeSet<>();
        String paths =
                System.getProperty("jdk.module.path", "") + File.pathSeparator + System.getProperty("java.class.path");
        Stream.of(paths.split(File.pathSeparator, -1))
                .filter(path -> path.endsWith(".jar"))
                .map(path -> Path.of(path).getFileName().toString().replaceFirst("-\\d.*", ""))
                .filter(name -> !OF_TESTS.matcher(name).matches())
                .forEach(jars::add);
        assertEquals(Set.of("JLargeArrays", "JTransforms", "commons-math3", "jackson-core"), jars);
    }
}
