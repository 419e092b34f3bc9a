package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Transformer;
import dev.mimic.kernels.gradient.GradientKernels;
import dev.mimic.kernels.matrix.Matrix;
import java.util.List;

/**
 * The loss over the rows that predict completions' tokens, and its gradient. The head is applied to those rows alone, a
 * few at a time, so that no more logits exist at once than fit a bounded array.
 *
 * <p>With w = -advantage / batch, lambda = klWeight / batch and p of a row with token y, the gradient with respect to
 * logit c is {@code w (1[c = y] - p_c)} and of the divergence {@code lambda (p_c - pref_c)} (code),
 * {@code lambda p_c (log p_c - log pref_c - KL)} (paper), {@code lambda (1 - exp(r)) (1[c = y] - p_c)} (k3).
 */
final class CompletionLoss {
    /** Elements of the largest array of logits, whatever memory there is, and where there is much. */
    private static final int SOME_LOGITS = 1 << 22;

    private static final int MOST_LOGITS = 1 << 24;

    /** Bytes of memory for an element of such an array. */
    private static final int BYTES_A_LOGIT = 64;

    private final Transformer transformer;
    private final int hidden;
    private final int vocabulary;
    private final int chunk;
    private final float[] normed;
    private float[] logits = {};
    private float[] reference = {};
    private final double[] divergences;

    /**
     * Takes little memory yet.
     *
     * @param memory bytes for activations in all
     */
    CompletionLoss(Transformer transformer, long memory) {
        this.transformer = transformer;
        hidden = transformer.config().hiddenSize();
        vocabulary = transformer.config().vocabularySize();
        chunk = chunk(vocabulary, transformer.rows(), memory);
        normed = new float[chunk * hidden];
        divergences = new double[chunk];
    }

    /** Rows whose logits exist at once: the more, the fewer times the head is read. */
    private static int chunk(int vocabulary, int rows, long memory) {
        return Math.clamp(Math.clamp(memory / BYTES_A_LOGIT, SOME_LOGITS, MOST_LOGITS) / vocabulary, 1, rows);
    }

    /**
     * Floats that it takes in all for steps of that many rows.
     *
     * @param memory bytes for activations in all
     */
    static long floats(int vocabulary, int rows, long memory) {
        return 2L * vocabulary * chunk(vocabulary, rows, memory);
    }

    /**
     * The log-probabilities of the completions' tokens.
     *
     * @param x [predicted.count, hidden]: what the head sees of the rows
     * @param logprobs [predicted.count]; overwritten
     */
    void score(PredictedTokens predicted, float[] x, double[] logprobs) {
        for (int first = 0; first < predicted.count; first += chunk) {
            int rows = Math.min(chunk, predicted.count - first);
            logits = logProbabilities(x, first, rows, logits);
            for (int i = 0; i < rows; i++) {
                logprobs[first + i] = logits[i * vocabulary + predicted.tokens[first + i]];
            }
        }
    }

    /**
     * The loss and its gradient.
     *
     * @param sequences the sequences that own them
     * @param batch sequences of the whole batch
     * @param x [predicted.count, hidden]: what the head sees of the rows; overwritten with the gradient of it
     * @param base the same of the base model; not read where the weight of the divergence is 0
     * @param likelihoods [sequences]; accumulated into
     * @param kl [sequences]; accumulated into
     */
    void gradient(
            PredictedTokens predicted,
            List<TrainingSequence> sequences,
            int batch,
            Objective objective,
            float[] x,
            float[] base,
            double[] likelihoods,
            double[] kl) {
        Matrix head = transformer.weights().head();
        for (int first = 0; first < predicted.count; first += chunk) {
            int rows = Math.min(chunk, predicted.count - first);
            logits = logProbabilities(x, first, rows, logits);
            if (objective.klWeight() > 0) {
                reference = logProbabilities(base, first, rows, reference);
            }
            double lambda = objective.klWeight() / batch;
            measure(objective, lambda, rows);
            float[] alpha = new float[rows];
            float[] atToken = new float[rows];
            for (int i = 0; i < rows; i++) {
                int at = i * vocabulary + predicted.tokens[first + i];
                int owner = predicted.owners[first + i];
                double token = -sequences.get(owner).advantage() / batch;
                double all = 0;
                if (lambda > 0) {
                    switch (objective.klForm()) {
                        case CODE -> all = lambda;
                        case PAPER -> all = -lambda * divergences[i];
                        case K3 -> {
                            double r = (double) reference[at] - logits[at];
                            divergences[i] = Math.expm1(r) - r;
                            token -= lambda * Math.expm1(r);
                        }
                    }
                    kl[owner] += divergences[i];
                }
                likelihoods[owner] += logits[at];
                alpha[i] = (float) (all - token);
                atToken[i] = (float) token;
            }
            float beta = objective.klForm() == KlForm.CODE ? (float) -lambda : 0;
            float kappa = objective.klForm() == KlForm.PAPER ? (float) lambda : 0;
            kernels().logits(vocabulary, logits, reference, alpha, beta, kappa, logits);
            for (int i = 0; i < rows; i++) {
                logits[i * vocabulary + predicted.tokens[first + i]] += atToken[i];
            }
            transformer.backend().matrix().gemmTransposed(head, rows, logits, normed);
            System.arraycopy(normed, 0, x, first * hidden, rows * hidden);
        }
    }

    private void measure(Objective objective, double lambda, int rows) {
        if (lambda > 0 && objective.klForm() == KlForm.CODE) {
            kernels().divergence(rows, vocabulary, reference, logits, divergences);
        } else if (lambda > 0 && objective.klForm() == KlForm.PAPER) {
            kernels().divergence(rows, vocabulary, logits, reference, divergences);
        }
    }

    private GradientKernels kernels() {
        return transformer.backend().gradient();
    }

    /** Log-probabilities of rows, in {@code room} if that is large enough. */
    private float[] logProbabilities(float[] x, int first, int rows, float[] room) {
        float[] all = room.length < rows * vocabulary ? new float[rows * vocabulary] : room;
        System.arraycopy(x, first * hidden, normed, 0, rows * hidden);
        transformer.backend().matrix().gemm(transformer.weights().head(), rows, normed, all);
        kernels().logSoftmax(rows, vocabulary, all);
        return all;
    }
}
