package dev.mimic.adapt.gradient;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.GenerationResult;
import java.util.Arrays;
import java.util.List;

/** Replies that a {@link TrainingPass} has had made, and what it kept of their forward pass. */
public final class RecordedReplies {
    private final List<GenerationResult> results;
    private final Adapter.Scaling adapter;

    /** Null where nothing was kept. */
    private final RecordedParts recorded;

    RecordedReplies(List<GenerationResult> results, Adapter.Scaling adapter, RecordedParts recorded) {
        this.results = List.copyOf(results);
        this.adapter = adapter;
        this.recorded = recorded;
    }

    /** The replies, in the order of their requests. */
    public List<GenerationResult> results() {
        return results;
    }

    /** Whether a gradient of them needs no forward pass. */
    public boolean recorded() {
        return recorded != null;
    }

    Adapter.Scaling adapter() {
        return adapter;
    }

    /** Whether this is what was kept of these replies. */
    @SuppressWarnings("ReferenceEquality") // one recording, not one like it
    boolean heldBy(RecordedParts kept) {
        return recorded == kept;
    }

    /** Whether what was kept are the rows of these sequences, and they are made of the replies, token by token. */
    boolean are(List<TrainingSequence> sequences) {
        if (recorded == null || !recorded.holds(sequences)) {
            return false;
        }
        for (int s = 0; s < sequences.size(); s++) {
            int[] ids = sequences.get(s).ids();
            int[] prompt = results.get(s).promptIds();
            int[] reply = results.get(s).ids();
            int common = Math.min(ids.length, prompt.length + reply.length);
            if (sequences.get(s).promptLength() != prompt.length
                    || !Arrays.equals(ids, 0, prompt.length, prompt, 0, prompt.length)
                    || !Arrays.equals(ids, prompt.length, common, reply, 0, common - prompt.length)) {
                return false;
            }
        }
        return true;
    }
}
