package dev.mimic.kernels;

/** Which kernels the system property {@code mimic.vector} asks for. */
public enum KernelChoice {
    /** What the processor prefers. */
    BEST("best", 0),
    /** Plain Java loops. */
    SCALAR("scalar", 0),
    /** Vectors of 128 bits. */
    VECTOR_128("128", 128),
    /** Vectors of 256 bits. */
    VECTOR_256("256", 256),
    /** Vectors of 512 bits. */
    VECTOR_512("512", 512);

    /** Name of the system property. */
    public static final String PROPERTY = "mimic.vector";

    private final String value;
    private final int bits;

    KernelChoice(String value, int bits) {
        this.value = value;
        this.bits = bits;
    }

    /** Bits of a vector; 0 where none are forced. */
    public int bits() {
        return bits;
    }

    /**
     * What the property says; {@link #BEST} where it is absent.
     *
     * @throws IllegalArgumentException if it says anything else
     */
    public static KernelChoice requested() {
        return of(System.getProperty(PROPERTY, BEST.value));
    }

    /**
     * The choice of a name.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    static KernelChoice of(String value) {
        for (KernelChoice choice : values()) {
            if (choice.value.equals(value)) {
                return choice;
            }
        }
        throw new IllegalArgumentException(PROPERTY + ": is '" + value + "', expected best, scalar, 128, 256 or 512");
    }
}
