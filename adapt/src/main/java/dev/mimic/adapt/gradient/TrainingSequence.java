package dev.mimic.adapt.gradient;

import java.util.Arrays;
import java.util.List;

/**
 * A prompt and its completion.
 *
 * @param ids tokens of both; not copied, read only
 * @param promptLength tokens of the prompt; at least 1
 * @param advantage what log p(completion) is multiplied by in what is maximised
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record TrainingSequence(int[] ids, int promptLength, double advantage) {
    public TrainingSequence {
        if (promptLength < 1 || promptLength > ids.length) {
            throw new IllegalArgumentException("training sequence: the prompt has " + promptLength + " of " + ids.length
                    + " tokens, expected at least 1 and at most all");
        }
        if (!Double.isFinite(advantage)) {
            throw new IllegalArgumentException(
                    "training sequence: the advantage is " + advantage + ", expected a finite number");
        }
    }

    /** A prompt and what was generated after it. */
    public static TrainingSequence of(int[] prompt, int[] completion, double advantage) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
        System.arraycopy(completion, 0, ids, prompt.length, completion.length);
        return new TrainingSequence(ids, prompt.length, advantage);
    }

    /**
     * Sequences for next-token training: with {@link Objective#PLAIN} the loss is the mean negative log-likelihood of a
     * completion's token.
     */
    public static List<TrainingSequence> nextToken(List<TrainingSequence> all) {
        long tokens = all.stream().mapToLong(TrainingSequence::completionLength).sum();
        double share = tokens == 0 ? 0 : (double) all.size() / tokens;
        return all.stream()
                .map(one -> new TrainingSequence(one.ids, one.promptLength, share))
                .toList();
    }

    /** Tokens of the completion. */
    public int completionLength() {
        return ids.length - promptLength;
    }

    /** Rows that the model runs: the last token is only predicted, and without a completion nothing is. */
    int rows() {
        return completionLength() == 0 ? 0 : ids.length - 1;
    }
}
