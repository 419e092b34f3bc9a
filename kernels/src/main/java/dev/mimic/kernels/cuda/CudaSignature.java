package dev.mimic.kernels.cuda;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;

/**
 * A function of a CUDA library.
 *
 * @param library where it is exported
 * @param name the exported symbol
 * @param result the letter of what it returns
 * @param parameters a letter for each parameter, in order
 * @param optional whether the library may lack it
 */
record CudaSignature(CudaLibrary library, String name, char result, String parameters, boolean optional) {
    CudaSignature {
        layout(result);
        parameters.chars().forEach(letter -> layout((char) letter));
    }

    /**
     * What a letter stands for. Memory of the device never becomes a {@code MemorySegment}, which Java code could read:
     * it travels as a number, in the same register as a pointer would.
     *
     * <ul>
     *   <li>{@code H}: pointer to host memory
     *   <li>{@code D}: pointer to device memory
     *   <li>{@code A}: pointer to either, as another argument says
     *   <li>{@code O}: handle of a stream or of a library
     *   <li>{@code I}: int or enum
     *   <li>{@code J}: size_t, int64_t or long long
     *   <li>{@code B}: signed char
     * </ul>
     */
    private static MemoryLayout layout(char letter) {
        return switch (letter) {
            case 'H' -> ValueLayout.ADDRESS;
            case 'D', 'A', 'O', 'J' -> ValueLayout.JAVA_LONG;
            case 'I' -> ValueLayout.JAVA_INT;
            case 'B' -> ValueLayout.JAVA_BYTE;
            default -> throw new IllegalArgumentException("signature: unknown letter '" + letter + "'");
        };
    }

    /** What the linker is told. */
    FunctionDescriptor descriptor() {
        return FunctionDescriptor.of(
                layout(result),
                parameters.chars().mapToObj(letter -> layout((char) letter)).toArray(MemoryLayout[]::new));
    }
}
