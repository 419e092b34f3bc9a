package dev.mimic.adapt.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.testkit.SeededCases;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class CrossEntropyMethodOracleTest {
    private static final double TOLERANCE = 1e-9;

    @Test
    void everyGenerationIsTheReferences() throws IOException {
        Path file = TestFolders.oracle().resolve("goldens/cem.json");
        if (!Files.exists(file)) {
            throw TestFolders.skip("cross-entropy method", "the pack has no goldens/cem.json");
        }
        List<?> runs = (List<?>) Json.parse(Files.readAllBytes(file), "cem.json");
        assertFalse(runs.isEmpty());
        for (Object run : runs) {
            follow(object(run));
        }
        TestFolders.used("cross-entropy method", file.getFileName() + ", " + runs.size() + " runs");
    }

    private static void follow(JsonObject run) {
        CrossEntropyMethod.Settings settings = new CrossEntropyMethod.Settings(
                run.integer("dim").orElseThrow(),
                run.integer("pop").orElseThrow(),
                run.number("elite_ratio").orElseThrow(),
                run.number("min").orElseThrow(),
                run.number("max").orElseThrow(),
                run.number("init").orElseThrow(),
                run.number("ema").orElseThrow(),
                run.bool("re_eval_best").orElseThrow());
        assertEquals(run.integer("num_elites").orElseThrow(), settings.elites());
        CrossEntropyMethod search = new CrossEntropyMethod(settings, SeededCases.generator(0));
        for (Object each : run.list("generations").orElseThrow()) {
            JsonObject generation = object(each);
            double[][] members = search.ask(matrix(generation, "noise"));
            double[][] expected = matrix(generation, "population");
            for (int i = 0; i < members.length; i++) {
                assertArrayEquals(expected[i], members[i], TOLERANCE);
            }
            search.tell(vector(generation.get("scores")), null);
            assertArrayEquals(vector(generation.get("mean")), search.mean(), TOLERANCE);
            assertArrayEquals(vector(generation.get("std")), search.deviation(), TOLERANCE);
            int best = generation.integer("best_index").orElseThrow();
            if (settings.keepBest()) {
                assertArrayEquals(expected[best], search.best(), TOLERANCE);
            }
        }
    }

    @Test
    void withoutReevaluationTheBestOfAllGenerationsIsKept() {
        CrossEntropyMethod search = new CrossEntropyMethod(
                new CrossEntropyMethod.Settings(1, 2, 1, 0, 1, 0.5, 0, false), SeededCases.generator(1));
        search.ask(new double[][] {{0.2}, {-0.2}});
        search.tell(new double[] {3, 1}, null);
        double[] best = search.best();
        search.ask(new double[][] {{0.1}, {0.3}});
        search.tell(new double[] {2, 2}, null);
        assertArrayEquals(best, search.best());
        assertEquals(3, search.bestScore());
    }

    @Test
    void likelihoodDecidesBetweenEqualScoresForTheBestAlone() {
        CrossEntropyMethod search = new CrossEntropyMethod(
                new CrossEntropyMethod.Settings(1, 4, 0.5, 0, 1, 0.5, 0, false), SeededCases.generator(1));
        double[][] members = search.ask(new double[][] {{0.1}, {0.2}, {0.3}, {0.4}});
        double expectedMean = (members[0][0] + members[1][0]) / 2;
        search.tell(new double[] {1, 1, 1, 0}, new double[] {-5, -3, -1, 0});
        assertArrayEquals(members[2], search.best());
        assertEquals(expectedMean, search.mean()[0], 1e-15);
    }

    @Test
    void aSearchBeginsAtItsStartWithItsDeviation() {
        CrossEntropyMethod search =
                new CrossEntropyMethod(FewShotSettings.BUNDLED.forSearch(3, 1), SeededCases.generator(1));
        double[][] noise = new double[32][3];
        noise[1] = new double[] {0, 1, 10};
        assertArrayEquals(new double[] {0.25, 0.55, 1.5}, search.ask(noise)[1], 1e-15);
        assertArrayEquals(
                new double[] {0.5, 0.5},
                new CrossEntropyMethod(FewShotSettings.DEFAULTS.forSearch(2, 1), SeededCases.generator(1)).mean());
    }

    @Test
    void aSeedRepeatsASearchThatFindsAQuadratic() {
        double[] first = solve(7);
        assertArrayEquals(first, solve(7));
        assertTrue(Math.abs(first[0] - 0.3) < 0.02 && Math.abs(first[1] - 0.8) < 0.02);
    }

    private static double[] solve(long seed) {
        CrossEntropyMethod search = new CrossEntropyMethod(
                new CrossEntropyMethod.Settings(2, 32, 0.2, 0, 1, 0.5, 0, true), SeededCases.generator(seed));
        for (int generation = 0; generation < 20; generation++) {
            double[][] members = search.ask();
            double[] scores = new double[members.length];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = -Math.pow(members[i][0] - 0.3, 2) - Math.pow(members[i][1] - 0.8, 2);
            }
            search.tell(scores, null);
        }
        return search.best();
    }

    private static JsonObject object(Object value) {
        @SuppressWarnings("unchecked") // objects of parsed JSON have text keys
        Map<String, Object> map = (Map<String, Object>) value;
        return new JsonObject("cem.json", "", map);
    }

    private static double[][] matrix(JsonObject object, String name) {
        return object.list(name).orElseThrow().stream()
                .map(CrossEntropyMethodOracleTest::vector)
                .toArray(double[][]::new);
    }

    private static double[] vector(Object list) {
        return ((List<?>) list)
                .stream().mapToDouble(x -> ((Number) x).doubleValue()).toArray();
    }
}
