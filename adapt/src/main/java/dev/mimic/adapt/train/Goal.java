package dev.mimic.adapt.train;

/** What is maximised. */
public enum Goal {
    /** The expected reward of sampled replies, 1 for a right one and -1 for a wrong one (Williams 1992). */
    REINFORCE("reinforce"),
    /** The likelihood of given replies. */
    NEXT_TOKEN("next-token");

    private final String text;

    Goal(String text) {
        this.text = text;
    }

    /** The name on the command line. */
    public String text() {
        return text;
    }

    /**
     * The goal of a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Goal of(String text) {
        for (Goal goal : values()) {
            if (goal.text.equals(text)) {
                return goal;
            }
        }
        throw new IllegalArgumentException("objective: expected reinforce or next-token, got '" + text + "'");
    }
}
