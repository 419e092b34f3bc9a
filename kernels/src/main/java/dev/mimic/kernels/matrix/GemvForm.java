package dev.mimic.kernels.matrix;

/**
 * How one row's {@code gemv} goes through its weights, as the system property {@code mimic.gemv} asks. Both forms have the
 * same bits; which one is faster depends on the processor.
 */
enum GemvForm {
    /** The faster one, as {@link GemvTuner} finds. */
    BEST("best"),
    /** Several rows at once, far apart: as many streams from memory. */
    STREAMS("streams"),
    /** One row after the other: one long stream. */
    SEQUENTIAL("sequential");

    /** Name of the system property. */
    static final String PROPERTY = "mimic.gemv";

    private final String value;

    GemvForm(String value) {
        this.value = value;
    }

    /**
     * What the property says; {@link #BEST} where it is absent.
     *
     * @throws IllegalArgumentException if it says anything else
     */
    static GemvForm requested() {
        return of(System.getProperty(PROPERTY, BEST.value));
    }

    /**
     * The form of a name.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    static GemvForm of(String value) {
        for (GemvForm form : values()) {
            if (form.value.equals(value)) {
                return form;
            }
        }
        throw new IllegalArgumentException(PROPERTY + ": is '" + value + "', expected best, streams or sequential");
    }

    @Override
    public String toString() {
        return value;
    }
}
