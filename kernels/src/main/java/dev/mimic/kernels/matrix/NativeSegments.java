package dev.mimic.kernels.matrix;

import java.lang.foreign.MemorySegment;

/** The one class that all segments outside the heap are to have which loops of vectors read. */
final class NativeSegments {
    /** The class of what an arena allocates; mapped files have another. */
    static final Class<?> CLASS = MemorySegment.NULL.getClass();

    private NativeSegments() {}
}
