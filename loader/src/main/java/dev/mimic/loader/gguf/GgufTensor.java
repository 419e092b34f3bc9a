package dev.mimic.loader.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A tensor where it lies in a GGUF file. The segment is borrowed from the file that was opened and dies with it.
 *
 * @param name the tensor's name, such as {@code blk.0.attn_q.weight}
 * @param type element type
 * @param shape dimensions, outermost first: the reverse of the file's order
 * @param data the blocks, row by row; read only
 */
public record GgufTensor(String name, GgufType type, List<Long> shape, MemorySegment data) {
    public GgufTensor {
        shape = List.copyOf(shape);
    }

    /** Elements of one row: the innermost dimension. */
    public long rowLength() {
        return shape.getLast();
    }

    /** Number of rows: the product of the other dimensions. */
    public long rows() {
        return elements() / rowLength();
    }

    /** Number of elements. */
    public long elements() {
        return data.byteSize() / type.blockBytes() * type.blockSize();
    }

    /**
     * Dequantizes one row; F32 arithmetic, exactly as ggml's reference.
     *
     * @param row index from 0
     * @param bytes [at least the row's bytes]; scratch, overwritten
     * @param y [at least rowLength]; overwritten
     */
    void readRow(long row, byte[] bytes, float[] y) {
        int rowBytes = rowBytes();
        MemorySegment.copy(data, ValueLayout.JAVA_BYTE, row * rowBytes, bytes, 0, rowBytes);
        Blocks.dequantize(type, bytes, (int) (rowLength() / type.blockSize()), y);
    }

    /** Bytes of one row. */
    int rowBytes() {
        return Math.toIntExact(rowLength() / type.blockSize() * type.blockBytes());
    }
}
