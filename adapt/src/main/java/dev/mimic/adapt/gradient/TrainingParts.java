package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.Transformer;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Memory, kernels and decoders of replies that threads take by parts. The products of a small model are too short to be
 * shared by threads one by one: a hand-over each costs as much as they do. How replies are cut depends on the model and
 * on their number, never on threads, which show in no result therefore.
 */
final class TrainingParts implements AutoCloseable {
    /** Replies of a part at most: enough rows for the products of new tokens. */
    private static final int REPLIES = 32;

    /** Elements of the linear layers of a layer: every thread reads all of them, so that they should stay in its cache. */
    private static final long MOST_ELEMENTS = 1 << 19;

    private final List<WorkerPool> pools = new ArrayList<>();
    private final List<Backend> backends = new ArrayList<>();
    private final List<TrainingWorkspace> workspaces = new ArrayList<>();

    /**
     * Takes the memory.
     *
     * @param transformer the engine's own, whose threads the parts share
     * @param linears the trained weights by whole name
     * @param plans one a part
     * @param memory bytes for activations of a part
     */
    TrainingParts(
            Transformer transformer,
            Trained trained,
            Map<String, Linear> linears,
            List<MemoryPlan> plans,
            long memory) {
        int threads = Math.max(1, transformer.backend().pool().threads() / plans.size());
        boolean made = false;
        try {
            for (MemoryPlan plan : plans) {
                WorkerPool pool = WorkerPool.of(threads);
                pools.add(pool);
                Backend backend = transformer.backend().over(pool).orElseThrow();
                backends.add(backend);
                workspaces.add(new TrainingWorkspace(transformer.over(backend), trained, linears, plan, memory));
            }
            made = true;
        } finally {
            if (!made) {
                close();
            }
        }
    }

    /** Requests of a part: all of them where the model's own threads had better share every product. */
    static int share(Transformer transformer, int requests) {
        return isSmall(transformer) ? Math.ceilDiv(requests, Math.max(1, Math.ceilDiv(requests, REPLIES))) : requests;
    }

    private static boolean isSmall(Transformer transformer) {
        if (!transformer.backend().repeatable()) {
            return false;
        }
        long elements = 0;
        for (Linear linear :
                LayerActivations.linears(transformer.weights().blocks().getLast())) {
            elements += switch (linear) {
                case Linear.Dense dense -> (long) dense.in() * dense.out();
                case Linear.Svf svf -> (long) svf.factors().rank() * (svf.in() + svf.out());
            };
        }
        return elements <= MOST_ELEMENTS;
    }

    /** Whether there is a part with enough memory for each plan. */
    boolean holds(List<MemoryPlan> plans) {
        boolean enough = plans.size() == workspaces.size();
        for (int i = 0; enough && i < plans.size(); i++) {
            enough = workspaces.get(i).holds(plans.get(i));
        }
        return enough;
    }

    /** The parts' memory. */
    List<TrainingWorkspace> workspaces() {
        return workspaces;
    }

    /** Frees all. */
    @Override
    public void close() {
        workspaces.forEach(TrainingWorkspace::close);
        backends.forEach(Backend::close);
        pools.forEach(WorkerPool::close);
    }
}
