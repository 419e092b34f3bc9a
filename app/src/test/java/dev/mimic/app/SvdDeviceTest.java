package dev.mimic.app;

import static dev.mimic.app.Outcome.ok;
import static dev.mimic.app.Outcome.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.svf.Expert;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.ShimLibraries;
import dev.mimic.testkit.TestFolders;
import dev.mimic.testkit.TorchFileWriter;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --device} of the commands that take weights apart, on the shim. */
final class SvdDeviceTest {
    private static final String WEIGHT = "model.layers.0.mlp.up_proj.weight";

    @TempDir
    Path folder;

    private final String model =
            TestFolders.root().resolve("oracle/models/llama-gqa-f32").toString();

    private String out(String name) {
        return folder.resolve(name).toString();
    }

    /** Runs on the shim, which must have been used. */
    private static Outcome onShim(String... args) {
        ShimLibraries shim = ShimLibraries.fresh();
        Outcome outcome;
        try (ShimLibraries.InUse _ = shim.use()) {
            outcome = ok(args);
        }
        assertTrue(shim.copiedBytes() > 0, "nothing was computed there");
        shim.assertClean();
        return outcome;
    }

    private static float[] floats(String file, String tensor) {
        try (SafetensorsFile opened = SafetensorsFile.open(Path.of(file))) {
            return opened.tensor(tensor).orElseThrow().data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    @Test
    void svdWritesTheSameFactors() {
        String weights = model + "/model.safetensors";
        ok("svd", weights, WEIGHT, "--out", out("cpu.safetensors"));
        onShim("svd", weights, WEIGHT, "--out", out("gpu.safetensors"), "--device", "cuda");
        for (String tensor : List.of("U", "S", "V")) {
            // random spectra have gaps, so the vectors are the same but for rounding over the smallest gap
            assertArrayEquals(
                    floats(out("cpu.safetensors"), tensor), floats(out("gpu.safetensors"), tensor), 1e-4f, tensor);
        }
    }

    @Test
    void decomposeAndMergeComputeThere() {
        onShim("decompose", model, out("factors"), "--targets", "all", "--device", "cuda:0");
        onShim("decompose", model, out("leading"), "--method", "srft", "--rank", "4", "--device", "auto");
        String expert = TestFolders.root()
                .resolve("oracle/goldens/llama-gqa-f32.z.safetensors")
                .toString();
        ok("merge", model, "--expert", expert, "--out", out("cpu"));
        onShim("merge", model, "--expert", expert, "--out", out("gpu"), "--device", "cuda");
        assertArrayEquals(
                floats(out("cpu") + "/model.safetensors", WEIGHT),
                floats(out("gpu") + "/model.safetensors", WEIGHT),
                1e-5f);
    }

    @Test
    void importSakanaTakesApartThere() throws IOException {
        List<String> names = IntStream.range(0, 12)
                .mapToObj(i -> "learnable_params_module_list." + i)
                .toList();
        float[][] p = new float[12][128];
        for (int i = 0; i < p.length; i++) {
            Arrays.fill(p[i], 0.1f * i);
        }
        Path file = folder.resolve("policy_params.pt");
        TorchFileWriter.write(file, names, p);
        ok("import-sakana", file.toString(), "--model", "bundled", "--out", out("cpu.safetensors"));
        onShim(
                "import-sakana",
                file.toString(),
                "--model",
                "bundled",
                "--out",
                out("gpu.safetensors"),
                "--device",
                "cuda");
        Map<String, float[]> expected =
                Expert.read(Path.of(out("cpu.safetensors")), _ -> {}).vectors();
        Map<String, float[]> found =
                Expert.read(Path.of(out("gpu.safetensors")), _ -> {}).vectors();
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, z) -> assertArrayEquals(z, found.get(name), 1e-5f, name));
    }

    @Test
    void aFullGpuIsAnErrorOfItsOwnWithWhatIsNeededAndFree() {
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            shim.memory(4000);
            Outcome outcome =
                    Outcome.run("decompose", model, out("full"), "--targets", "*up_proj*", "--device", "cuda");
            assertEquals(1, outcome.code());
            assertTrue(
                    outcome.err()
                            .matches("mimic: cuda:0: out of memory: W \\[\\d+, \\d+] needs \\d\\.\\d\\d GiB,"
                                    + " 0\\.00 of 0\\.25 GiB are free; use --device cpu\\R"),
                    outcome.err());
        }
        shim.assertClean();
    }

    @Test
    void aDeviceThatFactorsMakeNeedlessIsUsage() {
        String words = "--device says where weights are taken apart, expected none beside --factors";
        refused(
                2,
                List.of(words),
                "merge",
                model,
                "--expert",
                "e",
                "--out",
                out("m"),
                "--factors",
                "f",
                "--device",
                "auto");
        refused(
                2,
                List.of(words),
                "import-sakana",
                "p.pt",
                "--model",
                model,
                "--out",
                out("i"),
                "--factors",
                "f",
                "--device",
                "cpu");
    }

    @Test
    void withoutCudaItIsRefusedAndAutoGoesOnWithANote() {
        String weights = model + "/model.safetensors";
        refused(
                1,
                List.of("cuda:0 cannot be used: "),
                "svd",
                weights,
                WEIGHT,
                "--out",
                out("a.safetensors"),
                "--device",
                "cuda");
        refused(1, List.of("cuda:2 cannot be used: "), "decompose", model, out("b"), "--device", "cuda:2");
        refused(2, List.of("--device", "gpu"), "decompose", model, out("b"), "--device", "gpu");
        Outcome auto = ok("svd", weights, WEIGHT, "--out", out("c.safetensors"), "--device", "auto");
        assertTrue(auto.err().contains("note: computing on the processor: "), auto.err());
        String expert = TestFolders.root()
                .resolve("oracle/goldens/llama-gqa-f32.z.safetensors")
                .toString();
        Outcome merged = ok("merge", model, "--expert", expert, "--out", out("e"), "--device", "auto");
        assertTrue(merged.err().contains("note: computing on the processor: "), merged.err());
        Outcome plain = ok("svd", weights, WEIGHT, "--out", out("d.safetensors"));
        assertEquals(1, plain.err().lines().count(), plain.err());
    }
}
