package dev.mimic.kernels.backend;

import java.util.Objects;

/**
 * Where to compute, as {@code --device} names it.
 *
 * @param ordinal which GPU, from 0; 0 where there is none to choose
 */
public record Device(Kind kind, int ordinal) {
    /** What kind of device. */
    public enum Kind {
        /** The processor. */
        CPU,
        /** An NVIDIA GPU; an error where there is none. */
        CUDA,
        /** A GPU where one can be used and holds the model, else the processor, and why. */
        AUTO,
        /** The same where nobody asked: in silence where nothing of CUDA is installed. */
        UNASKED
    }

    /** The processor. */
    public static final Device CPU = new Device(Kind.CPU, 0);

    /** A GPU where there is one. */
    public static final Device AUTO = new Device(Kind.AUTO, 0);

    /** A GPU where there is one, for whoever did not ask for it. */
    public static final Device UNASKED = new Device(Kind.UNASKED, 0);

    private static final String PREFIX = "cuda:";

    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if it is below 0, or not 0 where there is none to choose
     */
    public Device {
        Objects.requireNonNull(kind, "kind");
        if (kind == Kind.CUDA ? ordinal < 0 : ordinal != 0) {
            throw new IllegalArgumentException("device: ordinal of " + kind + " is " + ordinal + ", expected "
                    + (kind == Kind.CUDA ? "0 or more" : "0"));
        }
    }

    /** A GPU. */
    public static Device cuda(int ordinal) {
        return new Device(Kind.CUDA, ordinal);
    }

    /**
     * Reads {@code cpu}, {@code auto}, {@code cuda} or {@code cuda:N}.
     *
     * @throws IllegalArgumentException if it is none of them
     */
    public static Device parse(String text) {
        return switch (text) {
            case "cpu" -> CPU;
            case "auto" -> AUTO;
            case "cuda" -> cuda(0);
            default -> {
                if (!text.startsWith(PREFIX) || !text.substring(PREFIX.length()).matches("\\d{1,4}")) {
                    throw new IllegalArgumentException(
                            "device: expected cpu, cuda, cuda:N (N from 0) or auto, got '" + text + "'");
                }
                yield cuda(Integer.parseInt(text.substring(PREFIX.length())));
            }
        };
    }

    /** Whether it is a GPU that is an error where it cannot be used. */
    public boolean isRequired() {
        return kind == Kind.CUDA;
    }

    @Override
    public String toString() {
        return switch (kind) {
            case CPU -> "cpu";
            case AUTO, UNASKED -> "auto";
            case CUDA -> PREFIX + ordinal;
        };
    }
}
