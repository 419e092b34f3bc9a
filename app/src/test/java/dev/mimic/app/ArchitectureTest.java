package dev.mimic.app;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameStartingWith;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.mimic.kernels.backend.Device;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the tables of docs/architecture.md. */
final class ArchitectureTest {
    private static final List<String> ROOMS = List.of("kernels", "loader", "engine", "adapt", "app");

    private static final JavaClasses MAIN = new ClassFileImporter()
            .importPaths(ROOMS.stream()
                    .map(room -> TestFolders.root().resolve(room).resolve("target/classes"))
                    .toList());

    @Test
    void everyRoomWasRead() {
        for (String room : ROOMS) {
            assertTrue(MAIN.stream().anyMatch(c -> c.getPackageName().startsWith("dev.mimic." + room)), room);
        }
    }

    @Test
    void kernelsAndLoaderSeeNoOtherRoom() {
        seesNone("kernels", "loader", "engine", "adapt", "app");
        seesNone("loader", "kernels", "engine", "adapt", "app");
    }

    @Test
    void engineAndAdaptLookDownOnly() {
        seesNone("engine", "adapt", "app");
        seesNone("adapt", "app");
    }

    @Test
    void ofTheAppOnlyDoctorBenchAndCudaCheckSeeMoreOfKernelsThanADevicesName() {
        noClasses()
                .that()
                .resideInAPackage("dev.mimic.app..")
                .and(DescribedPredicate.not(simpleNameStartingWith("Doctor")))
                .and(DescribedPredicate.not(simpleNameStartingWith("Bench")))
                .and(DescribedPredicate.not(simpleNameStartingWith("CudaCheck")))
                .should()
                .dependOnClassesThat(
                        resideInAPackage("dev.mimic.kernels..").and(DescribedPredicate.not(type(Device.class))))
                .check(MAIN);
    }

    @Test
    void onlyVectorClassesOfKernelsSeeTheVectorApi() {
        noClasses()
                .that(DescribedPredicate.not(
                        resideInAPackage("dev.mimic.kernels..").and(outermostStartsWith("Vector"))))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.vector..")
                .check(MAIN);
    }

    @Test
    void scalarTwinsNeverDependOnVectorClasses() {
        noClasses()
                .that(outermostStartsWith("Scalar"))
                .should()
                .dependOnClassesThat(resideInAPackage("dev.mimic..").and(outermostStartsWith("Vector")))
                .check(MAIN);
    }

    @Test
    void theLinkerIsUsedByKernelsCudaAlone() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.mimic.kernels.cuda..")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Linker.class, SymbolLookup.class)
                .check(MAIN);
    }

    @Test
    void noJarOfCudaReachesTheCommandLine() {
        String jars = System.getProperty("jdk.module.path", "") + System.getProperty("java.class.path");
        assertTrue(jars.contains("jackson-core"), jars);
        assertTrue(Stream.of("bytedeco", "javacpp", "cuda-").noneMatch(jars::contains), jars);
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("dev.mimic.(**)").should().beFreeOfCycles().check(MAIN);
    }

    @Test
    void everyClassIsClosed() {
        classes().that().areNotInterfaces().should(beFinalOrSealed()).check(MAIN);
    }

    @Test
    void namesSayWhatAClassIs() {
        noClasses()
                .should()
                .haveNameMatching(".*(Utils?|Helper|Common|Manager)(\\$.*)?")
                .check(MAIN);
    }

    @Test
    void onlyTheAppPrints() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.mimic.app..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .check(MAIN);
    }

    @Test
    void sourcesAreShortAndPromiseNothing() throws IOException {
        List<String> promises = List.of("TO" + "DO", "FIX" + "ME", "XX" + "X");
        for (String room : List.of("kernels", "loader", "engine", "adapt", "app", "bench", "testkit")) {
            try (Stream<Path> files =
                    Files.walk(TestFolders.root().resolve(room).resolve("src"))) {
                for (Path file :
                        files.filter(p -> p.toString().endsWith(".java")).toList()) {
                    List<String> lines = Files.readAllLines(file);
                    assertTrue(
                            lines.size() <= 600, () -> file + " has " + lines.size() + " lines, expected at most 600");
                    for (String line : lines) {
                        assertTrue(promises.stream().noneMatch(line::contains), () -> file + ": " + line);
                    }
                }
            }
        }
    }

    private static void seesNone(String room, String... others) {
        for (String other : others) {
            noClasses()
                    .that()
                    .resideInAPackage("dev.mimic." + room + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("dev.mimic." + other + "..")
                    .allowEmptyShould(true)
                    .check(MAIN);
        }
    }

    private static DescribedPredicate<JavaClass> outermostStartsWith(String prefix) {
        return new DescribedPredicate<>("outermost class is named " + prefix + "…") {
            @Override
            public boolean test(JavaClass type) {
                JavaClass outermost = type;
                while (outermost.getEnclosingClass().isPresent()) {
                    outermost = outermost.getEnclosingClass().get();
                }
                return outermost.getSimpleName().startsWith(prefix);
            }
        };
    }

    private static ArchCondition<JavaClass> beFinalOrSealed() {
        return new ArchCondition<>("be final, sealed, a record or an enum") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                boolean closed = type.getModifiers().contains(JavaModifier.FINAL)
                        || type.isEnum()
                        || type.isAnonymousClass()
                        || type.getEnclosingClass().map(JavaClass::isEnum).orElse(false)
                        || type.reflect().isSealed();
                events.add(new SimpleConditionEvent(type, closed, type.getName() + " is neither final nor sealed"));
            }
        };
    }
}
