package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MergeTest {
    private static final String UP = "model.layers.0.mlp.up_proj.weight";

    @TempDir
    Path temporary;

    private Path folder;
    private Path out;

    @BeforeEach
    void makeModel() {
        folder = Samples.model(temporary.resolve("model"), DType.F32);
        out = temporary.resolve("merged");
    }

    private static ExpertMixture expert(int rank) {
        float[] z = new float[rank];
        for (int i = 0; i < rank; i++) {
            z[i] = 1.5f - 0.1f * i;
        }
        return ExpertMixture.of(Expert.plain("e", Map.of(UP, z), Map.of()));
    }

    private void merge(Optional<Path> factors, ExpertMixture mixture, Merge.Options options) {
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            if (factors.isEmpty()) {
                Merge.write(model, Optional.empty(), mixture, out, options);
                return;
            }
            try (Factors open = Factors.open(factors.get())) {
                Merge.write(model, Optional.of(open), mixture, out, options);
            }
        }
    }

    private Path decompose(DecomposeOptions options) {
        Path factors = temporary.resolve("factors");
        try (ModelDirectory model = ModelDirectory.open(folder);
                Decomposer decomposer = Decomposer.open(options, 1)) {
            decomposer.decompose(model, factors, DecompositionListener.NONE);
        }
        return factors;
    }

    private static Merge.Options options(DType dtype, long shardBytes) {
        return new Merge.Options(Optional.ofNullable(dtype), false, 1, shardBytes, _ -> {}, _ -> {});
    }

    /** {@code W + U diag(scale (z - 1)) Vᵀ} by plain loops, or of W = 0 {@code U diag(scale z) Vᵀ}. */
    private static double[] expected(double[] w, Factor factor, ExpertMixture mixture) {
        float[] scale = factor.scale();
        float[] z = mixture.z(UP, factor.sigma());
        SvfFactors held = factor.factors();
        int rank = held.rank();
        double[] result = w == null ? new double[held.out() * held.in()] : w.clone();
        for (int i = 0; i < held.out(); i++) {
            for (int j = 0; j < held.in(); j++) {
                for (int k = 0; k < rank; k++) {
                    long at = held.transposed() ? (long) k * held.in() + j : (long) j * rank + k;
                    result[i * held.in() + j] += (double) held.u().get((long) i * rank + k)
                            * scale[k]
                            * (w == null ? z[k] : z[k] - 1.0)
                            * held.v().get(at);
                }
            }
        }
        return result;
    }

    /** Merged in double and rounded to F32 once: half a unit in the last place, beside what double leaves. */
    private static void near(double[] expected, double[] found, double more) {
        assertEquals(expected.length, found.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], 0x1p-24 * Math.abs(expected[i]) + 1e-13 + 1.01 * more);
        }
    }

    private static double[] weight(Path folder, String name) {
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            return Samples.doubles(model.tensor(name).orElseThrow());
        }
    }

    @Test
    void factorsInEightBitsAreMergedAsTheyAreApplied() throws IOException {
        for (int rank : new int[] {0, 5}) {
            out = temporary.resolve("merged" + rank);
            Path factors = decompose(DecomposeOptions.defaults().withRank(rank).withDtype(DType.I8));
            ExpertMixture mixture = expert(rank == 0 ? 16 : rank);
            merge(Optional.of(factors), mixture, Merge.Options.defaults());
            try (Factors open = Factors.open(factors)) {
                double[] w = rank == 0 ? null : weight(folder, UP);
                double[] expected = expected(w, open.factor(UP).orElseThrow(), mixture);
                near(expected, weight(out, UP), 0);
            }
            deleteFolder(factors);
        }
    }

    @Test
    void theAdaptedWeightIsScaledAndTheRestIsCopied() throws IOException {
        for (int rank : new int[] {0, 5}) {
            out = temporary.resolve("merged" + rank);
            Path factors = decompose(DecomposeOptions.defaults().withRank(rank));
            ExpertMixture mixture = expert(rank == 0 ? 16 : rank);
            merge(Optional.of(factors), mixture, Merge.Options.defaults());
            try (Factors open = Factors.open(factors)) {
                Factor factor = open.factor(UP).orElseThrow();
                double[] expected = expected(weight(folder, UP), factor, mixture);
                // At full rank W is what U, sigma and V make of it, each rounded to F32: three roundings of terms whose
                // magnitudes add up to sigma[0] at most, as rows of U and V are no longer than 1.
                near(expected, weight(out, UP), rank == 0 ? 3 * 0x1p-24 * factor.sigma()[0] : 0);
            }
            deleteFolder(factors);
        }
        try (ModelDirectory before = ModelDirectory.open(folder);
                ModelDirectory after = ModelDirectory.open(out)) {
            assertEquals(before.tensorNames(), after.tensorNames());
            for (String name : before.tensorNames()) {
                long mismatch = before.tensor(name)
                        .orElseThrow()
                        .data()
                        .mismatch(after.tensor(name).orElseThrow().data());
                assertEquals(name.equals(UP), mismatch >= 0, name);
            }
        }
        for (String file : List.of("config.json", "generation_config.json", "README.md")) {
            assertEquals(-1, Files.mismatch(folder.resolve(file), out.resolve(file)), file);
        }
        assertNoLeftovers();
    }

    @Test
    void withoutFactorsWhatIsNeededIsTakenApart() {
        merge(Optional.empty(), expert(16), Merge.Options.defaults());
        double[] alone = weight(out, UP);
        out = temporary.resolve("other");
        merge(Optional.of(decompose(DecomposeOptions.defaults())), expert(16), Merge.Options.defaults());
        assertArrayEquals(weight(out, UP), alone);
    }

    @Test
    void anotherTypeIsWrittenEverywhereAndNamed() {
        merge(Optional.empty(), expert(16), Merge.Options.defaults());
        double[] exact = weight(out, UP);
        for (DType dtype : List.of(DType.F16, DType.BF16)) {
            out = temporary.resolve(dtype.name());
            merge(Optional.empty(), expert(16), options(dtype, Merge.Options.SHARD_BYTES));
            double[] rounded = weight(out, UP);
            double bits = dtype == DType.F16 ? 0x1p-11 : 0x1p-8;
            for (int i = 0; i < exact.length; i++) {
                assertEquals(exact[i], rounded[i], bits * Math.abs(exact[i]) + 0x1p-25);
            }
            try (ModelDirectory model = ModelDirectory.open(out)) {
                model.tensorNames()
                        .forEach(name -> assertEquals(
                                dtype, model.tensor(name).orElseThrow().dtype(), name));
            }
            JsonObject config = Json.readObject(out.resolve("config.json"));
            assertEquals(
                    dtype == DType.F16 ? "float16" : "bfloat16",
                    config.text("torch_dtype").orElseThrow());
        }
    }

    @Test
    void largeModelsAreCutIntoFilesWithAnIndex() throws IOException {
        merge(Optional.empty(), expert(16), Merge.Options.defaults());
        Path single = out;
        out = temporary.resolve("cut");
        merge(Optional.empty(), expert(16), options(null, 4000));
        assertFalse(Files.exists(out.resolve("model.safetensors")));
        try (ModelDirectory cut = ModelDirectory.open(out);
                ModelDirectory whole = ModelDirectory.open(single)) {
            assertTrue(cut.files().size() > 3);
            assertEquals(whole.fingerprint(), cut.fingerprint());
        }
    }

    @Test
    void aHalfPrecisionBaseStaysOne() {
        folder = Samples.model(temporary.resolve("half"), DType.BF16);
        merge(Optional.empty(), expert(16), Merge.Options.defaults());
        try (ModelDirectory model = ModelDirectory.open(out)) {
            assertEquals(DType.BF16, model.tensor(UP).orElseThrow().dtype());
        }
    }

    @Test
    void whatCannotBeMergedLeavesNothingBehind() throws IOException {
        refused("no such weight", ExpertMixture.of(Expert.plain("e", Map.of("w", new float[3]), Map.of())));
        refused("length 15, expected 16", expert(15));
        refused("another model", ExpertMixture.of(Expert.plain("e", Map.of(UP, new float[16]), Map.of("base", "x"))));
        Samples.spoil(folder, "model.norm.weight", 2, Float.NaN);
        refused("tensor 'model.norm.weight'", expert(16));
        Samples.spoil(folder, "model.norm.weight", 2, 1e20f);
        Samples.spoil(folder, UP, 2, Float.POSITIVE_INFINITY);
        refused("tensor '" + UP + "'", expert(16));
        Samples.spoil(folder, UP, 2, 1);
        InvalidModelException e = assertThrows(
                InvalidModelException.class,
                () -> merge(Optional.empty(), expert(16), options(DType.F16, Merge.Options.SHARD_BYTES)));
        assertTrue(e.getMessage().contains("element 2 is 1.0E20, expected a number that F16 can hold"), e.getMessage());
        assertNoLeftovers();
        assertFalse(Files.exists(out));
    }

    private void refused(String part, ExpertMixture mixture) {
        String message = assertThrows(
                        InvalidModelException.class, () -> merge(Optional.empty(), mixture, Merge.Options.defaults()))
                .getMessage();
        assertTrue(message.contains(part) && !message.contains("\n"), message);
    }

    @Test
    void aFolderThatHoldsSomethingIsNotOverwritten() throws IOException {
        Files.createDirectories(out);
        merge(Optional.empty(), expert(16), Merge.Options.defaults());
        assertThrows(
                IllegalArgumentException.class, () -> merge(Optional.empty(), expert(16), Merge.Options.defaults()));
        out = folder;
        assertThrows(
                IllegalArgumentException.class, () -> merge(Optional.empty(), expert(16), Merge.Options.defaults()));
    }

    @Test
    void factorsOfAnotherModelAreRefused() throws IOException {
        Path factors = decompose(DecomposeOptions.defaults());
        Samples.spoil(folder, "model.norm.weight", 0, 2);
        String message = assertThrows(
                        InvalidModelException.class,
                        () -> merge(Optional.of(factors), expert(16), Merge.Options.defaults()))
                .getMessage();
        assertTrue(message.contains("the factors are of another model"), message);
    }

    @Test
    void progressNamesEveryTensor() {
        List<String> seen = new ArrayList<>();
        merge(Optional.empty(), expert(16), new Merge.Options(Optional.empty(), false, 1, 4000, _ -> {}, seen::add));
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            assertEquals(List.copyOf(model.tensorNames()), seen);
        }
    }

    private void assertNoLeftovers() throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            assertTrue(files.noneMatch(f -> f.getFileName().toString().endsWith(".tmp")));
        }
    }

    private static void deleteFolder(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
