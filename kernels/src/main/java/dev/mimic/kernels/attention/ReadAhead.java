package dev.mimic.kernels.attention;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * Streams from memory that a loop is about to read. A few lines of each, read between the steps of what comes before, are on
 * their way while that computes, and the processor has seen where the streams go on, and found their pages, before the loop
 * waits for all of them at once.
 */
final class ReadAhead {
    private static final int LINE = 64;

    private long base;
    private int streams;
    private long apart;
    private int line;
    private int lines;

    /** What was read, kept so that it is read. */
    private int bytes;

    /**
     * Starts anew; at most half of each stream is read ahead.
     *
     * @param base first byte of the first stream
     * @param streams 0: nothing is read ahead
     * @param apart bytes from a stream to the next
     */
    void begin(long base, int streams, long apart) {
        this.base = base;
        this.streams = streams;
        this.apart = apart;
        line = 0;
        lines = Math.clamp(apart / (2 * LINE), 0, Integer.MAX_VALUE);
    }

    /**
     * Reads the next lines of each stream.
     *
     * @param data what the streams are of
     * @param count lines, or fewer where half of a stream is read
     */
    void next(MemorySegment data, int count) {
        int last = Math.min(line + count, lines);
        int read = bytes;
        for (; line < last; line++) {
            for (int stream = 0; stream < streams; stream++) {
                read ^= data.get(JAVA_BYTE, base + stream * apart + (long) line * LINE);
            }
        }
        bytes = read;
    }
}
