package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.Allocations;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Decoding allocates nothing per token in steady state, on any thread of the engine. */
final class AllocationTest {
    @TempDir
    Path temporary;

    /** Measures the engine's threads between two of a row's tokens. */
    private static final class Meter implements GenerationListener {
        private final int from;
        private final int to;
        private LongSupplier counter;
        private long begin;
        private long allocated = -1;

        Meter(int from, int to) {
            this.from = from;
            this.to = to;
        }

        @Override
        public void onText(String piece) {}

        @Override
        public void onToken(int index, int id) {
            if (index == from) {
                counter = Allocations.counter("mimic-");
                counter.getAsLong(); // once for its own classes
                begin = counter.getAsLong();
            } else if (index == to) {
                allocated = counter.getAsLong() - begin;
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
                Map.of("max_position_embeddings", 4096, "head_dim", 8));
        Path factors = temporary.resolve("factors");
        Map<String, float[]> z = new LinkedHashMap<>();
        TestFactors.write(model, factors, TestFactors::isLinear, 16).forEach((name, sigma) -> {
            float[] values = new float[sigma.length];
            Arrays.fill(values, 1.1f);
            z.put(name, values);
        });
        for (EngineOptions.Form form : List.of(EngineOptions.Form.FACTORED, EngineOptions.Form.RESIDUAL)) {
            EngineOptions options = EngineOptions.DEFAULTS.withFactors(factors).withForm(form);
            try (Engine engine = Engine.open(model, options)) {
                GenerationRequest request = GenerationRequest.ofIds(1, 2, 3)
                        .withMaxTokens(1020)
                        .withIgnoreEos(true)
                        .withAdapter(new Adapter.Scaling(z));
                Meter meter = new Meter(800, 1000);
                List<PendingGeneration> pending = new ArrayList<>();
                pending.add(engine.submit(request, null));
                pending.add(engine.submit(request.withAdapter(Adapter.NONE), null));
                pending.add(engine.submit(request, meter));
                pending.forEach(one -> assertEquals(1020, one.await().ids().length));
                assertTrue(meter.allocated >= 0);
                // under a byte a token: what the JVM itself may do in the meantime
                assertTrue(
                        meter.allocated < 200, () -> form + ": " + meter.allocated + " bytes in 200 steps of 3 rows");
            }
        }
    }
}
