package dev.mimic.engine.runtime;

import dev.mimic.engine.sampling.StopStrings;
import dev.mimic.loader.tokenizer.StreamingDecoder;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.util.List;

/**
 * The text of a reply while it grows: what the tokens add to the prompt's text, special tokens left out, up to the first
 * stop string. The prompt goes through the decoder first, so that a reply begins with the blank that its first token
 * stands for. What the decoder still held of the prompt when the reply began is not part of the reply, unless the reply
 * goes on with the very character.
 */
public final class ReplyText {
    private final StreamingDecoder decoder;
    private final StopStrings stops;
    private final StringBuilder text = new StringBuilder();

    /** The end of the prompt's text that the decoder has not given yet; empty once the reply is past it. */
    private String held;

    /**
     * Starts after a prompt.
     *
     * @param promptIds read only, not kept
     * @param stopStrings texts that end the reply
     */
    public ReplyText(Tokenizer tokenizer, int[] promptIds, List<String> stopStrings) {
        decoder = tokenizer.streamingDecoder(true);
        stops = new StopStrings(stopStrings);
        int given = 0;
        for (int id : promptIds) {
            given += decoder.append(id).length();
        }
        String prompt = tokenizer.decode(promptIds, true);
        held = prompt.substring(Math.min(given, prompt.length()));
    }

    /** Takes a token and gives the text that became certain. */
    public String append(int id) {
        return keep(stops.append(past(decoder.append(id))));
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
        String rest = stops.append(past(decoder.finish()));
        return keep(stopped() ? rest : rest + stops.finish());
    }

    /** A piece without what it still holds of the prompt. */
    private String past(String piece) {
        if (held.isEmpty() || piece.isEmpty()) {
            return piece;
        }
        String own = piece.startsWith(held) ? piece.substring(held.length()) : piece;
        held = "";
        return own;
    }

    private String keep(String piece) {
        text.append(piece);
        return piece;
    }

    /** All text so far. */
    public String text() {
        return text.toString();
    }

    /** The whole text of a reply that was not followed while it grew. */
    public static String whole(Tokenizer tokenizer, int[] promptIds, int[] ids) {
        ReplyText reply = new ReplyText(tokenizer, promptIds, List.of());
        for (int id : ids) {
            reply.append(id);
        }
        reply.finish();
        return reply.text();
    }
}
