package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.RandomFolder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An engine has the threads it was given and no others. */
final class EngineThreadsTest {
    @TempDir
    Path temporary;

    @Test
    void anEngineComputesOnAsManyThreadsAsItsOptionsSay() {
        Path model = RandomFolder.write(temporary.resolve("model"), "llama", "LlamaForCausalLM", 1, Map.of());
        for (int threads : new int[] {1, 2, 3}) {
            Set<Thread> before = threads();
            try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withThreads(threads))) {
                engine.generate(GenerationRequest.ofIds(1, 2).withMaxTokens(5).withIgnoreEos(true));
                // the scheduler's thread computes, the others help it
                assertEquals(threads, added(before), "threads of an engine");
            }
            assertEquals(0, added(before), "threads of a closed engine");
        }
    }

    @Test
    void anEngineWithASharedPoolAddsItsSchedulerAlone() {
        Path model = RandomFolder.write(temporary.resolve("model"), "llama", "LlamaForCausalLM", 1, Map.of());
        try (WorkerPool pool = WorkerPool.of(2)) {
            Set<Thread> before = threads();
            EngineOptions options = EngineOptions.DEFAULTS.withThreads(4).withPool(pool);
            try (Engine engine = Engine.open(model, options)) {
                engine.generate(GenerationRequest.ofIds(1, 2).withMaxTokens(5).withIgnoreEos(true));
                assertEquals(1, added(before), "threads of an engine with a shared pool");
            }
        }
    }

    private static long added(Set<Thread> before) {
        Set<Thread> now = new HashSet<>(threads());
        now.removeAll(before);
        return now.size();
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("mimic-"))
                .collect(Collectors.toSet());
    }
}
