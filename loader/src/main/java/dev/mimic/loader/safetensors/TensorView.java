package dev.mimic.loader.safetensors;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor where it lies: row-major, little-endian, any alignment. The segment is borrowed from the file that was opened
 * and dies with it.
 *
 * @param name the tensor's whole name
 * @param dtype element type
 * @param shape dimensions, outermost first; empty for a scalar
 * @param data the elements; read only when mapped
 */
public record TensorView(String name, DType dtype, List<Long> shape, MemorySegment data) {
    public TensorView {
        shape = List.copyOf(shape);
        long expected = byteSize(dtype, shape);
        if (data.byteSize() != expected) {
            throw new IllegalArgumentException("TensorView: tensor '" + name + "': shape " + shape + " of " + dtype
                    + " needs " + expected + " bytes, got " + data.byteSize());
        }
    }

    /** Makes a view with the dimensions given one by one. */
    public static TensorView of(String name, DType dtype, MemorySegment data, long... shape) {
        return new TensorView(name, dtype, Arrays.stream(shape).boxed().toList(), data);
    }

    /**
     * Bytes of a tensor.
     *
     * @throws IllegalArgumentException if a dimension is negative
     * @throws ArithmeticException if they, or the elements counted from the outermost dimension on, pass 2^63 - 1
     */
    public static long byteSize(DType dtype, List<Long> shape) {
        long elements = 1;
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException("TensorView: expected dimensions from 0 on, got " + shape);
            }
            elements = Math.multiplyExact(elements, dimension);
        }
        return Math.multiplyExact(elements, dtype.bytes());
    }

    /** Lets a mapped tensor's pages go from memory; they come back from the file when read. For passes over whole models. */
    public void unload() {
        if (data.isMapped() && data.byteSize() > 0) {
            data.unload();
        }
    }

    /** Number of elements. */
    public long elements() {
        return data.byteSize() / dtype.bytes();
    }
}
