package dev.mimic.adapt.sandbox;

/**
 * How an answer and its tests ended.
 *
 * @param ending how
 * @param output what they printed on standard output and error, cut at the limit; of no trust
 */
public record PythonOutcome(Ending ending, String output) {
    /** The ways to end. */
    public enum Ending {
        /** Answer and tests ran to their end. */
        PASSED,
        /** An exception, an exit of any kind before the end of the tests, or a limit of the process. */
        FAILED,
        /** The wall clock ran out. */
        DEADLINE,
        /** More output than allowed. */
        OUTPUT
    }

    /** Whether the tests passed. */
    public boolean passed() {
        return ending == Ending.PASSED;
    }
}
