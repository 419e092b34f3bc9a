package dev.mimic.engine;

import java.util.Objects;

/**
 * A completion to be scored.
 *
 * @param promptIds the BOS id takes the place of an empty one; read only
 * @param completionIds may be empty; read only
 * @param adapter what the model carries for it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ScoreRequest(int[] promptIds, int[] completionIds, Adapter adapter) {
    public ScoreRequest {
        Objects.requireNonNull(promptIds, "promptIds");
        Objects.requireNonNull(completionIds, "completionIds");
        Objects.requireNonNull(adapter, "adapter");
    }
}
