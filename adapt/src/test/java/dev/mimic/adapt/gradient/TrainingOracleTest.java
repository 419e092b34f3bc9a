package dev.mimic.adapt.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.svf.Parametrisation;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.kernels.backend.Device;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.testkit.ShimLibraries;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** REINFORCE + KL on the pack's models: losses, divergences, likelihoods, gradients and clipped Adam steps. */
final class TrainingOracleTest {
    private static final String SUITE = "training";

    /** Advised by the pack's README for f32 arithmetic. */
    private static final double LOSS = 1e-3;

    private static final double GRADIENT = 1e-4;
    private static final double PARAMETER = 2e-4;

    @TempDir
    Path temporary;

    @TestFactory
    Stream<DynamicTest> everyTrainingRunOfThePackIsFollowed() {
        List<Path> files = TestFolders.files(TestFolders.oracle().resolve("goldens"), ".train.json");
        if (files.isEmpty()) {
            throw TestFolders.skip(SUITE, "the pack has no train goldens");
        }
        return files.stream().flatMap(file -> {
            String name = file.getFileName().toString().replace(".train.json", "");
            return Stream.of("plain", "official")
                    .flatMap(kind -> Stream.of(EngineOptions.Form.FACTORED, EngineOptions.Form.RESIDUAL)
                            .map(form -> DynamicTest.dynamicTest(
                                    name + " " + kind + " " + form,
                                    () -> follow(file, name, kind, form, EngineOptions.DEFAULTS))));
        });
    }

    @TestFactory
    Stream<DynamicTest> everyTrainingRunOfThePackIsFollowedOnTheShim() {
        return TestFolders.files(TestFolders.oracle().resolve("goldens"), ".train.json").stream()
                .flatMap(file -> Stream.of(EngineOptions.Form.FACTORED, EngineOptions.Form.RESIDUAL)
                        .map(form -> {
                            String name = file.getFileName().toString().replace(".train.json", "");
                            return DynamicTest.dynamicTest(name + " " + form, () -> followOnShim(file, name, form));
                        }));
    }

    private void followOnShim(Path file, String name, EngineOptions.Form form) {
        ShimLibraries shim = ShimLibraries.fresh();
        try (ShimLibraries.InUse _ = shim.use()) {
            follow(file, name, "plain", form, EngineOptions.DEFAULTS.withDevice(Device.cuda(0)));
        }
        assertTrue(shim.products() > 0);
        shim.assertClean();
    }

    private void follow(Path file, String name, String kind, EngineOptions.Form form, EngineOptions options) {
        Path model = TestFolders.oracle().resolve("models").resolve(name);
        if (!Files.isDirectory(model)) {
            throw TestFolders.skip(SUITE + " of " + name, "the pack has no model of that name");
        }
        TestFolders.used(SUITE, name + " " + kind);
        JsonObject golden = Json.readObject(file);
        Path factors = TrainingGoldens.decompose(model, temporary.resolve(name + kind + form), "mlp", 0);
        boolean plain = kind.equals("plain");
        Path start = file.resolveSibling(name + (plain ? ".z.safetensors" : ".p.safetensors"));
        Path expected = file.resolveSibling(name + ".train_" + kind + ".safetensors");
        try (Engine engine = TrainingGoldens.open(model, factors, form, options);
                SafetensorsFile numbers = SafetensorsFile.open(expected)) {
            List<String> weights = TrainingGoldens.texts(golden, "parameter_order");
            ScalingParameters parameters = new ScalingParameters(
                    engine.factors().orElseThrow(),
                    weights,
                    plain ? Parametrisation.PLAIN : Parametrisation.SAKANA,
                    golden.number("max_mult").orElseThrow());
            List<?> steps = golden.object("runs").orElseThrow().list(kind).orElseThrow();
            double[] values = parameters.flat(TrainingGoldens.vectors(start));
            try (TrainingPass pass = new TrainingPass(engine, weights, TrainingPass.DEFAULT_MEMORY)) {
                follow(golden, numbers, weights, parameters, pass, values, steps);
            }
        }
    }

    private static void follow(
            JsonObject golden,
            SafetensorsFile numbers,
            List<String> weights,
            ScalingParameters parameters,
            TrainingPass pass,
            double[] values,
            List<?> steps) {
        List<TrainingSequence> batch = TrainingGoldens.batch(golden);
        Objective objective = new Objective(golden.number("kl_coeff").orElseThrow(), KlForm.CODE);
        double rate = golden.number("lr").orElseThrow();
        double maxNorm = golden.number("max_grad_norm").orElseThrow();
        double[] first = TrainingGoldens.flat(numbers, "grad0.", weights);
        double largest = TrainingGoldens.largest(first);
        assertTrue(largest > 0 && steps.size() > 1);
        Adam adam = new Adam(parameters.size(), 0);
        for (int n = 0; n < steps.size(); n++) {
            Map<?, ?> step = (Map<?, ?>) steps.get(n);
            TrainingResult result = pass.gradient(parameters.z(values), batch, objective);
            double[] gradient = parameters.gradient(values, result.gradient());
            if (n == steps.size() - 1) {
                assertEquals(number(step, "loss_after_last_step"), result.loss(), LOSS);
                break;
            }
            assertEquals(number(step, "loss"), result.loss(), LOSS, "step " + n);
            List<?> parts = (List<?>) step.get("parts");
            assertEquals(batch.size(), parts.size());
            for (int s = 0; s < parts.size(); s++) {
                Map<?, ?> part = (Map<?, ?>) parts.get(s);
                assertEquals(number(part, "loglik"), result.logLikelihoods()[s], LOSS, "step " + n);
                assertEquals(number(part, "kl"), result.divergences()[s], LOSS, "step " + n);
            }
            if (n == 0) {
                for (int i = 0; i < first.length; i++) {
                    assertEquals(first[i], gradient[i], GRADIENT * largest, "gradient at " + i);
                }
            }
            double norm = Adam.clip(gradient, maxNorm);
            assertEquals(number(step, "grad_norm_before_clip"), norm, LOSS * norm, "step " + n);
            adam.step(values, gradient, rate);
            double[] expected = TrainingGoldens.flat(numbers, "param" + (n + 1) + ".", weights);
            for (int i = 0; i < expected.length; i++) {
                boolean clear = Math.abs(first[i]) > 1e-3 * largest;
                double tolerance = clear ? PARAMETER : 2 * rate * (n + 1);
                assertEquals(expected[i], values[i], tolerance, "parameter " + i + " after step " + (n + 1));
            }
        }
    }

    private static double number(Map<?, ?> map, String key) {
        return ((Number) map.get(key)).doubleValue();
    }

    /** Five clipped Adam steps on a real model. */
    @TestFactory
    Stream<DynamicTest> storiesLearnAsTheyDidInTheOracle() {
        Path folder = TestFolders.sharedOrSkip("stories260K training", "stories260K", "oracle/stories260K");
        return Stream.of("plain", "official")
                .map(kind -> DynamicTest.dynamicTest("stories260K " + kind, () -> stories(folder, kind)));
    }

    private void stories(Path folder, String kind) {
        JsonObject golden = Json.readObject(folder.resolve("stories260K.train.json"));
        JsonObject run = golden.object("runs").orElseThrow().object(kind).orElseThrow();
        Path model = folder.resolve("model");
        Path factors = TrainingGoldens.decompose(model, temporary.resolve("stories" + kind), "mlp", 0);
        List<String> weights = TrainingGoldens.texts(golden, "parameter_order");
        List<?> losses = run.list("losses").orElseThrow();
        double rate = golden.number("lr").orElseThrow();
        TestFolders.used(SUITE, "stories260K " + kind);
        try (Engine engine = TrainingGoldens.open(model, factors, EngineOptions.Form.FACTORED);
                SafetensorsFile numbers = SafetensorsFile.open(folder.resolve("stories260K.train.safetensors"));
                TrainingPass pass = new TrainingPass(engine, weights, TrainingPass.DEFAULT_MEMORY)) {
            ScalingParameters parameters = new ScalingParameters(
                    engine.factors().orElseThrow(),
                    weights,
                    kind.equals("plain") ? Parametrisation.PLAIN : Parametrisation.SAKANA,
                    golden.number("max_mult").orElseThrow());
            double[] values = new double[parameters.size()];
            java.util.Arrays.fill(values, run.number("start").orElseThrow());
            Adam adam = new Adam(parameters.size(), 0);
            Objective objective = new Objective(golden.number("kl_coeff").orElseThrow(), KlForm.CODE);
            double[] first = TrainingGoldens.flat(numbers, kind + ".grad0.", weights);
            double largest = TrainingGoldens.largest(first);
            for (int n = 0; n < losses.size(); n++) {
                TrainingResult result = pass.gradient(parameters.z(values), TrainingGoldens.batch(golden), objective);
                assertEquals(((Number) losses.get(n)).doubleValue(), result.loss(), LOSS, "step " + n);
                double[] gradient = parameters.gradient(values, result.gradient());
                for (int i = 0; n == 0 && i < first.length; i++) {
                    assertEquals(first[i], gradient[i], GRADIENT * largest, "gradient at " + i);
                }
                if (n < losses.size() - 1) {
                    Adam.clip(gradient, golden.number("max_grad_norm").orElseThrow());
                    adam.step(values, gradient, rate);
                }
            }
            double[] expected = TrainingGoldens.flat(numbers, kind + ".param5.", weights);
            for (int i = 0; i < expected.length; i++) {
                boolean clear = Math.abs(first[i]) > 1e-3 * largest;
                assertEquals(expected[i], values[i], clear ? PARAMETER : 2 * rate * 5, "parameter " + i);
            }
        }
    }
}
