package dev.mimic.engine.runtime;

import dev.mimic.engine.sampling.StopStrings;
import dev.mimic.loader.tokenizer.StreamingDecoder;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.util.List;

/**
 * The text of a reply while it grows: what the tokens add to the prompt's text, special tokens left out, up to the first
 * stop string. The prompt goes through the decoder first, so that a reply begins with the blank that its first token
 * stands for.
 */
public final class ReplyText {
    private final StreamingDecoder decoder;
    private final StopStrings stops;

    /**
     * Starts after a prompt.
     *
     * @param promptIds read only, not kept
     * @param stopStrings texts that end the reply
     */
    public ReplyText(Tokenizer tokenizer, int[] promptIds, List<String> stopStrings) {
        decoder = tokenizer.streamingDecoder(true);
        stops = new StopStrings(stopStrings);
        for (int id : promptIds) {
            decoder.append(id);
        }
    }

    /** Takes a token and gives the text that became certain. */
    public String append(int id) {
        return stops.append(decoder.append(id));
    }

    /** Whether a stop string was found. */
    public boolean stopped() {
        return stops.found().isPresent();
    }

    /** Ends the reply and gives what was held back; empty if a stop string ended it. */
    public String finish() {
        if (stopped()) {
            return "";
        }
        String rest = stops.append(decoder.finish());
        return stopped() ? rest : rest + stops.finish();
    }

    /** The whole text of a reply. */
    public static String whole(Tokenizer tokenizer, int[] promptIds, int[] ids, List<String> stopStrings) {
        ReplyText reply = new ReplyText(tokenizer, promptIds, stopStrings);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(reply.append(id));
        }
        return text.append(reply.finish()).toString();
    }
}
