package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.GenerationResult.FinishReason;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.testkit.RandomFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What requests may ask and what becomes of them. */
final class EngineTest {
    @TempDir
    static Path temporary;

    private static Path model;
    private static Path factors;

    @BeforeAll
    static void write() {
        model = RandomFolder.write(temporary.resolve("model"), "llama", "LlamaForCausalLM", 1, Map.of());
        factors = temporary.resolve("factors");
        TestFactors.write(model, factors, TestFactors::isMlp, Integer.MAX_VALUE);
    }

    private static GenerationRequest request(int maxTokens) {
        return GenerationRequest.ofIds(1, 20, 30).withMaxTokens(maxTokens).withIgnoreEos(true);
    }

    @Test
    void contextEndsTheReplyWithLength() {
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withContextLength(8))) {
            GenerationResult result = engine.generate(request(100));
            assertEquals(5, result.ids().length);
            assertEquals(FinishReason.LENGTH, result.finishReason());
            GenerationResult full = engine.generate(
                    GenerationRequest.ofIds(1, 2, 3, 4, 5, 6, 7, 8).withMaxTokens(9));
            assertEquals(0, full.ids().length);
            assertEquals(FinishReason.LENGTH, full.finishReason());
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> engine.generate(GenerationRequest.ofIds(1, 2, 3, 4, 5, 6, 7, 8, 9)));
            assertEquals("prompt: it has 9 tokens, expected at most 8, the context length", e.getMessage());
        }
    }

    @Test
    void noTokensWantedGivesNone() {
        try (Engine engine = Engine.open(model)) {
            GenerationResult result = engine.generate(request(0));
            assertEquals(0, result.ids().length);
            assertEquals(FinishReason.LENGTH, result.finishReason());
        }
    }

    @Test
    void emptyPromptBeginsWithTheBosId() {
        try (Engine engine = Engine.open(model)) {
            GenerationResult result = engine.generate(GenerationRequest.ofIds().withMaxTokens(4));
            assertArrayEquals(new int[] {1}, result.promptIds());
            assertArrayEquals(
                    engine.generate(GenerationRequest.ofIds(1).withMaxTokens(4)).ids(), result.ids());
        }
    }

    @Test
    void stopIdEndsTheReplyAndIsNotPartOfIt() {
        try (Engine engine = Engine.open(model)) {
            int[] free = engine.generate(request(20)).ids();
            int stop = free[7];
            int first = 0;
            while (free[first] != stop) {
                first++;
            }
            GenerationRequest stopped = request(20).withIgnoreEos(false).withStopIds(Set.of(stop));
            GenerationResult result = engine.generate(stopped);
            assertArrayEquals(Arrays.copyOf(free, first), result.ids());
            assertEquals(FinishReason.STOP, result.finishReason());
            assertArrayEquals(free, engine.generate(stopped.withIgnoreEos(true)).ids());
        }
    }

    @Test
    void everyTokenIsHeardInOrder() {
        try (Engine engine = Engine.open(model)) {
            List<Integer> heard = new ArrayList<>();
            GenerationResult result = engine.generate(request(15), new GenerationListener() {
                @Override
                public void onText(String piece) {}

                @Override
                public void onToken(int index, int id) {
                    assertEquals(heard.size(), index);
                    heard.add(id);
                }
            });
            assertArrayEquals(
                    result.ids(), heard.stream().mapToInt(Integer::intValue).toArray());
        }
    }

    /** Acts at each token. */
    private record AtToken(Runnable action) implements GenerationListener {
        @Override
        public void onText(String piece) {}

        @Override
        public void onToken(int index, int id) {
            action.run();
        }
    }

    @Test
    void cancelledReplyEndsWithWhatThereIs() throws InterruptedException {
        try (Engine engine = Engine.open(model)) {
            CountDownLatch begun = new CountDownLatch(3);
            PendingGeneration pending = engine.submit(request(200), new AtToken(begun::countDown));
            begun.await();
            pending.cancel();
            GenerationResult result = pending.await();
            assertEquals(FinishReason.CANCELLED, result.finishReason());
            assertTrue(result.ids().length >= 3 && result.ids().length < 200);
        }
    }

    @Test
    void interruptedCallerGetsWhatThereIs() throws InterruptedException {
        try (Engine engine = Engine.open(model)) {
            Thread caller = Thread.currentThread();
            CountDownLatch once = new CountDownLatch(1);
            GenerationResult result = engine.generate(request(200), new AtToken(() -> {
                if (once.getCount() > 0) {
                    once.countDown();
                    caller.interrupt();
                }
                // lets the caller act before the reply is done
                while (caller.isInterrupted()) {
                    Thread.onSpinWait();
                }
            }));
            assertTrue(Thread.interrupted());
            assertEquals(FinishReason.CANCELLED, result.finishReason());
        }
    }

    @Test
    void deadlineEndsTheReplyWithWhatThereIs() {
        AtomicLong now = new AtomicLong();
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withClock(now::get))) {
            GenerationResult result = engine.generate(request(200).withDeadline(Duration.ZERO));
            assertEquals(FinishReason.DEADLINE, result.finishReason());
            assertEquals(0, result.ids().length);
            // the clock stands but for a second at each token
            GenerationResult some = engine.generate(
                    request(200).withDeadline(Duration.ofSeconds(3)), new AtToken(() -> now.addAndGet(1_000_000_000)));
            assertEquals(FinishReason.DEADLINE, some.finishReason());
            assertEquals(3, some.ids().length);
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void failureOfOneRequestLeavesTheOthersAlone() {
        try (Engine engine = Engine.open(model)) {
            int[] expected = engine.generate(request(30)).ids();
            PendingGeneration before = engine.submit(request(30), null);
            PendingGeneration failing = engine.submit(request(30), new AtToken(() -> {
                throw new IllegalStateException("planted");
            }));
            PendingGeneration after = engine.submit(request(30), null);
            assertEquals(
                    "planted",
                    assertThrows(IllegalStateException.class, failing::await).getMessage());
            assertArrayEquals(expected, before.await().ids());
            assertArrayEquals(expected, after.await().ids());
        }
    }

    @Test
    void closingEndsPendingRequestsWithAnError() throws InterruptedException {
        Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withMaxBatch(1));
        CountDownLatch begun = new CountDownLatch(1);
        PendingGeneration running = engine.submit(request(250), new AtToken(() -> {
            begun.countDown();
            sleep(5);
        }));
        PendingGeneration waiting = engine.submit(request(5), null);
        begun.await();
        engine.close();
        assertTrue(running.isDone() && waiting.isDone());
        assertThrows(IllegalStateException.class, running::await);
        assertThrows(IllegalStateException.class, waiting::await);
        assertEquals(
                "engine: it is closed",
                assertThrows(IllegalStateException.class, () -> engine.generate(request(1)))
                        .getMessage());
        engine.close();
    }

    @Test
    void listenerMayNotWaitForItsOwnEngine() {
        try (Engine engine = Engine.open(model)) {
            AtomicReference<Exception> thrown = new AtomicReference<>();
            engine.generate(request(1), new AtToken(() -> {
                try {
                    engine.generate(request(1));
                } catch (IllegalStateException e) {
                    thrown.set(e);
                }
            }));
            assertEquals(
                    "engine: a listener must not wait for its own engine",
                    thrown.get().getMessage());
        }
    }

    @Test
    void sharedPoolOutlivesTheEngine() {
        try (WorkerPool pool = WorkerPool.of(2)) {
            EngineOptions options = EngineOptions.DEFAULTS.withPool(pool);
            int[] first;
            try (Engine engine = Engine.open(model, options)) {
                first = engine.generate(request(5)).ids();
            }
            try (Engine one = Engine.open(model, options);
                    Engine two = Engine.open(model, options)) {
                PendingGeneration pending = one.submit(request(5), null);
                assertArrayEquals(first, two.generate(request(5)).ids());
                assertArrayEquals(first, pending.await().ids());
            }
        }
    }

    @Test
    void adapterThatDoesNotFitIsRefused() {
        String weight = "model.layers.1.mlp.up_proj.weight";
        try (Engine plain = Engine.open(model);
                Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withFactors(factors))) {
            refuses(plain, weight, new float[48], "adapter: '" + weight + "' is not among the factors (no factors");
            refuses(
                    engine,
                    "model.layers.1.self_attn.q_proj.weight",
                    new float[48],
                    "adapter: 'model.layers.1.self_attn.q_proj.weight' is not among the factors");
            refuses(engine, weight, new float[47], "adapter: z of '" + weight + "' has length 47, expected 48");
            float[] broken = new float[48];
            broken[5] = Float.NaN;
            refuses(engine, weight, broken, "adapter: z of '" + weight + "' is NaN at 5, expected finite numbers");
        }
    }

    private static void refuses(Engine engine, String weight, float[] z, String message) {
        GenerationRequest asked = request(1).withAdapter(new Adapter.Scaling(Map.of(weight, z)));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> engine.generate(asked));
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    @Test
    void factorsOfAnotherModelAreRefusedUnlessTransferred() {
        Path other = RandomFolder.write(temporary.resolve("other"), "llama", "LlamaForCausalLM", 2, Map.of());
        EngineOptions options = EngineOptions.DEFAULTS.withFactors(factors);
        InvalidModelException e = assertThrows(
                InvalidModelException.class, () -> Engine.open(other, options).close());
        assertTrue(e.getMessage().contains("the factors are of another model, expected fingerprint "), e.getMessage());
        assertTrue(
                e.getMessage().contains("`mimic decompose MODEL OUT`, or accept these with --transfer"),
                e.getMessage());
        Engine.open(other, options.withTransfer(true)).close();
    }

    @Test
    void wrongShapeNamesTensorExpectedAndFound() throws IOException {
        Path broken = RandomFolder.write(temporary.resolve("broken"), "llama", "LlamaForCausalLM", 1, Map.of());
        Path config = broken.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceAll("(\"intermediate_size\" *: *)80", "$1" + "81"));
        InvalidModelException e = assertThrows(
                InvalidModelException.class, () -> Engine.open(broken).close());
        assertTrue(
                e.getMessage()
                        .contains("tensor 'model.layers.0.mlp.gate_proj.weight': shape is [80, 48], expected [81, 48]"),
                e.getMessage());
        Files.writeString(config, Files.readString(config).replaceAll("(\"num_hidden_layers\" *: *)3", "$1" + "4"));
        Files.writeString(config, Files.readString(config).replaceAll("(\"intermediate_size\" *: *)81", "$1" + "80"));
        InvalidModelException missing = assertThrows(
                InvalidModelException.class, () -> Engine.open(broken).close());
        assertTrue(
                missing.getMessage().contains("tensor 'model.layers.3.input_layernorm.weight': missing"),
                missing.getMessage());
    }

    @Test
    void logitsThatAreNotFiniteAreAnError() {
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withFactors(factors))) {
            float[] huge = new float[48];
            Arrays.fill(huge, Float.MAX_VALUE);
            Adapter adapter = new Adapter.Scaling(Map.of("model.layers.1.mlp.up_proj.weight", huge));
            assertThrows(
                    IllegalStateException.class,
                    () -> engine.generate(request(3).withAdapter(adapter)));
            assertThrows(IllegalStateException.class, () -> engine.logits(new int[] {1, 2}, adapter));
        }
    }

    @Test
    void idsBeyondTheVocabularyAreRefused() {
        try (Engine engine = Engine.open(model)) {
            assertThrows(IllegalArgumentException.class, () -> engine.generate(GenerationRequest.ofIds(150)));
            assertThrows(IllegalArgumentException.class, () -> engine.logits(new int[] {-1}, Adapter.NONE));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> engine.score(new int[] {1}, new int[] {3, 150}, Adapter.NONE));
        }
    }

    @Test
    void scoreIsTheLogprobOfGenerating() {
        try (Engine engine = Engine.open(model)) {
            GenerationResult result = engine.generate(request(12).withSampling(SamplingOptions.GREEDY.withLogprobs(2)));
            Score score = engine.score(result.promptIds(), result.ids(), Adapter.NONE);
            for (int i = 0; i < 12; i++) {
                GenerationResult.TokenLogprob token = result.logprobs().get(i);
                assertEquals(result.ids()[i], token.id());
                assertEquals(token.id(), token.top().getFirst().id());
                // decoding and prefill sum in different orders
                assertEquals(token.logprob(), score.logprobs()[i], 5e-4);
            }
            assertEquals(
                    0, engine.score(new int[] {1}, new int[0], Adapter.NONE).logprob());
        }
    }

    @Test
    void textWithoutATokenizerIsAnError() {
        try (Engine engine = Engine.open(model)) {
            assertThrows(IllegalArgumentException.class, () -> engine.generate(GenerationRequest.of("Hello")));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> engine.generate(request(3).withStopStrings(List.of("x"))));
            assertEquals("", engine.generate(request(3)).text());
        }
    }
}
