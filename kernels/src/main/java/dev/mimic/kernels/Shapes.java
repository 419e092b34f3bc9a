package dev.mimic.kernels;

/** Shape checks of the public kernel entries. Every message names the operation, what was expected and what was given. */
public final class Shapes {
    private Shapes() {}

    /**
     * Checks that an array holds at least the elements an operation touches.
     *
     * @param operation the operation's name, for the message
     * @param name the argument's name, for the message
     * @param length the array's length, in elements
     * @param expected elements needed
     * @throws IllegalArgumentException if {@code length < expected}
     */
    public static void atLeast(String operation, String name, int length, long expected) {
        if (length < expected) {
            throw new IllegalArgumentException(
                    operation + ": " + name + " has length " + length + ", expected at least " + expected);
        }
    }

    /**
     * Checks that {@code [offset, offset + length)} lies inside an array.
     *
     * @throws IllegalArgumentException naming operation, argument and range
     */
    public static void range(String operation, String name, int offset, int length, int arrayLength) {
        if ((offset | length) < 0 || offset > arrayLength - length) {
            throw new IllegalArgumentException(operation + ": " + name + " has length " + arrayLength
                    + ", expected to hold [" + offset + ", " + ((long) offset + length) + ")");
        }
    }

    /**
     * Checks that a count is positive.
     *
     * @throws IllegalArgumentException if {@code value < 1}
     */
    public static void positive(String operation, String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(operation + ": " + name + " is " + value + ", expected at least 1");
        }
    }
}
