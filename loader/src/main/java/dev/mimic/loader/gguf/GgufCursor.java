package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads a GGUF header front to back; nothing is allocated for a length before it is known to fit the file. */
final class GgufCursor {
    private static final ValueLayout.OfShort INT16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong INT64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final MemorySegment bytes;
    private long position;

    GgufCursor(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /** Bytes read so far. */
    long position() {
        return position;
    }

    long remaining() {
        return bytes.byteSize() - position;
    }

    byte int8(String field) {
        return bytes.get(ValueLayout.JAVA_BYTE, take(1, field));
    }

    short int16(String field) {
        return bytes.get(INT16, take(2, field));
    }

    int int32(String field) {
        return bytes.get(INT32, take(4, field));
    }

    long int64(String field) {
        return bytes.get(INT64, take(8, field));
    }

    /**
     * A count of things of which each takes at least so many bytes.
     *
     * @throws InvalidModelException if they cannot all be in what remains of the file
     */
    int count(String field, String things, int bytesEach) {
        long count = int64(field);
        long most = Math.min(remaining() / bytesEach, Integer.MAX_VALUE - 16);
        if (count < 0 || count > most) {
            throw invalid(field + ": expected at most " + most + " " + things + " in the remaining " + remaining()
                    + " bytes, found " + Long.toUnsignedString(count));
        }
        return (int) count;
    }

    /** A length and as many bytes of UTF-8. */
    String text(String field) {
        int length = count(field, "bytes of text", 1);
        byte[] utf8 = bytes.asSlice(take(length, field), length).toArray(ValueLayout.JAVA_BYTE);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException e) {
            throw invalid(field + ": expected UTF-8, found a text of " + length + " bytes that is not");
        }
    }

    InvalidModelException invalid(String problem) {
        return new InvalidModelException(file, problem);
    }

    private long take(long length, String field) {
        if (length > remaining()) {
            throw invalid(field + ": truncated: expected " + length + " bytes at offset " + position + ", found "
                    + remaining());
        }
        long at = position;
        position += length;
        return at;
    }
}
