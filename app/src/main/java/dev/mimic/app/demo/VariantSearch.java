package dev.mimic.app.demo;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.search.FewShotSearch;
import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.svf.MixtureSpace;
import dev.mimic.adapt.task.Example;
import dev.mimic.adapt.task.Task;
import dev.mimic.app.terminal.Console;
import dev.mimic.app.terminal.ProgressBar;
import dev.mimic.engine.Engine;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Few-shot searches for several variants at once; they wait in threads of their own and share the engine's batches. */
final class VariantSearch {
    private final Console console;
    private final Engine engine;
    private final MixtureSpace space;
    private final FewShotSettings settings;
    private final AtomicInteger replies = new AtomicInteger();
    private final AtomicInteger rounds = new AtomicInteger();

    /**
     * Prepares.
     *
     * @param engine borrowed
     * @param space the mixtures
     */
    VariantSearch(Console console, Engine engine, MixtureSpace space, FewShotSettings settings) {
        this.console = console;
        this.engine = engine;
        this.space = space;
        this.settings = settings;
    }

    /** Searches on the shots of each variant. */
    Map<String, FewShotResult> run(List<String> variants) {
        Map<String, Future<FewShotResult>> searches = new LinkedHashMap<>();
        Map<String, FewShotResult> found = new LinkedHashMap<>();
        long all = (long) settings.generations() * variants.size();
        return console.progress("few-shot search", all, bar -> {
            try (ExecutorService threads = Executors.newFixedThreadPool(variants.size())) {
                for (String variant : variants) {
                    searches.put(variant, threads.submit(() -> search(variant, bar, variants.size())));
                }
                for (String variant : variants) {
                    found.put(variant, result(searches.get(variant)));
                }
            }
            return found;
        });
    }

    /** Replies that all searches needed so far. */
    int replies() {
        return replies.get();
    }

    private FewShotResult search(String variant, ProgressBar bar, int searches) {
        Task task = Task.of("bundled-" + variant);
        List<Example> shots = BundledModel.examples(variant, "shots");
        return new FewShotSearch(engine, space, task, shots, task.replyLimit())
                .run(settings, new FewShotSearch.Listener() {
                    @Override
                    public void replied(int generation, int done, int of) {
                        replies.incrementAndGet();
                    }

                    @Override
                    public void generation(FewShotSearch.Generation generation) {
                        synchronized (VariantSearch.this) { // the bar serves one thread
                            bar.at(rounds.incrementAndGet(), "rounds of " + searches + " searches at once");
                        }
                    }
                });
    }

    private static FewShotResult result(Future<FewShotResult> search) {
        try {
            return search.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("demo: interrupted", e);
        }
    }
}
