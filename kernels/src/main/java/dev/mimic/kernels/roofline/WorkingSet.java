package dev.mimic.kernels.roofline;

import dev.mimic.kernels.Shapes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Native memory far larger than a cache, in which all matrices of a measurement lie: a kernel goes through copy after
 * copy, so that each call finds its weights in memory, as a model's next layer does. The content serves every type: as
 * BF16 it is numbers of 2⁻⁷ to 2 and their negatives, as F32 the same, as F16 numbers of 1 to 2.
 */
public final class WorkingSet implements AutoCloseable {
    /** Bytes that no cache of today's servers holds for one or two cores. */
    public static final long LARGE = 768L << 20;

    /** Elements of the pattern: no multiple of a row, so that no two rows of a matrix are alike. */
    private static final int PATTERN = 1_000_003;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;

    private WorkingSet(long bytes) {
        memory = arena.allocate(bytes, 64);
        SplittableRandom random = new SplittableRandom(1);
        long pattern = Math.min(bytes, 2L * PATTERN);
        for (long at = 0; at + 2 <= pattern; at += 2) {
            int bits = random.nextInt();
            memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) (0x3C00 | (bits & 0x83FF)));
        }
        for (long done = pattern; done < bytes; ) {
            long length = Math.min(pattern, bytes - done);
            MemorySegment.copy(memory, 0, memory, done, length);
            done += length;
        }
    }

    /**
     * Makes and fills one.
     *
     * @param bytes its size; at least one of the largest matrix
     */
    public static WorkingSet of(long bytes) {
        return new WorkingSet(bytes);
    }

    /** Its size. */
    public long byteSize() {
        return memory.byteSize();
    }

    MemorySegment memory() {
        return memory;
    }

    /** How many things of that size lie in it, each at a multiple of 64 bytes; at least 1. */
    int copies(long bytes) {
        Shapes.positive("WorkingSet", "copies", (int) Math.min(Integer.MAX_VALUE, byteSize() / aligned(bytes)));
        return (int) Math.min(Integer.MAX_VALUE, byteSize() / aligned(bytes));
    }

    /** One of the {@link #copies}. */
    MemorySegment copy(long bytes, int index) {
        return memory.asSlice(index * aligned(bytes), bytes);
    }

    private static long aligned(long bytes) {
        return (bytes + 63) / 64 * 64;
    }

    @Override
    public void close() {
        arena.close();
    }
}
