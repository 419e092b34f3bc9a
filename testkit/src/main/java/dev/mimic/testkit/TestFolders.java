package dev.mimic.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Where test data lies, and the record of what was not run for want of it. */
public final class TestFolders {
    private TestFolders() {}

    /** The project's root folder. */
    public static Path root() {
        return Path.of(required("mimic.root"));
    }

    /** The oracle pack under test: the project's copy, or the one given to {@code ./build oracle DIR}. */
    public static Path oracle() {
        return Path.of(required("mimic.oracle"));
    }

    /** Whether the pack was given by the user, so that it alone is tested and other people's data is looked for in it. */
    public static boolean oracleIsGiven() {
        return !oracle().toAbsolutePath()
                .normalize()
                .equals(root().resolve("oracle").toAbsolutePath().normalize());
    }

    /**
     * A folder of data that is read in place: below the given pack, or below MIMIC_SHARED (default: ../shared beside the
     * project). Ends the test as skipped, and records the suite's name, where it does not exist.
     *
     * @param suite what is skipped, for the closing lines of the build
     * @param inPack the folder's name in a pack, such as {@code chat}; null if packs have no such folder
     * @param inShared its path below the shared folder, such as {@code oracle/chat}
     */
    public static Path sharedOrSkip(String suite, String inPack, String inShared) {
        if (oracleIsGiven()) {
            Path folder = inPack == null ? null : oracle().resolve(inPack).normalize();
            if (folder == null || !Files.exists(folder)) {
                throw skip(suite, inPack == null ? "not part of a pack" : "the pack has no " + inPack);
            }
            return folder;
        }
        String variable = System.getenv("MIMIC_SHARED");
        Path shared = variable == null ? root().resolve("../shared").normalize() : Path.of(variable);
        if (!Files.isDirectory(shared)) {
            if (variable != null) {
                throw new AssertionError("MIMIC_SHARED: no such folder: " + variable);
            }
            throw skip(suite, "no shared folder beside the project; set MIMIC_SHARED");
        }
        Path folder = shared.resolve(inShared);
        if (!Files.exists(folder)) {
            throw skip(suite, "the shared folder has no " + inShared);
        }
        return folder;
    }

    /** The sub-folders of a folder, sorted by name; none if it does not exist. */
    public static List<Path> subFolders(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(folder)) {
            return list.filter(Files::isDirectory).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The files of a folder whose names end so, sorted by name; none if it does not exist. */
    public static List<Path> files(Path folder, String ending) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(folder)) {
            return list.filter(p -> p.getFileName().toString().endsWith(ending))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Records that a suite is not run, for the closing lines of the build, and gives what ends the test as skipped.
     *
     * @return never; declared so that callers can write {@code throw}
     */
    public static AssertionError skip(String suite, String why) {
        note("skipped", suite + " (" + why + ")");
        Assumptions.abort(suite + ": " + why);
        return new AssertionError("not reached");
    }

    /** Records a model or file that a test used, for the closing lines of {@code ./build oracle}. */
    public static void used(String suite, Object what) {
        note("used", suite + ": " + what);
    }

    private static synchronized void note(String kind, String line) {
        try {
            Path file = Path.of("target", "suites-" + kind + ".txt");
            Files.createDirectories(file.getParent());
            if (Files.exists(file) && Files.readAllLines(file).contains(line)) {
                return;
            }
            Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String required(String property) {
        String value = System.getProperty(property);
        if (value == null) {
            throw new AssertionError("system property " + property + " is not set: run the tests by Maven");
        }
        return value;
    }
}
