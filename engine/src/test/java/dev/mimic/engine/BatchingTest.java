package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.engine.trace.BatchTrace;
import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.SeededCases;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A row gets bit for bit what it gets alone, whatever is decoded beside it. */
final class BatchingTest {
    private static final int VOCABULARY = 150;

    @TempDir
    static Path temporary;

    private static Path model;
    private static Path factors;
    private static Path truncated;
    private static Map<String, float[]> sigmas;

    @BeforeAll
    static void write() {
        model = RandomFolder.write(
                temporary.resolve("model"), "mistral", "MistralForCausalLM", 3, Map.of("sliding_window", 20));
        factors = temporary.resolve("factors");
        sigmas = TestFactors.write(model, factors, TestFactors::isLinear, Integer.MAX_VALUE);
        truncated = temporary.resolve("truncated");
        TestFactors.write(model, truncated, TestFactors::isLinear, 8);
    }

    /** Eight requests with eight different experts, prompts, lengths and seeds; the first is the base model. */
    private static List<GenerationRequest> eight(int rank) {
        List<GenerationRequest> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            RandomGenerator random = SeededCases.generator(100 + i);
            Map<String, float[]> z = new LinkedHashMap<>();
            sigmas.forEach((name, sigma) -> {
                float[] values = new float[Math.min(rank, sigma.length)];
                for (int k = 0; k < values.length; k++) {
                    values[k] = (float) random.nextGaussian(1, 0.4);
                }
                z.put(name, values);
            });
            SamplingOptions sampling = SamplingOptions.GREEDY
                    .withTemperature(i % 2)
                    .withSeed(i)
                    .withRepetitionPenalty(i % 3 == 0 ? 1.2f : 1)
                    .withLogprobs(VOCABULARY);
            all.add(GenerationRequest.ofIds(
                            random.ints(3 + 5 * i, 0, VOCABULARY).toArray())
                    .withAdapter(i == 0 ? Adapter.NONE : new Adapter.Scaling(z))
                    .withSampling(sampling)
                    .withMaxTokens(12 + 3 * i)
                    .withIgnoreEos(true));
        }
        return all;
    }

    /** The same with three low-rank adapters, of other ranks, among them; two rows share one. */
    private static List<GenerationRequest> eightOfAllKinds(int rank) {
        List<GenerationRequest> all = eight(rank);
        Adapter.LowRank shared = LowRankSamples.adapter(model, 5, 1);
        all.set(2, all.get(2).withAdapter(shared));
        all.set(3, all.get(3).withAdapter(LowRankSamples.adapter(model, 1, 2)));
        all.set(5, all.get(5).withAdapter(shared));
        all.set(6, all.get(6).withAdapter(LowRankSamples.adapter(model, 8, 3)));
        return all;
    }

    private static void checkTogetherAsAlone(EngineOptions options, int rank) {
        checkTogetherAsAlone(options, eight(rank));
    }

    private static void checkTogetherAsAlone(EngineOptions options, List<GenerationRequest> requests) {
        try (Engine engine = Engine.open(model, options)) {
            List<GenerationResult> alone =
                    requests.stream().map(engine::generate).toList();
            List<GenerationResult> together = engine.generateAll(requests);
            Set<List<Integer>> different = new HashSet<>();
            for (int i = 0; i < 8; i++) {
                assertArrayEquals(alone.get(i).ids(), together.get(i).ids());
                // doubles compare by bits: all logits of all steps
                assertEquals(alone.get(i).logprobs(), together.get(i).logprobs());
                assertEquals(
                        VOCABULARY, together.get(i).logprobs().getFirst().top().size());
                different.add(Arrays.stream(alone.get(i).ids()).boxed().toList());
            }
            assertEquals(8, different.size(), "eight requests with eight different replies");
        }
    }

    @Test
    void eightExpertsInOneBatchAreAsAloneInFactoredForm() {
        checkTogetherAsAlone(
                EngineOptions.DEFAULTS.withFactors(factors).withForm(EngineOptions.Form.FACTORED), Integer.MAX_VALUE);
    }

    @Test
    void eightExpertsInOneBatchAreAsAloneInResidualForm() {
        checkTogetherAsAlone(EngineOptions.DEFAULTS.withFactors(truncated).withForm(EngineOptions.Form.RESIDUAL), 8);
    }

    @Test
    void rowsWithScalesLowRankChangesAndNothingAreAsAlone() {
        checkTogetherAsAlone(EngineOptions.DEFAULTS.withFactors(factors), eightOfAllKinds(Integer.MAX_VALUE));
        checkTogetherAsAlone(EngineOptions.DEFAULTS.withFactors(truncated), eightOfAllKinds(8));
        EngineOptions cut = EngineOptions.DEFAULTS.withMaxBatch(3).withBlockSize(5);
        List<GenerationRequest> withoutFactors = eightOfAllKinds(8).stream()
                .map(one -> one.adapter() instanceof Adapter.Scaling ? one.withAdapter(Adapter.NONE) : one)
                .toList();
        checkTogetherAsAlone(cut, withoutFactors);
    }

    @Test
    void rowsThatWaitForRoomAreAsAlone() {
        checkTogetherAsAlone(
                EngineOptions.DEFAULTS.withFactors(factors).withMaxBatch(3).withBlockSize(5), Integer.MAX_VALUE);
    }

    @Test
    void rowsWhoseCachesDoNotFitWaitForOthersToEnd() {
        EngineOptions options = EngineOptions.DEFAULTS.withFactors(factors);
        checkTogetherAsAlone(options.withCacheBytes(1), Integer.MAX_VALUE);
        long one = cacheBytes(4 + 6 - 1);
        assertEquals("000000111111222222", orderOfTokens(options.withCacheBytes(1)));
        assertEquals("000000111111222222", orderOfTokens(options.withCacheBytes(2 * one - 1)));
        assertEquals("012012012012012012", orderOfTokens(options.withCacheBytes(3 * one)));
        String two = orderOfTokens(options.withCacheBytes(2 * one));
        assertEquals("010101010101222222", two);
    }

    private static long cacheBytes(int positions) {
        try (Engine engine = Engine.open(model)) {
            return engine.cacheBytes(positions);
        }
    }

    /** Which of three rows of six tokens each token comes from; all three wait before the first begins. */
    private static String orderOfTokens(EngineOptions options) {
        StringBuilder order = new StringBuilder();
        CountDownLatch submitted = new CountDownLatch(1);
        try (Engine engine = Engine.open(model, options)) {
            List<PendingGeneration> pending = new ArrayList<>();
            Thread held = Thread.ofVirtual()
                    .start(() -> engine.withDecoder(_ -> {
                        try {
                            submitted.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        return 0;
                    }));
            while (held.getState() == Thread.State.NEW || held.getState() == Thread.State.RUNNABLE) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < 3; i++) {
                int row = i;
                GenerationRequest request =
                        GenerationRequest.ofIds(1, 2, 3, 4 + i).withMaxTokens(6).withIgnoreEos(true);
                pending.add(engine.submit(request, new GenerationListener() {
                    @Override
                    public void onText(String piece) {}

                    @Override
                    public void onToken(int index, int id) {
                        order.append(row);
                    }
                }));
            }
            submitted.countDown();
            pending.forEach(PendingGeneration::await);
        }
        return order.toString();
    }

    private static final GenerationRequest SIX =
            GenerationRequest.ofIds(1, 2, 3, 4).withMaxTokens(6).withIgnoreEos(true);

    /** Starts something and waits until it waits for the scheduler, whose thread this is. */
    private static Thread startedAndWaiting(Runnable work) {
        Thread thread = Thread.ofPlatform().daemon().start(work);
        while (thread.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        return thread;
    }

    @Test
    void tracedRowsHaveTheBytesThatPausedOnesLeave() throws InterruptedException {
        int[] counts = new int[2]; // rows of a step, and the most of them
        BatchTrace trace = new BatchTrace() {
            @Override
            public void step() {
                counts[0] = 0;
            }

            @Override
            public void rows(int request, int from, int count, int length, boolean wanted) {
                counts[1] = Math.max(counts[1], ++counts[0]);
            }
        };
        Thread[] traced = new Thread[1];
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withCacheBytes(3 * cacheBytes(4 + 6 - 1)))) {
            Transformer decoder = engine.withDecoder(transformer -> transformer.withRows(16));
            PendingGeneration paused = engine.submit(SIX, new GenerationListener() {
                @Override
                public void onText(String piece) {}

                @Override
                public void onToken(int index, int id) {
                    if (index == 0) {
                        traced[0] = startedAndWaiting(() -> engine.generateAll(List.of(SIX, SIX, SIX), decoder, trace));
                    }
                }
            });
            assertEquals(6, paused.await().ids().length);
            traced[0].join();
        }
        assertEquals(2, counts[1]);
    }

    @Test
    void closingEndsTracedRowsAfterTheirStep() throws InterruptedException {
        int[] steps = new int[1];
        Thread[] closer = new Thread[1];
        Engine engine = Engine.open(model);
        BatchTrace trace = new BatchTrace() {
            @Override
            public void step() {
                if (++steps[0] == 3) {
                    closer[0] = startedAndWaiting(engine::close);
                }
            }
        };
        Transformer decoder = engine.withDecoder(transformer -> transformer.withRows(16));
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> engine.generateAll(List.of(SIX, SIX), decoder, trace));
        assertEquals("engine: it is closed", e.getMessage());
        closer[0].join();
        assertEquals(3, steps[0]);
    }

    @Test
    void blocksOfAPromptDoNotShow() {
        int[] ids = SeededCases.generator(5).ints(47, 0, VOCABULARY).toArray();
        float[][] whole;
        try (Engine engine = Engine.open(model)) {
            whole = engine.logits(ids, Adapter.NONE);
        }
        for (int block : new int[] {1, 7, 16, 46}) {
            EngineOptions options = EngineOptions.DEFAULTS.withBlockSize(block).withMaxBatch(1);
            try (Engine engine = Engine.open(model, options)) {
                float[][] cut = engine.logits(ids, Adapter.NONE);
                for (int i = 0; i < ids.length; i++) {
                    assertArrayEquals(whole[i], cut[i], "block size " + block + ", position " + i);
                }
            }
        }
    }

    @Test
    void threadsDoNotShow() {
        int[] ids = SeededCases.generator(6).ints(30, 0, VOCABULARY).toArray();
        GenerationRequest request = GenerationRequest.ofIds(ids)
                .withSampling(SamplingOptions.GREEDY.withLogprobs(VOCABULARY))
                .withMaxTokens(10);
        List<GenerationResult.TokenLogprob> one = null;
        for (int threads : new int[] {1, 2, 3}) {
            try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withThreads(threads))) {
                List<GenerationResult.TokenLogprob> found =
                        engine.generate(request).logprobs();
                one = one == null ? found : one;
                assertEquals(one, found, threads + " threads");
            }
        }
    }

    @Test
    void residualFormLeavesTheBaseModelExactlyAsItIs() {
        int[] ids = SeededCases.generator(8).ints(21, 0, VOCABULARY).toArray();
        GenerationRequest base = GenerationRequest.ofIds(ids)
                .withSampling(SamplingOptions.GREEDY.withLogprobs(VOCABULARY))
                .withMaxTokens(16);
        EngineOptions residual = EngineOptions.DEFAULTS.withFactors(truncated);
        try (Engine plain = Engine.open(model);
                Engine engine = Engine.open(model, residual)) {
            assertEquals(plain.generate(base).logprobs(), engine.generate(base).logprobs());
            // beside experts too
            List<GenerationRequest> mixed = new ArrayList<>(eight(8));
            mixed.add(base);
            assertEquals(
                    plain.generate(base).logprobs(),
                    engine.generateAll(mixed).getLast().logprobs());
            Map<String, float[]> ones = new LinkedHashMap<>();
            sigmas.forEach((name, sigma) -> {
                ones.put(name, new float[8]);
                Arrays.fill(ones.get(name), 1);
            });
            assertEquals(
                    plain.generate(base).logprobs(),
                    engine.generate(base.withAdapter(new Adapter.Scaling(ones))).logprobs());
        }
    }

    @Test
    void sameSeedGivesTheSameTokensAndAnotherSeedOthers() {
        GenerationRequest request = GenerationRequest.ofIds(5, 6, 7)
                .withSampling(SamplingOptions.GREEDY.withTemperature(1).withSeed(42))
                .withMaxTokens(30)
                .withIgnoreEos(true);
        try (Engine engine = Engine.open(model)) {
            List<GenerationResult> three = engine.generateAll(List.of(request.withN(3)));
            assertArrayEquals(three.get(0).ids(), engine.generate(request).ids());
            SamplingOptions next = SamplingOptions.GREEDY.withTemperature(1).withSeed(43);
            assertArrayEquals(
                    three.get(1).ids(),
                    engine.generate(request.withSampling(next)).ids());
            assertNotEquals(
                    Arrays.toString(three.get(0).ids()),
                    Arrays.toString(three.get(1).ids()));
            assertNotEquals(
                    Arrays.toString(three.get(1).ids()),
                    Arrays.toString(three.get(2).ids()));
        }
    }
}
