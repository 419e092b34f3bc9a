package dev.mimic.adapt;

import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.engine.GenerationResult;

/**
 * The outcome of both passes.
 *
 * @param choice what the first pass decided
 * @param result the second pass's reply
 */
public record AdaptedResult(Choice choice, GenerationResult result) {
    /** Seconds of the first pass; 0 where none was needed. */
    public double firstPassSeconds() {
        return choice.seconds();
    }

    /** Seconds of the second pass, from submission to its last token. */
    public double secondPassSeconds() {
        return result.timings().firstToken() + result.timings().decode();
    }
}
