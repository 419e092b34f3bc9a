package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.backend.Device;
import dev.mimic.kernels.svf.SvfKernels;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Models of the pack: S of every matrix, U and V of some, and y under both parametrisations of an expert. */
final class ModelSvdOracleTest {
    private static final String SUITE = "decomposed models";
    private static final String ENDING = ".svd.safetensors";

    @TempDir
    Path temporary;

    @TestFactory
    Stream<DynamicTest> everyModelIsDecomposed() {
        return models((name, golden) -> check(name, golden, Device.CPU));
    }

    @TestFactory
    Stream<DynamicTest> everyModelIsDecomposedOnAGpu() {
        return models((name, golden) -> OnShim.run(() -> check(name, golden, Device.cuda(0))));
    }

    private static Stream<DynamicTest> models(BiConsumer<String, Path> check) {
        List<Path> goldens = TestFolders.files(TestFolders.oracle().resolve("goldens"), ENDING);
        if (goldens.isEmpty()) {
            throw TestFolders.skip(SUITE, "the pack has no NAME" + ENDING);
        }
        return goldens.stream().map(golden -> {
            String name = golden.getFileName().toString().replace(ENDING, "");
            return DynamicTest.dynamicTest(name, () -> check.accept(name, golden));
        });
    }

    private void check(String name, Path golden, Device device) {
        Path folder = TestFolders.oracle().resolve("models").resolve(name);
        if (!Files.isDirectory(folder)) {
            throw TestFolders.skip(SUITE + " of " + name, "the pack has no model of that name");
        }
        TestFolders.used(SUITE, name);
        Path out = temporary.resolve(name + "-" + device.kind());
        try (SafetensorsFile expected = SafetensorsFile.open(golden);
                ModelDirectory model = ModelDirectory.open(folder)) {
            try (Decomposer decomposer = Decomposer.open(DecomposeOptions.defaults(), 2, device, Assertions::fail)) {
                checkMatrices(name, expected, model, decomposer);
                decomposer.decompose(model, out, DecompositionListener.NONE);
            }
            checkOutputs(golden, name, expected, out);
        }
    }

    private static void checkMatrices(
            String name, SafetensorsFile expected, ModelDirectory model, Decomposer decomposer) {
        List<String> weights = endings(expected, ".S");
        assertTrue(!weights.isEmpty(), name);
        assertEquals(
                new Targets("mlp").choose(model.tensorNames()).stream().sorted().toList(),
                weights.stream().sorted().toList());
        for (String weight : weights) {
            Decomposition found =
                    decomposer.decompose(name, model.tensor(weight).orElseThrow());
            double[] s = Samples.doubles(expected.tensor(weight + ".S").orElseThrow());
            SvdOracleTest.assertSigma(weight, s, found);
            if (expected.tensor(weight + ".U").isPresent()) {
                SvdOracleTest.assertVectors(weight, expected, s, found);
            }
        }
    }

    private static List<String> endings(SafetensorsFile file, String ending) {
        return file.tensors().keySet().stream()
                .filter(key -> key.endsWith(ending))
                .map(key -> key.substring(0, key.length() - ending.length()))
                .toList();
    }

    private static void checkOutputs(Path golden, String name, SafetensorsFile expected, Path out) {
        Expert plain = expert(golden.resolveSibling(name + ".z.safetensors"));
        Expert official = expert(golden.resolveSibling(name + ".p.safetensors"));
        assertEquals(Parametrisation.PLAIN, plain.parametrisation());
        assertEquals(Parametrisation.SAKANA, official.parametrisation());
        assertEquals(
                Json.readObject(golden.resolveSibling(name + ".svf.json"))
                        .number("max_mult")
                        .orElseThrow(),
                official.maxMult());
        List<String> weights = endings(expected, ".y_plain");
        assertTrue(!weights.isEmpty(), name);
        try (Factors factors = Factors.open(out)) {
            for (String weight : weights) {
                Factor factor = factors.factor(weight).orElseThrow();
                float[] ones = new float[factor.sigma().length];
                java.util.Arrays.fill(ones, 1);
                checkOutput(expected, factor, weight, ".y_base", ones);
                checkOutput(expected, factor, weight, ".y_plain", plain.z(weight, factor.sigma()));
                checkOutput(expected, factor, weight, ".y_official", official.z(weight, factor.sigma()));
            }
        }
    }

    private static Expert expert(Path file) {
        List<String> notes = new ArrayList<>();
        Consumer<String> hear = notes::add;
        Expert expert = Expert.read(file, hear);
        assertTrue(notes.isEmpty(), notes::toString);
        return expert;
    }

    private static void checkOutput(SafetensorsFile golden, Factor factor, String weight, String ending, float[] z) {
        double[] x = Samples.doubles(golden.tensor(weight + ".x").orElseThrow());
        double[] y = Samples.doubles(golden.tensor(weight + ending).orElseThrow());
        int rows = golden.tensor(weight + ".x").orElseThrow().shape().get(0).intValue();
        float[] input = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            input[i] = (float) x[i];
        }
        float[] scale = new float[z.length];
        for (int i = 0; i < z.length; i++) {
            scale[i] = factor.sigma()[i] * z[i];
        }
        float[][] scales = new float[rows][];
        java.util.Arrays.fill(scales, scale);
        float[] found = new float[y.length];
        try (WorkerPool pool = WorkerPool.of(1)) {
            for (SvfKernels.Phase phase : SvfKernels.Phase.values()) {
                Backend.best(pool)
                        .svf()
                        .apply(phase, factor.factors(), rows, input, scales, new float[rows * z.length], found);
                for (int i = 0; i < y.length; i++) {
                    assertEquals(y[i], found[i], 1e-4, weight + ending + " element " + i + ", " + phase);
                }
            }
        }
    }
}
