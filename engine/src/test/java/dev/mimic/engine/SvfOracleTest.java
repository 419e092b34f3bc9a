package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Logits and greedy tokens with all MLP matrices scaled, in both forms, against the pack's float64 goldens. */
final class SvfOracleTest {
    private static final String SUITE = "singular value fine-tuning";

    /** For f32 arithmetic, by the pack's README. */
    private static final double LOGITS = 5e-4;

    @TempDir
    Path temporary;

    @TestFactory
    Stream<DynamicTest> everyAdaptedModelAgreesWithItsGoldens() {
        return tests((name, file) -> check(name, file, EngineOptions.DEFAULTS));
    }

    @TestFactory
    Stream<DynamicTest> everyAdaptedModelAgreesWithItsGoldensOnTheShim() {
        return tests((name, file) -> OnShim.run(options -> check(name, file, options)));
    }

    private static Stream<DynamicTest> tests(BiConsumer<String, Path> check) {
        List<Path> goldens = TestFolders.files(TestFolders.oracle().resolve("goldens"), ".svf.json");
        if (goldens.isEmpty()) {
            throw TestFolders.skip(SUITE, "the pack has no svf goldens");
        }
        return goldens.stream().map(file -> {
            String name = file.getFileName().toString().replace(".svf.json", "");
            return DynamicTest.dynamicTest(name, () -> check.accept(name, file));
        });
    }

    private void check(String name, Path file, EngineOptions plain) {
        Path model = TestFolders.oracle().resolve("models").resolve(name);
        if (!Files.isDirectory(model)) {
            throw TestFolders.skip(SUITE + " of " + name, "the pack has no model of that name");
        }
        TestFolders.used(SUITE, name);
        Path factors = temporary.resolve(name);
        Map<String, float[]> sigmas = TestFactors.write(model, factors, TestFactors::isMlp, Integer.MAX_VALUE);
        JsonObject golden = Goldens.json(file);
        for (EngineOptions.Form form : List.of(EngineOptions.Form.FACTORED, EngineOptions.Form.RESIDUAL)) {
            EngineOptions options = plain.withFactors(factors).withForm(form);
            try (Engine engine = Engine.open(model, options);
                    SafetensorsFile logits =
                            SafetensorsFile.open(file.resolveSibling(name + ".svf_logits.safetensors"))) {
                for (JsonObject one : Goldens.objects(golden, "cases")) {
                    String kind = one.text("kind").orElseThrow();
                    Adapter adapter = new Adapter.Scaling(multipliers(kind, file, golden, sigmas));
                    String what = name + " " + form + " " + kind;
                    checkLogits(
                            engine,
                            Goldens.ids(one, "input_ids"),
                            adapter,
                            Goldens.matrix(logits.tensor(kind + ".logits").orElseThrow()),
                            what);
                    int[] greedy = Goldens.ids(one, "greedy");
                    GenerationRequest request = GenerationRequest.ofIds(Goldens.ids(one, "input_ids"))
                            .withMaxTokens(greedy.length)
                            .withIgnoreEos(true)
                            .withAdapter(adapter);
                    assertArrayEquals(greedy, engine.generate(request).ids(), what);
                }
            }
        }
    }

    private static void checkLogits(Engine engine, int[] ids, Adapter adapter, double[][] expected, String what) {
        float[][] found = engine.logits(ids, adapter);
        for (int i = 0; i < ids.length; i++) {
            double distance = Goldens.distance(expected[i], found[i]);
            int position = i;
            assertTrue(distance <= LOGITS, () -> what + " at " + position + ": off by " + distance);
        }
    }

    /** The z of a case, by the formulas of the pack's README. */
    private static Map<String, float[]> multipliers(
            String kind, Path file, JsonObject golden, Map<String, float[]> sigmas) {
        String name = file.getFileName().toString().replace(".svf.json", "");
        return switch (kind) {
            case "plain" -> Goldens.vectors(file.resolveSibling(name + ".z.safetensors"));
            case "official" -> {
                double most = golden.number("max_mult").orElseThrow();
                Map<String, float[]> z = new LinkedHashMap<>();
                Goldens.vectors(file.resolveSibling(name + ".p.safetensors")).forEach((weight, p) -> {
                    double[] m = new double[p.length];
                    for (int i = 0; i < m.length; i++) {
                        m[i] = most / (1 + Math.exp(-p[i]));
                    }
                    z.put(weight, normalised(m, sigmas.get(weight)));
                });
                yield z;
            }
            case "experts_plain" -> {
                Map<String, float[]> z = new LinkedHashMap<>();
                mixed(file, golden).forEach((weight, m) -> z.put(weight, narrow(m)));
                yield z;
            }
            case "experts_normalised" -> {
                Map<String, float[]> z = new LinkedHashMap<>();
                mixed(file, golden).forEach((weight, m) -> z.put(weight, normalised(m, sigmas.get(weight))));
                yield z;
            }
            default -> throw new AssertionError("unknown kind of case: " + kind);
        };
    }

    private static Map<String, double[]> mixed(Path file, JsonObject golden) {
        JsonObject experts = golden.object("experts").orElseThrow();
        double[] alpha = Goldens.doubles(experts, "alpha_normalised");
        List<Map<String, float[]>> all = new ArrayList<>();
        experts.list("files")
                .orElseThrow()
                .forEach(expert -> all.add(Goldens.vectors(file.resolveSibling((String) expert))));
        Map<String, double[]> sum = new LinkedHashMap<>();
        for (int k = 0; k < alpha.length; k++) {
            double share = alpha[k];
            all.get(k).forEach((weight, e) -> {
                double[] total = sum.computeIfAbsent(weight, _ -> new double[e.length]);
                for (int i = 0; i < e.length; i++) {
                    total[i] += share * e[i];
                }
            });
        }
        return sum;
    }

    private static float[] normalised(double[] m, float[] sigma) {
        double all = 0;
        double scaled = 0;
        for (int i = 0; i < m.length; i++) {
            all += sigma[i];
            scaled += sigma[i] * m[i];
        }
        double[] z = new double[m.length];
        for (int i = 0; i < m.length; i++) {
            z[i] = m[i] * all / scaled;
        }
        return narrow(z);
    }

    private static float[] narrow(double[] wide) {
        float[] values = new float[wide.length];
        for (int i = 0; i < wide.length; i++) {
            values[i] = (float) wide[i];
        }
        return values;
    }
}
