package dev.mimic.engine.sampling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Sampling as its documents define it: in double, by sorting everything, one definition after the other. */
final class SamplingOracle {
    private SamplingOracle() {}

    /** Logits after bias and penalties. */
    static double[] penalized(float[] logits, SamplingOptions options, List<Integer> prompt, List<Integer> generated) {
        double[] result = new double[logits.length];
        for (int id = 0; id < logits.length; id++) {
            double logit = logits[id] + options.logitBias().getOrDefault(id, 0f);
            if (prompt.contains(id) || generated.contains(id)) {
                logit = logit > 0 ? logit / options.repetitionPenalty() : logit * options.repetitionPenalty();
            }
            int token = id;
            long count = generated.stream().filter(other -> other == token).count();
            result[id] = logit - count * options.frequencyPenalty() - (count > 0 ? options.presencePenalty() : 0);
        }
        return result;
    }

    /** The probability of each token after temperature, top-k, top-p and min-p; 0 for those that fall away. */
    static double[] probabilities(double[] logits, SamplingOptions options) {
        List<Integer> ids = new ArrayList<>();
        for (int id = 0; id < logits.length; id++) {
            ids.add(id);
        }
        ids.sort(Comparator.<Integer>comparingDouble(id -> -logits[id]).thenComparing(id -> id));
        if (options.topK() > 0 && options.topK() < ids.size()) {
            double kth = logits[ids.get(options.topK() - 1)];
            ids.removeIf(id -> logits[id] < kth);
        }
        double[] p = softmax(logits, ids, options.temperature());
        double before = 0;
        List<Integer> kept = new ArrayList<>();
        for (int id : ids) {
            if (kept.isEmpty() || before < options.topP()) {
                kept.add(id);
            }
            before += p[id];
        }
        if (options.topP() < 1) {
            p = softmax(logits, kept, options.temperature());
        } else {
            kept = ids;
        }
        double least = options.minP() * p[kept.getFirst()];
        double[] all = p;
        return softmax(logits, kept.stream().filter(id -> all[id] >= least).toList(), options.temperature());
    }

    /** The softmax over some tokens. */
    static double[] softmax(double[] logits, List<Integer> ids, double temperature) {
        double max = ids.stream().mapToDouble(id -> logits[id]).max().orElseThrow();
        double sum = ids.stream()
                .mapToDouble(id -> Math.exp((logits[id] - max) / temperature))
                .sum();
        double[] p = new double[logits.length];
        ids.forEach(id -> p[id] = Math.exp((logits[id] - max) / temperature) / sum);
        return p;
    }

    /** Natural logs of the softmax of all tokens. */
    static double[] logSoftmax(float[] logits) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        double[] result = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            result[i] = logits[i] - Math.log(sum);
        }
        return result;
    }
}
