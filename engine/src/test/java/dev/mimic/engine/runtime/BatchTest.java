package dev.mimic.engine.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.Engine;
import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.engine.model.KeyValueCaches;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.engine.trace.BatchTrace;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import dev.mimic.testkit.RandomFolder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BatchTest {
    private static final int ROWS = 3;
    private static final int PROMPT = 5;
    private static final int LIMIT = 6;

    @TempDir
    Path temporary;

    private static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @Test
    void aTraceThatThrowsLeavesNoCacheBehind() {
        Path model = RandomFolder.write(temporary.resolve("model"), "llama", "LlamaForCausalLM", 3, Map.of());
        try (Engine engine = Engine.open(model)) {
            engine.withDecoder(transformer -> {
                for (int step = 1; step <= 4; step++) { // the first reads prompts
                    cachesComeBack(transformer, step, false);
                    cachesComeBack(transformer, step, true);
                }
                return 0;
            });
        }
    }

    /** The trace throws where a step begins, or at its first row, when a cancelled one has just been taken out. */
    private static void cachesComeBack(Transformer transformer, int brokenStep, boolean atRow) {
        List<GenerationTask> tasks =
                Stream.generate(() -> task(transformer)).limit(ROWS).toList();
        BatchTrace trace = new BatchTrace() {
            private int step;

            @Override
            public void step() {
                if (++step == brokenStep) {
                    if (!atRow) {
                        throw new Broken();
                    }
                    tasks.getFirst().cancel();
                }
            }

            @Override
            public void rows(int request, int from, int count, int length, boolean wanted) {
                if (step == brokenStep) {
                    throw new Broken();
                }
            }
        };
        try (KeyValueCaches caches = new KeyValueCaches(transformer.config(), KeyValueType.F32)) {
            Set<KeyValueCache> before = idle(caches);
            Batch batch = new Batch(transformer, ROWS, caches, Long.MAX_VALUE, () -> {}, Phase.PREFILL);
            assertThrows(Broken.class, () -> batch.run(tasks, trace, () -> {}));
            assertEquals(0, batch.active());
            assertEquals(before, idle(caches));
            for (GenerationTask task : tasks.subList(1, ROWS)) {
                assertTrue(task.completion().isCompletedExceptionally());
            }
        }
    }

    private static GenerationTask task(Transformer transformer) {
        return new GenerationTask(
                new int[] {1, 2, 3, 4, 5},
                LIMIT,
                new int[0],
                SamplingOptions.GREEDY,
                transformer.weights().base(),
                null,
                null,
                GenerationTask.NEVER,
                System::nanoTime);
    }

    /** Caches for all rows, which are idle again afterwards. */
    private static Set<KeyValueCache> idle(KeyValueCaches caches) {
        Set<KeyValueCache> all = new HashSet<>();
        for (int i = 0; i < ROWS; i++) {
            all.add(caches.take(PROMPT + LIMIT - 1));
        }
        all.forEach(caches::giveBack);
        return all;
    }
}
