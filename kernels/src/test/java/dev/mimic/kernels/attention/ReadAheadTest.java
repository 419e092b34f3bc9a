package dev.mimic.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

final class ReadAheadTest {
    private final ReadAhead ahead = new ReadAhead();

    @Test
    void itReadsTheFirstHalfOfEachStreamAndNoMore() {
        MemorySegment data = MemorySegment.ofArray(new byte[256 + 65]); // the last line that is read has a byte here
        ahead.begin(0, 2, 256);
        ahead.next(data, 1);
        assertDoesNotThrow(() -> ahead.next(data, 3));
        assertDoesNotThrow(() -> ahead.next(data, 1000));
        ahead.begin(0, 2, 256);
        assertThrows(IndexOutOfBoundsException.class, () -> ahead.next(data.asSlice(0, 256 + 64), 2));
    }

    @Test
    void withoutStreamsItReadsNothing() {
        ahead.begin(1L << 40, 0, 0);
        assertDoesNotThrow(() -> ahead.next(MemorySegment.NULL, 2));
    }
}
