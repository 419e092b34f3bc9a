package dev.mimic.testkit;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What came of a fuzz run: how many inputs were accepted, and how many were refused with each kind of message. A kind is
 * a message without names in quotes, without numbers and without what stands before the first colon (the file).
 */
public final class FuzzOutcomes {
    private final String target;
    private final SortedMap<String, Integer> refused = new TreeMap<>();
    private int accepted;

    FuzzOutcomes(String target) {
        this.target = target;
    }

    void accept() {
        accepted++;
    }

    void refuse(String message) {
        refused.merge(kind(message), 1, Integer::sum);
    }

    static String kind(String message) {
        String text = message.length() > 2000 ? message.substring(0, 2000) : message;
        int colon = text.indexOf(": ");
        String kind = (colon < 0 || colon > 80 ? text : text.substring(colon + 2))
                .replaceAll("'[^']*'|\"[^\"]*\"|`[^`]*`", "_")
                .replaceAll("\\[[-\\d, ]*\\]", "[N]")
                .replaceAll("(?<![\\w.-])-?\\d[\\w.]*([-+]\\d+)?", "N"); // not the 8 of UTF-8, not the 32 of F32
        return kind.length() <= 110 ? kind : kind.substring(0, 110) + "…";
    }

    /** Inputs that were accepted. */
    public int accepted() {
        return accepted;
    }

    /** Inputs that were refused, by kind of message. */
    public Map<String, Integer> refused() {
        return Map.copyOf(refused);
    }

    /**
     * Asserts that among the kinds of refusal there is, for each text given, one that holds it.
     *
     * @param parts parts of kinds, such as {@code "an overlap of"}
     */
    public void assertSeen(String... parts) {
        for (String part : parts) {
            if (refused.keySet().stream().noneMatch(kind -> kind.contains(part))) {
                throw new AssertionError(target + ": no input was refused with '" + part + "'; seen: " + refused);
            }
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(target + ": " + accepted + " ok, "
                + refused.values().stream().mapToInt(Integer::intValue).sum() + " refused:\n");
        refused.forEach((kind, count) -> text.append("    %7d  %s%n".formatted(count, kind)));
        return text.toString();
    }
}
