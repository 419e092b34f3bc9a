package dev.mimic.adapt.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the settings of a few-shot search mean, on the bundled model and a handful of shots. */
final class FewShotSearchTest {
    private static final FewShotSettings SMALL = new FewShotSettings(6, 0.4, 2, 0, 1, 0, FewShotSettings.Pick.BEST, 3);

    private static BundledModel bundled;
    private static Path factors;
    private static Engine engine;
    private static List<Expert> experts;
    private static List<Example> shots;

    @BeforeAll
    static void open() {
        bundled = BundledModel.unpack();
        factors = bundled.scratch("factors");
        try (ModelDirectory model = ModelDirectory.open(bundled.folder());
                Decomposer decomposer =
                        Decomposer.open(DecomposeOptions.defaults().withTargets(new Targets("all")), 0)) {
            decomposer.decompose(model, factors, DecompositionListener.NONE);
        }
        engine = Engine.open(bundled.folder(), options(64));
        experts = List.copyOf(
                ExpertFolder.read(bundled.experts(), _ -> {}).experts().values());
        shots = BundledModel.examples("mixed", "shots").subList(0, 5);
    }

    private static EngineOptions options(int batch) {
        return EngineOptions.DEFAULTS.withFactors(factors).withMaxBatch(batch);
    }

    @AfterAll
    static void close() {
        engine.close();
        bundled.close();
    }

    private static MixtureSpace space(boolean perLayer) {
        return new MixtureSpace(
                ExpertMixture.Mode.DELTA, experts, engine.factors().orElseThrow(), perLayer);
    }

    private static FewShotSearch search(Engine with, boolean perLayer) {
        return new FewShotSearch(with, space(perLayer), Task.of("bundled-mixed"), shots, 14);
    }

    private static FewShotResult find(FewShotSettings settings) {
        return search(engine, false).run(settings, FewShotSearch.Listener.NONE);
    }

    private static FewShotSettings with(double ema, FewShotSettings.Pick pick) {
        return new FewShotSettings(6, 0.4, 2, 0, 1, ema, pick, 3);
    }

    @Test
    void aSeedRepeatsASearchAndAnotherSearchesElsewhere() {
        FewShotResult first = find(SMALL);
        assertArrayEquals(first.alpha(), find(SMALL).alpha());
        assertFalse(Arrays.equals(first.alpha(), find(SMALL.withSeed(4)).alpha()));
    }

    @Test
    void theSizeOfTheBatchChangesNothing() {
        for (FewShotSettings.Pick pick : FewShotSettings.Pick.values()) {
            FewShotResult expected = find(with(0, pick));
            try (Engine narrow = Engine.open(bundled.folder(), options(3))) {
                FewShotResult found = search(narrow, false).run(with(0, pick), FewShotSearch.Listener.NONE);
                assertArrayEquals(expected.alpha(), found.alpha());
                assertEquals(expected.onShots(), found.onShots());
            }
        }
    }

    @Test
    void theMeanIsThatOfTheLastElitesAndTheBestIsAMember() {
        FewShotResult mean = find(with(0, FewShotSettings.Pick.MEAN));
        assertArrayEquals(mean.generations().getLast().mean(), mean.alpha());
        FewShotResult best = find(SMALL);
        assertFalse(Arrays.equals(best.generations().getLast().mean(), best.alpha()));
        // the best member has the best score of the last generation, in which it takes part again
        assertEquals(best.generations().getLast().best(), best.onShots().share(), 1e-12);
    }

    @Test
    void emaKeepsItsShareOfTheOldMean() {
        double[] without =
                find(SMALL.withGenerations(1)).generations().getFirst().mean();
        double[] half = find(with(0.5, FewShotSettings.Pick.BEST).withGenerations(1))
                .generations()
                .getFirst()
                .mean();
        double start = 1.0 / experts.size();
        for (int k = 0; k < without.length; k++) {
            assertEquals(0.5 * start + 0.5 * without[k], half[k], 1e-15);
            assertTrue(Math.abs(without[k] - half[k]) > 1e-6);
        }
    }

    @Test
    void eachLayerIsMixedByItsOwnWeights() {
        FewShotResult found = search(engine, true).run(SMALL, FewShotSearch.Listener.NONE);
        int layers = engine.config().layers();
        assertEquals(layers, found.layers().size());
        assertEquals(layers * experts.size(), found.alpha().length);
        Map<String, double[]> weights = found.weights(List.of("a", "b", "c"));
        MixtureSpace global = space(false);
        for (int layer = 0; layer < layers; layer++) {
            double[] alpha = {weights.get("a")[layer], weights.get("b")[layer], weights.get("c")[layer]};
            Map<String, float[]> expected = global.scaling(alpha);
            String prefix = "model.layers." + layer + ".";
            found.scaling().z().forEach((name, z) -> {
                if (name.startsWith(prefix)) {
                    assertArrayEquals(expected.get(name), z, name);
                }
            });
        }
        assertFalse(weights.get("a")[0] == weights.get("a")[1], "the layers differ");
    }

    @Test
    void progressRisesToTheWholeOfEachGeneration() {
        List<String> heard = new ArrayList<>();
        search(engine, false).run(SMALL, new FewShotSearch.Listener() {
            private int last;

            @Override
            public void replied(int generation, int replies, int of) {
                assertEquals(6 * shots.size(), of);
                assertTrue(replies > last && replies <= of, replies + " after " + last);
                last = replies;
            }

            @Override
            public void generation(FewShotSearch.Generation generation) {
                heard.add(generation.number() + ": " + last);
                last = 0;
            }
        });
        assertEquals(List.of("1: 30", "2: 30"), heard);
    }
}
