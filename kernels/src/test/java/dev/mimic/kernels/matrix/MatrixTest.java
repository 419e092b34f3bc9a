package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a matrix does with the memory that it is given. */
final class MatrixTest {
    private static final List<Function<MemorySegment, Matrix>> PLAIN = List.of(
            data -> new Matrix.F32(2, 3, data),
            data -> new Matrix.F16(2, 3, data),
            data -> new Matrix.Bf16(2, 3, data),
            data -> new Matrix.Int8(2, 3, data));

    @Test
    void aMappedFileIsSeenAsNativeMemoryOfTheSameScopeAndRights(@TempDir Path folder) throws IOException {
        Path file = Files.write(
                folder.resolve("weights"),
                new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25});
        for (Function<MemorySegment, Matrix> type : PLAIN) {
            Matrix matrix;
            try (Arena arena = Arena.ofShared();
                    FileChannel channel = FileChannel.open(file)) {
                MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 1, 24, arena);
                matrix = type.apply(mapped);
                MemorySegment data = matrix.data();
                assertTrue(mapped.isMapped());
                assertFalse(data.isMapped());
                assertSame(MemorySegment.NULL.getClass(), data.getClass());
                assertTrue(data.isReadOnly());
                assertThrows(IllegalArgumentException.class, () -> data.fill((byte) 0));
                assertEquals(mapped.address(), data.address());
                assertEquals(mapped.byteSize(), data.byteSize());
                assertEquals(mapped.scope(), data.scope());
                assertEquals(-1, mapped.mismatch(data));
            }
            assertFalse(matrix.data().scope().isAlive());
            assertThrows(IllegalStateException.class, () -> matrix.get(0), matrix.toString());
        }
    }

    @Test
    void otherMemoryIsTakenAsItIs() {
        MemorySegment heap = MemorySegment.ofArray(new float[6]);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment allocated = arena.allocate(24);
            for (Function<MemorySegment, Matrix> type : PLAIN) {
                assertSame(heap, type.apply(heap).data());
                assertSame(allocated, type.apply(allocated).data());
            }
        }
    }
}
