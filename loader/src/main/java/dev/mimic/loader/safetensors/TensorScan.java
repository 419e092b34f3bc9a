package dev.mimic.loader.safetensors;

import dev.mimic.loader.InvalidModelException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Reads every byte of tensors and counts what is not finite: by the bits, nothing is converted. Each chunk is copied
 * first: a copy from a file that was cut ends in an error, a vectorized loop over it in a dead JVM
 * (docs/decisions/0004-truncated-maps.md).
 */
public final class TensorScan {
    private static final int CHUNK = 1 << 20;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private TensorScan() {}

    /**
     * Scans a file.
     *
     * @param progress gets the number of bytes read since it was called last; called by this thread
     * @return per tensor, in the file's order, the elements that are NaN or infinite; 0 for integer tensors
     * @throws InvalidModelException if the file is cut meanwhile or cannot be read
     */
    public static Map<String, Long> nonFinite(SafetensorsFile file, LongConsumer progress) {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (TensorView tensor : file.tensors().values()) {
            file.checkStillWhole();
            try {
                counts.put(tensor.name(), nonFinite(tensor, progress));
            } catch (InternalError e) { // what the JVM makes of a page that cannot be read
                file.checkStillWhole();
                throw new InvalidModelException(
                        file.path(), "tensor " + SafetensorsHeader.shown(tensor.name()) + ": its bytes cannot be read");
            }
        }
        return counts;
    }

    /**
     * Scans a tensor.
     *
     * @param progress as above
     * @return the elements that are NaN or infinite; 0 for integer tensors
     */
    public static long nonFinite(TensorView tensor, LongConsumer progress) {
        long count = 0;
        MemorySegment data = tensor.data();
        MemorySegment copy = MemorySegment.ofArray(new byte[(int) Math.min(CHUNK, data.byteSize())]);
        for (long from = 0; from < data.byteSize(); from += CHUNK) {
            long length = Math.min(CHUNK, data.byteSize() - from);
            MemorySegment.copy(data, from, copy, 0, length);
            count += inChunk(tensor.dtype(), copy, (int) length / tensor.dtype().bytes());
            progress.accept(length);
        }
        return count;
    }

    private static int inChunk(DType dtype, MemorySegment chunk, int elements) {
        return switch (dtype) {
            case F64 -> inDoubles(chunk, elements);
            case F32 -> inFloats(chunk, elements);
            case BF16 -> inShorts(chunk, elements, 0x7f80);
            case F16 -> inShorts(chunk, elements, 0x7c00);
            case F8_E5M2 -> inBytes(chunk, elements, 0x7c);
            case F8_E4M3 -> inBytes(chunk, elements, 0x7f); // NaN only: this format has no infinity
            case BOOL, U8, I8, I16, U16, I32, U32, I64, U64 -> 0; // every value is finite
        };
    }

    private static int inDoubles(MemorySegment chunk, int elements) {
        int count = 0;
        for (int i = 0; i < elements; i++) {
            long bits = chunk.get(LONG, 8L * i) & 0x7ff0000000000000L;
            count += bits == 0x7ff0000000000000L ? 1 : 0;
        }
        return count;
    }

    private static int inFloats(MemorySegment chunk, int elements) {
        int count = 0;
        for (int i = 0; i < elements; i++) {
            count += (chunk.get(INT, 4L * i) & 0x7f800000) == 0x7f800000 ? 1 : 0;
        }
        return count;
    }

    /** Elements of 16 bits whose exponent has all its bits set. */
    private static int inShorts(MemorySegment chunk, int elements, int exponent) {
        int count = 0;
        for (int i = 0; i < elements; i++) {
            count += (chunk.get(SHORT, 2L * i) & exponent) == exponent ? 1 : 0;
        }
        return count;
    }

    private static int inBytes(MemorySegment chunk, int elements, int mask) {
        int count = 0;
        for (int i = 0; i < elements; i++) {
            count += (chunk.get(ValueLayout.JAVA_BYTE, i) & mask) == mask ? 1 : 0;
        }
        return count;
    }
}
