package dev.mimic.kernels.matrix;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A row-major matrix [rows, cols] over a borrowed, read-only memory segment, little-endian as on disk and of any
 * alignment. A weight of a linear layer is [out, in]. The segment belongs to whoever opened its arena.
 */
public sealed interface Matrix {
    /** Layout of an F32 element: little-endian, any alignment. */
    ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Layout of an F16 or BF16 element: little-endian, any alignment. */
    ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    int rows();

    int cols();

    /**
     * The elements, [rows, cols]; of a quantized matrix its values, in the layout of {@link QuantizedFormat}. It may be
     * another view of the memory given, with the same address, size, scope and rights: {@code isMapped()} is false then.
     */
    MemorySegment data();

    /** Bytes of one element; 0 where it is less than one. */
    int elementBytes();

    /**
     * One element, widened exactly to F32. Slow: for tests, scalar twins and tails.
     *
     * @param index {@code row * cols + col}, in elements
     */
    float get(long index);

    /** Bytes of all elements, and of the scales where there are some. */
    default long byteSize() {
        return (long) rows() * cols() * elementBytes();
    }

    private static void check(int rows, int cols, MemorySegment data, int elementBytes) {
        long expected = Math.multiplyExact(Math.multiplyExact((long) rows, cols), elementBytes);
        if (rows < 0 || cols < 0 || data.byteSize() < expected) {
            throw new IllegalArgumentException("Matrix: [" + rows + ", " + cols + "] needs " + expected
                    + " bytes, the segment has " + data.byteSize());
        }
    }

    /**
     * The same memory, scope and rights in a segment of the class that arenas allocate. Loads from segments have one
     * profile for all their callers, and one that has met mapped weights beside native caches and panels has each load ask
     * for the class first. Only where native access is enabled, because elsewhere the JVM would warn.
     */
    @SuppressWarnings("restricted")
    private static MemorySegment ofOneClass(MemorySegment data) {
        boolean other = data.isNative() && data.getClass() != NativeSegments.CLASS;
        return other && Matrix.class.getModule().isNativeAccessEnabled() ? data.reinterpret(data.byteSize()) : data;
    }

    /** IEEE 754 binary32. */
    record F32(int rows, int cols, MemorySegment data) implements Matrix {
        public F32 {
            check(rows, cols, data, Float.BYTES);
            data = ofOneClass(data);
        }

        @Override
        public int elementBytes() {
            return Float.BYTES;
        }

        @Override
        public float get(long index) {
            return data.get(FLOAT, index * Float.BYTES);
        }
    }

    /** IEEE 754 binary16. */
    record F16(int rows, int cols, MemorySegment data) implements Matrix {
        public F16 {
            check(rows, cols, data, Short.BYTES);
            data = ofOneClass(data);
        }

        @Override
        public int elementBytes() {
            return Short.BYTES;
        }

        @Override
        public float get(long index) {
            return Float.float16ToFloat(data.get(SHORT, index * Short.BYTES));
        }
    }

    /** The upper half of an IEEE 754 binary32. */
    record Bf16(int rows, int cols, MemorySegment data) implements Matrix {
        public Bf16 {
            check(rows, cols, data, Short.BYTES);
            data = ofOneClass(data);
        }

        @Override
        public int elementBytes() {
            return Short.BYTES;
        }

        @Override
        public float get(long index) {
            return Float.intBitsToFloat(data.get(SHORT, index * Short.BYTES) << 16);
        }
    }

    /** Signed bytes, as they are: whoever rounded to them keeps the scales and multiplies by them where it costs least. */
    record Int8(int rows, int cols, MemorySegment data) implements Matrix {
        public Int8 {
            check(rows, cols, data, Byte.BYTES);
            data = ofOneClass(data);
        }

        @Override
        public int elementBytes() {
            return Byte.BYTES;
        }

        @Override
        public float get(long index) {
            return data.get(ValueLayout.JAVA_BYTE, index);
        }
    }

    /**
     * Eight bits in blocks of 32 columns: {@code w[r, c] = value · scale[r, c / 32]}, exact in F32.
     *
     * @param data values, and {@code scales} of BF16, both as {@link QuantizedFormat} lays them out
     */
    record Q8(int rows, int cols, MemorySegment data, MemorySegment scales) implements Matrix {
        public Q8 {
            QuantizedFormat.Q8.check(rows, cols, data, scales);
        }

        @Override
        public int elementBytes() {
            return 1;
        }

        @Override
        public float get(long index) {
            return QuantizedFormat.Q8.get(cols, data, scales, index);
        }

        @Override
        public long byteSize() {
            return QuantizedFormat.Q8.valueBytes(rows, cols) + QuantizedFormat.Q8.scaleBytes(rows, cols);
        }
    }

    /**
     * Four bits in blocks of 32 columns: {@code w[r, c] = (nibble - 8) · scale[r, c / 32]}, exact in F32.
     *
     * @param data values, and {@code scales} of BF16, both as {@link QuantizedFormat} lays them out
     */
    record Q4(int rows, int cols, MemorySegment data, MemorySegment scales) implements Matrix {
        public Q4 {
            QuantizedFormat.Q4.check(rows, cols, data, scales);
        }

        @Override
        public int elementBytes() {
            return 0;
        }

        @Override
        public float get(long index) {
            return QuantizedFormat.Q4.get(cols, data, scales, index);
        }

        @Override
        public long byteSize() {
            return QuantizedFormat.Q4.valueBytes(rows, cols) + QuantizedFormat.Q4.scaleBytes(rows, cols);
        }
    }
}
