package dev.mimic.loader.safetensors;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A tensor whose bytes are made when its turn to be written comes.
 *
 * @param name the tensor's whole name
 * @param dtype element type
 * @param shape dimensions, outermost first; empty for a scalar
 * @param data gives the elements, row-major and little-endian, {@link #byteSize()} bytes; asked once; the segment must
 *     live until the next tensor is asked for or the writing ends
 */
public record PendingTensor(String name, DType dtype, List<Long> shape, Supplier<MemorySegment> data) {
    public PendingTensor {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(data, "data");
        shape = List.copyOf(shape);
        TensorView.byteSize(dtype, shape);
    }

    /** The tensor that a view shows. */
    public static PendingTensor of(TensorView view) {
        return new PendingTensor(view.name(), view.dtype(), view.shape(), view::data);
    }

    /** Bytes that {@link #data} has to give. */
    public long byteSize() {
        return TensorView.byteSize(dtype, shape);
    }
}
