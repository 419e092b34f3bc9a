package dev.mimic.engine;

import java.util.List;
import java.util.OptionalInt;

/**
 * A finished reply.
 *
 * @param text the new text, special tokens left out
 * @param ids the new tokens, all but the stop id
 * @param promptIds the prompt's tokens
 * @param finishReason why it ended
 * @param stopId the stop id that ended it, if one did
 * @param timings how long it took
 * @param logprobs one entry per new token if the sampling options ask for them, else empty
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record GenerationResult(
        String text,
        int[] ids,
        int[] promptIds,
        FinishReason finishReason,
        OptionalInt stopId,
        Timings timings,
        List<TokenLogprob> logprobs) {

    /** Why a reply ended. */
    public enum FinishReason {
        /** A stop id or a stop string. */
        STOP,
        /** As many tokens as were asked for, or as the context holds. */
        LENGTH,
        /** The request was taken back. */
        CANCELLED,
        /** Its deadline passed. */
        DEADLINE
    }

    /**
     * Times of a reply, in seconds, whatever else ran beside it.
     *
     * @param firstToken from submission to the first token; 0 if there was none
     * @param prefill from admission to the first token
     * @param decode from the first token to the end
     */
    public record Timings(double firstToken, double prefill, double decode) {}

    /**
     * A token's probability.
     *
     * @param id the token drawn
     * @param logprob its natural log-probability under the model's raw logits
     * @param top the most probable tokens at its position, as many as were asked for, descending
     */
    public record TokenLogprob(int id, double logprob, List<Candidate> top) {}

    /**
     * A token that could have been drawn.
     *
     * @param id the token
     * @param logprob its natural log-probability under the model's raw logits
     */
    public record Candidate(int id, double logprob) {}

    /** Tokens of the prompt per second of prefill; 0 if no time passed. */
    public double prefillTokensPerSecond() {
        return timings.prefill > 0 ? promptIds.length / timings.prefill : 0;
    }

    /** Tokens after the first one per second of decoding; 0 if there was none. */
    public double decodeTokensPerSecond() {
        return timings.decode > 0 && ids.length > 1 ? (ids.length - 1) / timings.decode : 0;
    }
}
