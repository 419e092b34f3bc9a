package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.engine.model.KeyValueCaches;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import dev.mimic.testkit.RandomFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers that read the same x are handed to the threads together in decoding; each has the bits it has alone. */
final class GroupedDecodingTest {
    private static final int ROWS = 8;
    private static final int STEPS = 3;

    @TempDir
    static Path temporary;

    private static Path model;
    private static Path factors;
    private static Map<String, float[]> z;

    /** A pass that keeps projections takes its layers one by one. */
    private static final class Keeping implements ForwardTrace {
        private final Map<Integer, float[]> kept = new HashMap<>();
        private final int room;

        Keeping(Transformer transformer) {
            room = ROWS * transformer.weights().largestRank();
        }

        @Override
        public float[] projection(int slot) {
            return kept.computeIfAbsent(slot, _ -> new float[room]);
        }
    }

    @BeforeAll
    static void write() {
        model = RandomFolder.write(temporary.resolve("model"), "qwen3", "Qwen3ForCausalLM", 3, Map.of("head_dim", 12));
        factors = temporary.resolve("factors");
        z = new HashMap<>();
        // all but the queries, so that a group has layers of both kinds
        TestFactors.write(model, factors, name -> TestFactors.isLinear(name) && !name.contains("q_proj"), 16)
                .forEach((name, sigma) -> {
                    float[] values = new float[sigma.length];
                    Arrays.fill(values, 1.25f);
                    z.put(name, values);
                });
    }

    @Test
    void factorsInGroupsHaveTheBitsOfFactorsAlone() {
        for (Function<WorkerPool, Backend> backend :
                List.<Function<WorkerPool, Backend>>of(Backend::scalar, Backend::vector)) {
            for (EngineOptions.Form form : EngineOptions.Form.values()) {
                EngineOptions options = EngineOptions.DEFAULTS
                        .withFactors(factors)
                        .withForm(form)
                        .withBackend(backend)
                        .withThreads(2);
                try (Engine engine = Engine.open(model, options)) {
                    engine.withDecoder(transformer -> {
                        check(transformer, form);
                        return null;
                    });
                }
            }
        }
    }

    private static void check(Transformer transformer, EngineOptions.Form form) {
        RowScales base = transformer.weights().base();
        RowScales scaled = transformer.weights().scales(z);
        List<RowScales> mixed = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            mixed.add(row % 3 == 1 ? scaled : base);
        }
        for (List<RowScales> rows : List.of(List.of(base), List.of(scaled), mixed, mixed.subList(0, 6))) {
            float[] together = decode(transformer, rows, ForwardTrace.NONE);
            float[] alone = decode(transformer, rows, new Keeping(transformer));
            assertArrayEquals(alone, together, form + ", " + rows.size() + " rows");
        }
    }

    /** The logits of a few steps. */
    private static float[] decode(Transformer transformer, List<RowScales> rows, ForwardTrace trace) {
        int vocabulary = transformer.config().vocabularySize();
        float[] logits = new float[STEPS * rows.size() * vocabulary];
        float[] last = new float[rows.size() * vocabulary];
        try (KeyValueCaches caches = new KeyValueCaches(transformer.config(), KeyValueType.F32)) {
            List<KeyValueCache> taken = new ArrayList<>();
            rows.forEach(_ -> taken.add(caches.take(STEPS)));
            Step step = transformer.newStep();
            for (int position = 0; position < STEPS; position++) {
                step.decode();
                for (int row = 0; row < rows.size(); row++) {
                    step.add(1 + (7 * row + 3 * position) % 20, position, taken.get(row), rows.get(row));
                }
                transformer.forward(step, trace);
                transformer.logits(Phase.DECODE, 0, rows.size(), last);
                System.arraycopy(last, 0, logits, position * last.length, last.length);
            }
            taken.forEach(caches::giveBack);
        }
        return logits;
    }
}
