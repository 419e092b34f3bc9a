package dev.mimic.loader.tokenizer;

/** What becomes of the matches when a text is cut (SplitDelimiterBehavior). */
enum SplitBehavior {
    ISOLATED,
    REMOVED,
    CONTIGUOUS,
    MERGED_WITH_PREVIOUS,
    MERGED_WITH_NEXT;

    /** Takes the pieces. */
    @FunctionalInterface
    interface Cuts {
        /** Takes {@code [from, to)}; may be empty. */
        void cut(int from, int to);
    }

    /** Joins the spans of one text into pieces; {@link Joiner#end} must follow the last span. */
    Joiner joiner(Cuts cuts) {
        return new Joiner(this, cuts);
    }

    /** A piece in the making. */
    static final class Joiner implements SplitPattern.Spans {
        private final SplitBehavior behavior;
        private final Cuts cuts;
        private int from = -1;
        private int to;
        private boolean previous;

        private Joiner(SplitBehavior behavior, Cuts cuts) {
            this.behavior = behavior;
            this.cuts = cuts;
        }

        @Override
        public void span(int spanFrom, int spanTo, boolean match) {
            boolean joins = switch (behavior) {
                case ISOLATED -> false;
                case REMOVED -> false;
                case CONTIGUOUS -> match == previous;
                case MERGED_WITH_PREVIOUS -> match && !previous;
                case MERGED_WITH_NEXT -> !match && previous;
            };
            previous = match;
            if (joins && from >= 0) {
                to = spanTo;
                return;
            }
            end();
            if (behavior != REMOVED || !match) {
                from = spanFrom;
                to = spanTo;
            }
        }

        /** Hands on the last piece. */
        void end() {
            if (from >= 0) {
                cuts.cut(from, to);
            }
            from = -1;
        }
    }
}
