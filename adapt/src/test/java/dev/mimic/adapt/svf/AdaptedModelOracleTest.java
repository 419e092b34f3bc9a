package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.model.Factors;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole way on models of the pack: decompose, read and mix expert files, run; and merge, run. Logits agree with the
 * float64 goldens both ways, and both ways give the golden tokens.
 */
final class AdaptedModelOracleTest {
    private static final String SUITE = "experts, run and merged";

    /** For f32 arithmetic, by the pack's README. */
    private static final double LOGITS = 5e-4;

    @TempDir
    Path temporary;

    @TestFactory
    Stream<DynamicTest> everyAdaptedModelAgreesWithItsGoldens() {
        List<Path> goldens = TestFolders.files(TestFolders.oracle().resolve("goldens"), ".svf.json");
        if (goldens.isEmpty()) {
            throw TestFolders.skip(SUITE, "the pack has no svf goldens");
        }
        return goldens.stream().flatMap(file -> {
            String name = file.getFileName().toString().replace(".svf.json", "");
            JsonObject golden = Json.readObject(file);
            return objects(golden).stream()
                    .map(one -> DynamicTest.dynamicTest(
                            name + " " + one.text("kind").orElseThrow(), () -> check(name, file, golden, one)));
        });
    }

    private static List<JsonObject> objects(JsonObject golden) {
        List<JsonObject> objects = new ArrayList<>();
        for (Object value : golden.list("cases").orElseThrow()) {
            Map<String, Object> fields = new java.util.LinkedHashMap<>();
            ((Map<?, ?>) value).forEach((key, field) -> fields.put((String) key, field));
            objects.add(new JsonObject(golden.file(), "cases", fields));
        }
        return objects;
    }

    private void check(String name, Path file, JsonObject golden, JsonObject one) {
        Path folder = TestFolders.oracle().resolve("models").resolve(name);
        if (!Files.isDirectory(folder)) {
            throw TestFolders.skip(SUITE + " of " + name, "the pack has no model of that name");
        }
        TestFolders.used(SUITE, name);
        String kind = one.text("kind").orElseThrow();
        ExpertMixture mixture = mixture(kind, file, name, golden);
        Path factors = temporary.resolve(name + "-" + kind + "-factors");
        Path merged = temporary.resolve(name + "-" + kind + "-merged");
        Path mergedAlone = temporary.resolve(name + "-" + kind + "-merged-alone");
        Map<String, float[]> z;
        boolean exact;
        try (ModelDirectory model = ModelDirectory.open(folder);
                Decomposer decomposer = Decomposer.open(DecomposeOptions.defaults(), 2)) {
            decomposer.decompose(model, factors, DecompositionListener.NONE);
            // a merged folder in half precision rounds W' to it: another model, in the last digit
            exact = model.tensor(mixture.weights().first())
                            .orElseThrow()
                            .dtype()
                            .bytes()
                    == Float.BYTES;
            try (Factors held = Factors.open(factors)) {
                mixture.check(held, false, _ -> {});
                z = mixture.scaling(held);
                Merge.write(model, Optional.of(held), mixture, merged, Merge.Options.defaults());
            }
            Merge.write(model, Optional.empty(), mixture, mergedAlone, Merge.Options.defaults());
        }
        try (SafetensorsFile logits = SafetensorsFile.open(file.resolveSibling(name + ".svf_logits.safetensors"))) {
            double[] expected = Samples.doubles(logits.tensor(kind + ".logits").orElseThrow());
            EngineOptions options = EngineOptions.DEFAULTS.withFactors(factors);
            check(name + " " + kind, folder, options, new Adapter.Scaling(z), one, expected);
            if (exact) {
                check(name + " " + kind + " merged", merged, EngineOptions.DEFAULTS, Adapter.NONE, one, expected);
                check(name + " " + kind + " alone", mergedAlone, EngineOptions.DEFAULTS, Adapter.NONE, one, expected);
            }
        }
    }

    private static ExpertMixture mixture(String kind, Path file, String name, JsonObject golden) {
        return switch (kind) {
            case "plain" -> ExpertMixture.of(expert(file.resolveSibling(name + ".z.safetensors")));
            case "official" -> ExpertMixture.of(expert(file.resolveSibling(name + ".p.safetensors")));
            case "experts_plain" -> experts(file, golden, "alpha_normalised", ExpertMixture.Mode.SUM);
            case "experts_normalised" -> experts(file, golden, "alpha", ExpertMixture.Mode.SAKANA_RAW);
            default -> throw new AssertionError("unknown kind " + kind);
        };
    }

    private static ExpertMixture experts(Path file, JsonObject golden, String alphas, ExpertMixture.Mode mode) {
        JsonObject experts = golden.object("experts").orElseThrow();
        List<Object> alpha = experts.list(alphas).orElseThrow();
        List<Object> files = experts.list("files").orElseThrow();
        assertEquals(alpha.size(), files.size());
        List<ExpertMixture.Part> parts = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            Expert expert = expert(file.resolveSibling((String) files.get(i)));
            parts.add(ExpertMixture.Part.of(expert, ((Number) alpha.get(i)).doubleValue()));
        }
        return new ExpertMixture(mode, parts);
    }

    private static Expert expert(Path file) {
        return Expert.read(file, _ -> {});
    }

    private static void check(
            String what, Path folder, EngineOptions options, Adapter adapter, JsonObject golden, double[] expected) {
        int[] ids = ids(golden, "input_ids");
        int[] greedy = ids(golden, "greedy");
        try (Engine engine = Engine.open(folder, options.withThreads(2))) {
            float[][] logits = engine.logits(ids, adapter);
            assertEquals(expected.length, logits.length * logits[0].length, what);
            for (int i = 0; i < expected.length; i++) {
                assertEquals(
                        expected[i],
                        logits[i / logits[0].length][i % logits[0].length],
                        LOGITS,
                        what + ": logit " + i % logits[0].length + " at " + i / logits[0].length);
            }
            GenerationResult result = engine.generate(GenerationRequest.ofIds(ids)
                    .withAdapter(adapter)
                    .withSampling(SamplingOptions.GREEDY)
                    .withIgnoreEos(true)
                    .withMaxTokens(greedy.length));
            assertArrayEquals(greedy, result.ids(), what);
            assertTrue(greedy.length > 0, what);
        }
    }

    private static int[] ids(JsonObject object, String field) {
        return object.list(field).orElseThrow().stream()
                .mapToInt(value -> ((Number) value).intValue())
                .toArray();
    }
}
