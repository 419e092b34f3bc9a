package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.backend.Device;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Single matrices of the pack against their float64 decompositions. */
final class SvdOracleTest {
    private static final String SUITE = "singular value decomposition";

    @TestFactory
    Stream<DynamicTest> everyCaseIsDecomposed() {
        return cases((cases, name, golden) -> check(cases, name, golden, Device.CPU));
    }

    @TestFactory
    Stream<DynamicTest> everyCaseIsDecomposedOnAGpu() {
        return cases((cases, name, golden) -> OnShim.run(() -> check(cases, name, golden, Device.cuda(0))));
    }

    /** Checks a case. */
    private interface Check {
        void run(Path cases, String name, JsonObject golden);
    }

    private static Stream<DynamicTest> cases(Check check) {
        Path cases = TestFolders.oracle().resolve("goldens/svd_cases.json");
        if (!Files.exists(cases)) {
            throw TestFolders.skip(SUITE, "the pack has no svd_cases");
        }
        TestFolders.used(SUITE, "svd_cases");
        JsonObject all = Json.readObject(cases);
        assertTrue(!all.names().isEmpty(), "no cases");
        return all.names().stream()
                .map(name -> DynamicTest.dynamicTest(
                        name, () -> check.run(cases, name, all.object(name).orElseThrow())));
    }

    private static void check(Path cases, String name, JsonObject golden, Device device) {
        try (SafetensorsFile file = SafetensorsFile.open(cases.resolveSibling("svd_cases.safetensors"));
                Decomposer decomposer = Decomposer.open(DecomposeOptions.defaults(), 2, device, Assertions::fail)) {
            TensorView a = file.tensor(name + ".A").orElseThrow();
            Decomposition found = decomposer.decompose("svd_cases", a);
            double[] s = Samples.doubles(file.tensor(name + ".S").orElseThrow());
            assertSigma(name, s, found);
            assertTrue(found.report().relativeError() <= 1e-6, found.report()::toString);
            assertTrue(found.report().orthogonality() <= 1e-6, found.report()::toString);
            boolean vectors = file.tensor(name + ".U").isPresent();
            assertEquals(golden.bool("vectors_given").orElseThrow(), vectors, name);
            if (vectors) {
                assertVectors(name, file, s, found);
            }
        }
    }

    /** By the pack's README: 1e-6 of the largest. */
    static void assertSigma(String name, double[] expected, Decomposition found) {
        assertEquals(expected.length, found.svd().rank(), name);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found.sigma()[i], 1e-6 * expected[0], name + ": S[" + i + "]");
        }
    }

    /** By the pack's README: 1e-3, where the gaps are as large as its own. */
    static void assertVectors(String name, SafetensorsFile file, double[] s, Decomposition found) {
        assertEquals(DType.F64, file.tensor(name + ".U").orElseThrow().dtype());
        assertClose(
                name + ".U",
                Samples.doubles(file.tensor(name + ".U").orElseThrow()),
                found.svd().u());
        assertClose(
                name + ".V",
                Samples.doubles(file.tensor(name + ".V").orElseThrow()),
                found.svd().v());
        assertTrue(s[0] > 0, name);
    }

    private static void assertClose(String name, double[] expected, float[] found) {
        assertEquals(expected.length, found.length, name);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], 1e-3, name + " element " + i);
        }
    }
}
