package dev.mimic.adapt.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.mimic.loader.json.Json;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class AdamOracleTest {
    private static final double TOLERANCE = 1e-9;

    @Test
    void everyStepIsTorchs() throws IOException {
        Path file = TestFolders.oracle().resolve("goldens/adam.json");
        if (!Files.exists(file)) {
            throw TestFolders.skip("Adam", "the pack has no goldens/adam.json");
        }
        List<?> runs = (List<?>) Json.parse(Files.readAllBytes(file), "adam.json");
        assertFalse(runs.isEmpty());
        for (Object run : runs) {
            follow((Map<?, ?>) run);
        }
        TestFolders.used("Adam", file.getFileName() + ", " + runs.size() + " runs");
    }

    private static void follow(Map<?, ?> run) {
        double[] parameters = flat(run.get("initial"));
        Adam adam = new Adam(parameters.length, 0);
        double maxNorm = run.get("max_grad_norm") instanceof Number norm ? norm.doubleValue() : 0;
        for (Object each : (List<?>) run.get("steps")) {
            Map<?, ?> step = (Map<?, ?>) each;
            double[] gradient = flat(step.get("grads"));
            double norm = Adam.clip(gradient, maxNorm);
            if (step.get("total_norm") instanceof Number expected) {
                assertEquals(expected.doubleValue(), norm, TOLERANCE * Math.max(1, norm));
            }
            assertArrayEquals(flat(step.get("clipped")), gradient, TOLERANCE);
            adam.step(parameters, gradient, ((Number) run.get("lr")).doubleValue());
            assertArrayEquals(flat(step.get("params")), parameters, TOLERANCE);
        }
    }

    @Test
    void aRestoredOptimiserGoesOnAsIfNeverStopped() {
        double[] one = {1, -2};
        double[] two = one.clone();
        Adam through = new Adam(2, 0.1);
        Adam before = new Adam(2, 0.1);
        through.step(one, new double[] {0.5, 0.1}, 0.01);
        before.step(two, new double[] {0.5, 0.1}, 0.01);
        Adam after = new Adam(2, 0.1);
        after.restore(before.state(), before.steps());
        through.step(one, new double[] {-0.3, 0.7}, 0.01);
        after.step(two, new double[] {-0.3, 0.7}, 0.01);
        assertArrayEquals(one, two);
    }

    @Test
    void weightDecayShrinksParametersWhateverTheGradient() {
        double[] parameters = {2};
        new Adam(1, 0.5).step(parameters, new double[] {0}, 0.1);
        assertEquals(2 * (1 - 0.1 * 0.5), parameters[0], 1e-15);
    }

    private static double[] flat(Object lists) {
        return ((List<?>) lists)
                .stream()
                        .flatMap(list -> ((List<?>) list).stream())
                        .mapToDouble(x -> ((Number) x).doubleValue())
                        .toArray();
    }
}
