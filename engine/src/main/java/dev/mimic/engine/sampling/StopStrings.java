package dev.mimic.engine.sampling;

import java.util.List;
import java.util.Optional;

/**
 * Finds stop strings in text that arrives in pieces, across the borders of pieces. Text is withheld as long as it could
 * be the beginning of a stop string. The stop string that is complete first ends the text; of several that end at the
 * same character, the longest. So the result does not depend on how the text was cut into pieces. One per row; not
 * thread-safe.
 *
 * <p>Each string is followed by its Knuth-Morris-Pratt automaton, whose state is the length of the longest beginning of
 * the string that the text ends with.
 */
public final class StopStrings {
    private final List<String> stops;
    private final int[][] borders;
    private final int[] states;
    private final StringBuilder withheld = new StringBuilder();
    private String found;

    /**
     * Looks for these strings.
     *
     * @throws IllegalArgumentException if one is empty
     */
    public StopStrings(List<String> stops) {
        this.stops = List.copyOf(stops);
        this.states = new int[stops.size()];
        this.borders = new int[stops.size()][];
        for (int i = 0; i < borders.length; i++) {
            if (this.stops.get(i).isEmpty()) {
                throw new IllegalArgumentException("sampling: stop string " + i + " is empty, expected a text");
            }
            borders[i] = borders(this.stops.get(i));
        }
    }

    /** {@code border[n]}: the length of the longest proper beginning of the first n characters that also ends them. */
    private static int[] borders(String stop) {
        int[] border = new int[stop.length() + 1];
        for (int n = 1, length = 0; n < stop.length(); n++) {
            while (length > 0 && stop.charAt(n) != stop.charAt(length)) {
                length = border[length];
            }
            length += stop.charAt(n) == stop.charAt(length) ? 1 : 0;
            border[n + 1] = length;
        }
        return border;
    }

    /**
     * Takes the next piece.
     *
     * @return the text that became certain, possibly empty; once a stop string was found always empty, after the text
     *     before it was given
     */
    public String append(String text) {
        if (found != null) {
            return "";
        }
        for (int i = 0; i < text.length(); i++) {
            withheld.append(text.charAt(i));
            advance(text.charAt(i));
            if (found != null) {
                String before = withheld.substring(0, withheld.length() - found.length());
                withheld.setLength(0);
                return before;
            }
        }
        int open = 0;
        for (int state : states) {
            open = Math.max(open, state);
        }
        String certain = withheld.substring(0, withheld.length() - open);
        withheld.delete(0, certain.length());
        return certain;
    }

    private void advance(char next) {
        for (int i = 0; i < states.length; i++) {
            String stop = stops.get(i);
            int state = states[i];
            while (state > 0 && stop.charAt(state) != next) {
                state = borders[i][state];
            }
            state += stop.charAt(state) == next ? 1 : 0;
            states[i] = state;
            if (state == stop.length() && (found == null || found.length() < state)) {
                found = stop;
            }
        }
    }

    /** Ends the text: gives what was withheld, empty if a stop string was found. */
    public String finish() {
        String rest = withheld.toString();
        withheld.setLength(0);
        return rest;
    }

    /** The stop string that ended the text, if one did. */
    public Optional<String> found() {
        return Optional.ofNullable(found);
    }
}
