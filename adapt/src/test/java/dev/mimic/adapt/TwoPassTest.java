package dev.mimic.adapt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.adapt.dispatch.DispatchPrompt;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.evaluation.Evaluator;
import dev.mimic.adapt.evaluation.Question;
import dev.mimic.adapt.evaluation.Survey;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.search.FewShotSearch;
import dev.mimic.adapt.search.FewShotSettings;
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
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.model.Factors;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two passes and few-shot search on the bundled model against its report (docs/bundled-model.md). */
final class TwoPassTest {
    private static final List<String> SKILLS = List.of("math", "code", "reasoning");

    private static BundledModel bundled;
    private static Engine engine;
    private static Factors factors;
    private static ExpertFolder experts;

    @TempDir
    private Path scratch;

    @BeforeAll
    static void open() {
        bundled = BundledModel.unpack();
        Path folder = bundled.scratch("factors");
        try (ModelDirectory model = ModelDirectory.open(bundled.folder());
                Decomposer decomposer =
                        Decomposer.open(DecomposeOptions.defaults().withTargets(new Targets("all")), 0)) {
            decomposer.decompose(model, folder, DecompositionListener.NONE);
        }
        engine = Engine.open(
                bundled.folder(), EngineOptions.DEFAULTS.withMaxBatch(64).withFactors(folder));
        factors = engine.factors().orElseThrow();
        experts = ExpertFolder.read(bundled.experts(), _ -> {});
    }

    @AfterAll
    static void close() {
        engine.close();
        bundled.close();
    }

    private static DispatchPrompt dispatchPrompt() {
        return new DispatchPrompt(BundledModel.dispatchPrompt(), BundledModel.REPLY_LIMITS.get("dispatch"));
    }

    private static Dispatcher prompt() {
        return new Dispatcher.Prompt(dispatchPrompt(), experts.adapters(factors, false, _ -> {}));
    }

    private static Dispatcher classifier() {
        return new Dispatcher.Classifier(
                dispatchPrompt(),
                experts.classifier(factors, false, _ -> {}),
                experts.adapters(factors, false, _ -> {}));
    }

    private static int kindsNamed(Dispatcher dispatcher) {
        List<Example> rows = BundledModel.examples("dispatch", "test");
        List<Choice> choices =
                dispatcher.choose(engine, rows.stream().map(Example::question).toList(), _ -> {});
        int right = 0;
        for (int i = 0; i < rows.size(); i++) {
            right += choices.get(i).kind().equals(Optional.of(rows.get(i).answer())) ? 1 : 0;
        }
        return right;
    }

    private static int routed(Dispatcher dispatcher, String skill) {
        List<Example> rows = BundledModel.examples(skill, "test");
        List<Choice> choices =
                dispatcher.choose(engine, rows.stream().map(Example::question).toList(), _ -> {});
        Task task = Task.of("bundled-" + skill);
        List<Answer> answers =
                new Evaluator(engine).ask(task, rows, i -> choices.get(i).adapter(), task.replyLimit(), _ -> {});
        return Answer.accuracy(answers).right();
    }

    @Test
    void aSurveyAsksQuestionsOfAllTasksOnceAndAnswersAsEachAlone() {
        List<Question> questions = new ArrayList<>();
        Map<String, Adapter> adapters = experts.adapters(factors, false, _ -> {});
        List<Answer> alone = new ArrayList<>();
        for (String skill : SKILLS) {
            Task task = Task.of("bundled-" + skill);
            List<Example> rows = BundledModel.examples(skill, "test").subList(0, 10);
            for (Adapter adapter : List.of(Adapter.NONE, adapters.get(skill))) {
                questions.addAll(Question.all(task, rows, adapter));
                alone.addAll(new Evaluator(engine).ask(rows, adapter, task.replyLimit(), _ -> {}));
            }
        }
        Survey survey = new Survey(engine);
        int[] last = {0, 0};
        assertEquals(alone, survey.ask(questions, (replies, of) -> {
            last[0] = replies;
            last[1] = of;
        }));
        assertArrayEquals(new int[] {60, 60}, last);
        assertEquals(alone.reversed(), survey.ask(questions.reversed(), (_, _) -> fail("asked again")));
        assertEquals(60, survey.replies());
    }

    @Test
    void theClassifierNamesEveryKind() {
        assertEquals(300, kindsNamed(classifier()));
    }

    @Test
    void theBaseNamesAsManyKindsAsTheReference() {
        assertEquals(186, kindsNamed(prompt()));
    }

    @Test
    void questionsRoutedByTheClassifierAreAnsweredAsInTheReport() {
        Map<String, Integer> expected = Map.of("math", 300, "code", 298, "reasoning", 286);
        Map<String, Integer> found = new HashMap<>();
        SKILLS.forEach(skill -> found.put(skill, routed(classifier(), skill)));
        assertEquals(expected, found);
    }

    @Test
    void questionsRoutedByTheBaseAreAnsweredAsInTheReport() {
        Map<String, Integer> expected = Map.of("math", 243, "code", 214, "reasoning", 253);
        Map<String, Integer> found = new HashMap<>();
        SKILLS.forEach(skill -> found.put(skill, routed(prompt(), skill)));
        assertEquals(expected, found);
    }

    @Test
    void otherAndUnparsableMeanTheBase() {
        List<Example> rows = BundledModel.examples("dispatch", "test");
        List<String> questions = rows.stream().map(Example::question).toList();
        List<Choice> choices = prompt().choose(engine, questions, _ -> {});
        int other = 0;
        int none = 0;
        for (Choice choice : choices) {
            String kind = choice.kind().orElse("none");
            if (SKILLS.contains(kind)) {
                assertInstanceOf(Adapter.Scaling.class, choice.adapter());
                assertArrayEquals(new double[] {1}, choice.alpha().get(kind));
            } else {
                assertInstanceOf(Adapter.None.class, choice.adapter());
                assertEquals(Map.of(), choice.alpha());
                other += kind.equals("other") ? 1 : 0;
                none += kind.equals("none") ? 1 : 0;
            }
            assertTrue(choice.seconds() > 0);
        }
        assertEquals(42, other);
        assertEquals(113, none);
    }

    @Test
    void requestsOfEveryFormAreAdaptedAlike() {
        String question = BundledModel.examples("math", "test").getFirst().prompt();
        AdaptiveEngine adaptive = new AdaptiveEngine(engine, classifier());
        GenerationRequest chat = GenerationRequest.ofChat(List.of(
                        Map.of("role", "user", "content", "Hello."),
                        Map.of("role", "user", "content", List.of(Map.of("type", "text", "text", question)))))
                .withSampling(SamplingOptions.GREEDY)
                .withMaxTokens(16);
        assertEquals(Optional.of("math"), adaptive.choose(chat).kind());
        assertEquals(
                Optional.of("math"),
                adaptive.choose(GenerationRequest.of(question)).kind());
        int[] ids = engine.promptIds(GenerationRequest.of(question));
        assertEquals(
                Optional.of("math"),
                adaptive.choose(GenerationRequest.ofIds(ids)).kind());
        GenerationRequest asked = GenerationRequest.ofChat(List.of(Map.of("role", "user", "content", question)))
                .withSampling(SamplingOptions.GREEDY)
                .withMaxTokens(16);
        AdaptedResult one = adaptive.generate(asked);
        List<AdaptedResult> all = adaptive.generateAll(List.of(asked, asked.withN(2)));
        assertEquals(3, all.size());
        all.forEach(each -> assertArrayEquals(one.result().ids(), each.result().ids()));
        assertTrue(one.firstPassSeconds() > 0 && one.secondPassSeconds() > 0);
    }

    @Test
    void aClassWithoutAFileIsTheBase() throws java.io.IOException {
        Files.copy(ExpertFolder.file(bundled.experts(), "code"), ExpertFolder.file(scratch, "code"));
        ExpertFolder few = ExpertFolder.read(scratch, _ -> {});
        Dispatcher dispatcher = new Dispatcher.Classifier(
                dispatchPrompt(), experts.classifier(factors, false, _ -> {}), few.adapters(factors, false, _ -> {}));
        String question = BundledModel.examples("math", "test").getFirst().question();
        Choice choice = dispatcher.choose(engine, List.of(question), _ -> {}).getFirst();
        assertEquals(Optional.of("math"), choice.kind());
        assertInstanceOf(Adapter.None.class, choice.adapter());
        assertThrows(InvalidModelException.class, () -> few.classifier(factors, false, _ -> {}));
        Files.delete(ExpertFolder.file(scratch, "code"));
        assertThrows(InvalidModelException.class, () -> ExpertFolder.read(scratch, _ -> {}));
    }

    @Test
    void aMixtureFoundOnShotsAnswersWhatNoExpertCan() {
        for (FewShotSettings.Pick pick : FewShotSettings.Pick.values()) {
            FewShotResult found = search(false, pick);
            // the reference: base 43.0 %, the best single expert 63.3 %, three searches 99.0 % each
            assertTrue(right(found.scaling()) >= 270, pick + ": " + right(found.scaling()));
            assertTrue(found.onShots().right() > found.base().right());
            assertEquals(3, found.generations().size());
        }
        assertEquals(129, right(Adapter.NONE));
    }

    @Test
    void aSearchRepeatsAndLayersMayDiffer() {
        FewShotResult first = search(true, FewShotSettings.Pick.BEST);
        FewShotResult second = search(true, FewShotSettings.Pick.BEST);
        assertArrayEquals(first.alpha(), second.alpha());
        assertEquals(List.of(0, 1, 2, 3), first.layers());
        assertEquals(12, first.alpha().length);
        double[] math = first.weights(SKILLS).get("math");
        assertArrayEquals(new double[] {first.alpha()[0], first.alpha()[3], first.alpha()[6], first.alpha()[9]}, math);
        // a layer's z is that of its own weights
        Expert expert = experts.experts().get("math");
        MixtureSpace space = new MixtureSpace(ExpertMixture.Mode.DELTA, List.of(expert), factors, true);
        Map<String, float[]> z = space.scaling(new double[] {0, 1, 0, 0});
        for (Map.Entry<String, float[]> entry : z.entrySet()) {
            float[] own = expert.vectors().get(entry.getKey());
            boolean second1 = entry.getKey().startsWith("model.layers.1.");
            for (int i = 0; i < own.length; i++) {
                assertEquals(second1 ? own[i] : 1, entry.getValue()[i], 1e-6f, entry.getKey());
            }
        }
    }

    private static FewShotResult search(boolean perLayer, FewShotSettings.Pick pick) {
        List<Expert> three = List.copyOf(experts.experts().values());
        MixtureSpace space = new MixtureSpace(ExpertMixture.Mode.DELTA, three, factors, perLayer);
        Task task = Task.of("bundled-mixed");
        List<Example> shots = BundledModel.examples("mixed", "shots");
        FewShotSettings settings = FewShotSettings.DEFAULTS
                .withGenerations(perLayer ? 1 : 3)
                .withSeed(1)
                .withPick(pick);
        return new FewShotSearch(engine, space, task, shots, task.replyLimit())
                .run(settings, FewShotSearch.Listener.NONE);
    }

    private static int right(Adapter adapter) {
        Task task = Task.of("bundled-mixed");
        List<Example> rows = BundledModel.examples("mixed", "test");
        return Answer.accuracy(new Evaluator(engine).ask(task, rows, _ -> adapter, task.replyLimit(), _ -> {}))
                .right();
    }
}
