package dev.mimic.kernels.check;

/**
 * One check of a device.
 *
 * @param outcome how it went
 * @param name what was tried
 * @param shape of what; may be empty
 * @param error the largest error, relative to what rounding grows with; NaN where none was measured
 * @param tolerance the largest error that is sound; NaN where none was measured
 * @param millis milliseconds of one run, the best of some; NaN where none was measured
 * @param rate thousand millions of {@code unit} a second; NaN where none was measured
 * @param unit {@code FLOP/s} or {@code B/s}; empty where there is no rate
 * @param note why it failed or was skipped, in one line; empty where all is said
 */
public record CheckResult(
        Outcome outcome,
        String name,
        String shape,
        double error,
        double tolerance,
        double millis,
        double rate,
        String unit,
        String note) {
    /** How a check went. */
    public enum Outcome {
        OK("ok"),
        FAIL("FAIL"),
        SKIPPED("skipped");

        private final String text;

        Outcome(String text) {
            this.text = text;
        }

        /** As it is printed. */
        public String text() {
            return text;
        }
    }

    /** One that measured an error, and is sound if that is within the tolerance. */
    public static CheckResult of(String name, String shape, double error, double tolerance) {
        Outcome outcome = error <= tolerance ? Outcome.OK : Outcome.FAIL; // not a number fails
        return new CheckResult(outcome, name, shape, error, tolerance, Double.NaN, Double.NaN, "", "");
    }

    /** One without numbers. */
    public static CheckResult of(Outcome outcome, String name, String note) {
        return new CheckResult(outcome, name, "", Double.NaN, Double.NaN, Double.NaN, Double.NaN, "", note);
    }

    /** The same, with how long it took. */
    public CheckResult timed(double newMillis) {
        return new CheckResult(outcome, name, shape, error, tolerance, newMillis, rate, unit, note);
    }

    /**
     * The same, with how long it took and how fast that is.
     *
     * @param work operations or bytes of one run
     * @param newUnit of the rate
     */
    public CheckResult timed(double newMillis, double work, String newUnit) {
        double each = newMillis > 0 && work > 0 ? work / newMillis * 1e-6 : Double.NaN;
        return new CheckResult(outcome, name, shape, error, tolerance, newMillis, each, newUnit, note);
    }

    /** The same, with a remark. */
    public CheckResult noted(String newNote) {
        return new CheckResult(outcome, name, shape, error, tolerance, millis, rate, unit, newNote);
    }
}
