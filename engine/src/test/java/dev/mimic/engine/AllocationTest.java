package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.RandomFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Decoding allocates nothing per token in steady state, on any thread of the engine. */
final class AllocationTest {
    /** Tokens that a window of the measurement spans. */
    private static final int WINDOW = 200;

    /** Tokens that the vector kernels may take until they are compiled: interpreted, they box. */
    private static final int MOST_TOKENS = 6_000;

    @TempDir
    Path temporary;

    /** Measures the engine's threads over windows of a row's tokens, until one is clean. */
    private static final class Meter implements GenerationListener {
        private LongSupplier counter;
        private long begin;
        private long least = Long.MAX_VALUE;

        @Override
        public void onText(String piece) {}

        @Override
        public void onToken(int index, int id) {
            if (index == 0) {
                counter = Allocations.counter("mimic-");
            } else if (index % WINDOW == 0 && least > 0) {
                long now = counter.getAsLong();
                least = index == WINDOW ? least : Math.min(least, now - begin);
                begin = counter.getAsLong();
            }
        }
    }

    @Test
    void twoHundredStepsOfThreeRowsAllocateNothing() {
        Path model = RandomFolder.write(
                temporary.resolve("model"),
                "qwen3",
                "Qwen3ForCausalLM",
                1,
                Map.of("max_position_embeddings", 8192, "head_dim", 8));
        Path factors = temporary.resolve("factors");
        Map<String, float[]> z = new LinkedHashMap<>();
        TestFactors.write(model, factors, TestFactors::isLinear, 16).forEach((name, sigma) -> {
            float[] values = new float[sigma.length];
            Arrays.fill(values, 1.1f);
            z.put(name, values);
        });
        for (EngineOptions.Form form : List.of(EngineOptions.Form.FACTORED, EngineOptions.Form.RESIDUAL)) {
            EngineOptions options =
                    EngineOptions.DEFAULTS.withFactors(factors).withForm(form).withBackend(Backend::vector);
            try (Engine engine = Engine.open(model, options)) {
                check(engine, new Adapter.Scaling(z), form.toString());
            }
        }
    }

    @Test
    void twoHundredStepsWithALowRankChangeAllocateNothing() {
        Path model = RandomFolder.write(
                temporary.resolve("model"),
                "qwen3",
                "Qwen3ForCausalLM",
                1,
                Map.of("max_position_embeddings", 8192, "head_dim", 8));
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withBackend(Backend::vector))) {
            check(engine, LowRankSamples.adapter(model, 4, 1), "low rank");
        }
    }

    @Test
    void twoHundredStepsThatSampleAllocateNothing() {
        Path model = RandomFolder.write(
                temporary.resolve("model"),
                "qwen3",
                "Qwen3ForCausalLM",
                1,
                Map.of("max_position_embeddings", 8192, "head_dim", 8));
        SamplingOptions warm = SamplingOptions.GREEDY.withTemperature(0.8f);
        List<SamplingOptions> samplings = List.of(
                warm.withTopP(0.95f),
                warm.withTopK(40),
                warm.withTopK(40).withTopP(0.9f).withMinP(0.01f).withRepetitionPenalty(1.1f));
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withBackend(Backend::vector))) {
            for (SamplingOptions sampling : samplings) {
                check(engine, Adapter.NONE, sampling, sampling.toString());
            }
        }
    }

    private static void check(Engine engine, Adapter adapter, String form) {
        check(engine, adapter, SamplingOptions.GREEDY, form);
    }

    private static void check(Engine engine, Adapter adapter, SamplingOptions sampling, String form) {
        GenerationRequest request = GenerationRequest.ofIds(1, 2, 3)
                .withMaxTokens(MOST_TOKENS)
                .withSampling(sampling)
                .withIgnoreEos(true);
        Meter meter = new Meter();
        CountDownLatch all = new CountDownLatch(1);
        List<PendingGeneration> pending = new ArrayList<>();
        pending.add(engine.submit(request.withAdapter(adapter), null));
        pending.add(engine.submit(request, null));
        pending.add(engine.submit(request.withAdapter(adapter), new GenerationListener() {
            @Override
            public void onText(String piece) {}

            @Override
            public void onToken(int index, int id) {
                meter.onToken(index, id);
                if (meter.least == 0 && all.getCount() == 0) {
                    pending.forEach(PendingGeneration::cancel);
                }
            }
        }));
        all.countDown();
        pending.forEach(PendingGeneration::await);
        assertEquals(0, meter.least, form + ": bytes in the best " + WINDOW + " steps of 3 rows");
    }
}
