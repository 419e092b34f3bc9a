package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.Bfloat16;
import dev.mimic.loader.safetensors.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;

/** Writes one GGUF tensor's elements as F32, F16 or BF16, its rows in the order of Hugging Face. */
final class TensorConversion {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final TensorPlan.Planned planned;
    private final DType dtype;

    TensorConversion(Path file, TensorPlan.Planned planned, DType dtype) {
        this.file = file;
        this.planned = planned;
        this.dtype = dtype;
    }

    /** The tensor's Hugging Face name. */
    String name() {
        return planned.name();
    }

    DType dtype() {
        return dtype;
    }

    List<Long> shape() {
        return planned.source().shape();
    }

    /** Bytes of the result. */
    long byteSize() {
        return planned.source().elements() * dtype.bytes();
    }

    /**
     * Converts the whole tensor.
     *
     * @param target {@link #byteSize()} bytes; overwritten
     */
    void run(MemorySegment target) {
        GgufTensor source = planned.source();
        int rowLength = Math.toIntExact(source.rowLength());
        float[] row = new float[rowLength];
        byte[] bytes = new byte[source.rowBytes()];
        boolean vector = source.shape().size() == 1;
        long rows = source.rows();
        for (long r = 0; r < rows; r++) {
            read(r, bytes, row);
            long to = vector ? r : halfOrder(r, rows, planned.interleavedHeads());
            write(vector ? inHalfOrder(row) : row, target, to * rowLength);
        }
    }

    private void read(long r, byte[] bytes, float[] row) {
        try {
            planned.source().readRow(r, bytes, row);
        } catch (InternalError e) { // how the JVM reports a mapped page that is no longer there
            throw new InvalidModelException(file, "cut short while in use: " + e.getMessage());
        }
    }

    private float[] inHalfOrder(float[] values) {
        if (planned.interleavedHeads() == 0) {
            return values;
        }
        float[] ordered = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            ordered[(int) halfOrder(i, values.length, planned.interleavedHeads())] = values[i];
        }
        return ordered;
    }

    /**
     * Where a row of q or k goes. llama.cpp's converter puts rows i and i + d/2 of a head, which rotate together, side by
     * side at 2i and 2i + 1; this is the way back.
     *
     * @param rows rows of all heads
     * @param heads 0 to leave every row where it is
     */
    static long halfOrder(long row, long rows, int heads) {
        if (heads == 0) {
            return row;
        }
        long headSize = rows / heads;
        long within = row % headSize;
        return row - within + within % 2 * (headSize / 2) + within / 2;
    }

    private void write(float[] row, MemorySegment target, long to) {
        if (dtype == DType.F32) {
            MemorySegment.copy(row, 0, target, FLOAT, to * Float.BYTES, row.length);
            return;
        }
        for (int i = 0; i < row.length; i++) {
            short bits = dtype == DType.F16 ? half(row[i]) : brain(row[i]);
            target.set(SHORT, (to + i) * Short.BYTES, bits);
        }
    }

    private short half(float value) {
        short bits = Float.floatToFloat16(value);
        checkRange(value, Float.float16ToFloat(bits));
        return bits;
    }

    private short brain(float value) {
        short rounded = Bfloat16.of(value);
        checkRange(value, Bfloat16.toFloat(rounded));
        return rounded;
    }

    private void checkRange(float value, float rounded) {
        if (Float.isInfinite(rounded) && !Float.isInfinite(value)) {
            throw new InvalidModelException(
                    file,
                    "tensor '" + planned.source().name() + "': expected values within the range of " + dtype
                            + ", found " + value);
        }
    }
}
