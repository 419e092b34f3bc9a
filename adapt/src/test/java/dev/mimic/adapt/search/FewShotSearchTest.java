package dev.mimic.adapt.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class FewShotSearchTest {
    private final BundledModel bundled = BundledModel.unpack();

    @AfterEach
    void close() {
        bundled.close();
    }

    @Test
    void theMeanOfTheElitesIsThatOfAskingEverything() {
        Path folder = bundled.scratch("factors");
        try (ModelDirectory model = ModelDirectory.open(bundled.folder());
                Decomposer decomposer =
                        Decomposer.open(DecomposeOptions.defaults().withTargets(new Targets("all")), 0)) {
            decomposer.decompose(model, folder, DecompositionListener.NONE);
        }
        try (Engine engine = Engine.open(
                bundled.folder(), EngineOptions.DEFAULTS.withMaxBatch(64).withFactors(folder))) {
            compare(engine);
        }
    }

    private void compare(Engine engine) {
        List<Expert> three = List.copyOf(
                ExpertFolder.read(bundled.experts(), _ -> {}).experts().values());
        MixtureSpace space = new MixtureSpace(
                ExpertMixture.Mode.DELTA, three, engine.factors().orElseThrow(), false);
        Task task = Task.of("bundled-code2");
        List<Example> shots = BundledModel.examples("code2", "shots").subList(0, 8);
        FewShotSettings settings =
                FewShotSettings.BUNDLED.withGenerations(2).withPopulation(12).withSeed(3);
        int[] asked = {0};
        FewShotResult found = new FewShotSearch(engine, space, task, shots, task.replyLimit())
                .run(settings, new FewShotSearch.Listener() {
                    @Override
                    public void replied(int generation, int replies, int of) {
                        asked[0]++;
                        assertTrue(replies <= of);
                    }
                });
        CrossEntropyMethod search =
                new CrossEntropyMethod(settings.forSearch(3, 1), new SplittableRandom(settings.seed()));
        for (int generation = 0; generation < 2; generation++) {
            double[][] members = search.ask();
            double[] scores = new double[members.length];
            for (int i = 0; i < scores.length; i++) {
                Adapter mixture = new Adapter.Scaling(space.scaling(members[i]));
                scores[i] = Answer.accuracy(
                                new Evaluator(engine).ask(task, shots, _ -> mixture, task.replyLimit(), _ -> {}))
                        .share();
            }
            search.tell(scores, null);
        }
        assertArrayEquals(search.mean(), found.alpha());
        assertTrue(asked[0] < 2 * 12 * 8, asked[0] + " replies");
    }
}
