package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Transformer;
import dev.mimic.kernels.WorkerPool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What sampling replies shows of itself, part by part; each part goes its way with what its workspace has. */
final class RecordedParts {
    private final List<TrainingWorkspace> workspaces;
    private final List<RecordedActivations> traces = new ArrayList<>();
    private final int requests;
    private final int share;

    /**
     * Begins with nothing.
     *
     * @param workspaces one a part
     * @param requests requests of all parts
     * @param share requests of a part, but for the last one
     */
    RecordedParts(List<TrainingWorkspace> workspaces, int requests, int share) {
        this.workspaces = List.copyOf(workspaces);
        this.requests = requests;
        this.share = share;
        for (int part = 0; part < workspaces.size(); part++) {
            traces.add(workspaces.get(part).record(end(part) - begin(part)));
        }
    }

    private int begin(int part) {
        return part * share;
    }

    private int end(int part) {
        return Math.min(requests, begin(part) + share);
    }

    /** Requests of a part, but for the last one. */
    int share() {
        return share;
    }

    /** The parts' decoders. */
    List<Transformer> decoders() {
        return workspaces.stream().map(TrainingWorkspace::transformer).toList();
    }

    /** What sees the parts' steps. */
    List<RecordedActivations> traces() {
        return traces;
    }

    /** Whether what ran are exactly the rows of these sequences. */
    boolean holds(List<TrainingSequence> sequences) {
        if (sequences.size() != requests) {
            return false;
        }
        for (int part = 0; part < traces.size(); part++) {
            if (!traces.get(part).holds(sequences.subList(begin(part), end(part)))) {
                return false;
            }
        }
        return true;
    }

    /**
     * The objective over all sequences and its gradient; the parts' are added up in order.
     *
     * @param pool whose threads take the parts
     * @param scales what all rows ran with
     * @param sequences what is held
     */
    TrainingResult gradient(WorkerPool pool, RowScales scales, List<TrainingSequence> sequences, Objective objective) {
        TrainingResult[] found = new TrainingResult[traces.size()];
        pool.runEach(
                found.length,
                part -> found[part] = workspaces
                        .get(part)
                        .gradient(
                                scales,
                                traces.get(part),
                                sequences.subList(begin(part), end(part)),
                                requests,
                                objective));
        return found.length == 1 ? found[0] : sum(found);
    }

    private TrainingResult sum(TrainingResult[] found) {
        double loss = 0;
        double[] likelihoods = new double[requests];
        double[] divergences = new double[requests];
        Map<String, double[]> gradient = new LinkedHashMap<>();
        for (int part = 0; part < found.length; part++) {
            TrainingResult one = found[part];
            loss += one.loss();
            System.arraycopy(one.logLikelihoods(), 0, likelihoods, begin(part), end(part) - begin(part));
            System.arraycopy(one.divergences(), 0, divergences, begin(part), end(part) - begin(part));
            one.gradient()
                    .forEach((name, values) ->
                            add(values, gradient.computeIfAbsent(name, _ -> new double[values.length])));
        }
        return new TrainingResult(loss, likelihoods, divergences, gradient);
    }

    private static void add(double[] x, double[] y) {
        for (int i = 0; i < x.length; i++) {
            y[i] += x[i];
        }
    }
}
