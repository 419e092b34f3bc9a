package dev.mimic.engine.runtime;

/**
 * A finished row.
 *
 * @param ids the new tokens, without the stop id
 * @param cause why it ended
 * @param stopId the stop id that ended it; -1 if none did
 * @param logprobs [ids] natural logs of the tokens drawn; empty if not asked for
 * @param topIds [ids, top] most probable tokens at each position
 * @param topLogprobs [ids, top] their natural logs
 * @param firstTokenNanos from submission to the first token; 0 if there was none
 * @param prefillNanos from admission to the first token, or to the end
 * @param decodeNanos from the first token to the end
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Completion(
        int[] ids,
        StopCause cause,
        int stopId,
        double[] logprobs,
        int[] topIds,
        double[] topLogprobs,
        long firstTokenNanos,
        long prefillNanos,
        long decodeNanos) {

    /** A row that ended before its first token. */
    static Completion empty(StopCause cause) {
        return new Completion(new int[0], cause, -1, new double[0], new int[0], new double[0], 0, 0, 0);
    }
}
