package dev.mimic.engine;

/**
 * What a model thinks of a given completion.
 *
 * @param ids the completion's tokens
 * @param logprobs [ids] natural log-probability of each token after all before it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Score(int[] ids, double[] logprobs) {
    /** The completion's natural log-probability. */
    public double logprob() {
        double sum = 0;
        for (double value : logprobs) {
            sum += value;
        }
        return sum;
    }
}
