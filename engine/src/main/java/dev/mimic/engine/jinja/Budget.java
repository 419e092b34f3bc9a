package dev.mimic.engine.jinja;

/**
 * What one rendering may use, so that a hostile template ends: steps (evaluated nodes, visited items), bytes of values and
 * output it makes, nesting, and time. Steps and bytes grow with the size of the variables: a long conversation may cost
 * more than a short one.
 */
final class Budget {
    private static final long STEPS = 1_000_000;
    private static final long BYTES = 32 << 20;
    private static final long STEPS_PER_UNIT = 100;
    private static final long BYTES_PER_UNIT = 400;
    private static final int DEPTH = 400;
    private static final long NANOSECONDS = 1_500_000_000L;
    private static final int CLOCK_EVERY = 1024;

    private final long deadline = System.nanoTime() + NANOSECONDS;
    private long stepsLeft;
    private long bytesLeft;
    private long untilClock = CLOCK_EVERY;
    private int depth;

    /**
     * A budget for variables of a size.
     *
     * @param units values and characters in the variables
     */
    Budget(long units) {
        this.stepsLeft = STEPS + STEPS_PER_UNIT * units;
        this.bytesLeft = BYTES + BYTES_PER_UNIT * units;
    }

    /** One evaluated node or visited item. */
    void step() {
        steps(1);
    }

    /** Work of this many items or characters. */
    void steps(long count) {
        stepsLeft -= count;
        if (stepsLeft < 0) {
            throw new TemplateException("the template takes too many steps");
        }
        untilClock -= count;
        if (untilClock <= 0) {
            untilClock = CLOCK_EVERY;
            if (System.nanoTime() - deadline > 0) {
                throw new TemplateException("the template takes too long");
            }
        }
    }

    /** A text of this many characters is about to be made. */
    void text(long characters) {
        bytes(2 * characters + 16);
        // copying is cheap beside evaluating
        steps(characters / 16);
    }

    /** A list or dict of this many items is about to be made. */
    void items(long count) {
        bytes(16 * count + 32);
        steps(count / 4);
    }

    private void bytes(long count) {
        if (count < 0 || count > bytesLeft) {
            throw new TemplateException("the template makes too much text");
        }
        bytesLeft -= count;
    }

    /** Enters a nested evaluation; every one is left by {@link #leave}. */
    void enter() {
        if (++depth > DEPTH) {
            throw new TemplateException("the template nests too deeply");
        }
    }

    void leave() {
        depth--;
    }
}
