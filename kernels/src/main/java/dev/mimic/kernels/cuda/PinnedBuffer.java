package dev.mimic.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Host memory that the device reads and writes by itself, while the processor does something else: what a copy was given
 * must stay as it is until the stream has been waited for. Used by the device's own thread alone.
 *
 * @param memory its bytes
 */
record PinnedBuffer(MemorySegment memory) {
    /**
     * Allocates.
     *
     * @throws CudaException if there is no memory that can be pinned
     */
    @SuppressWarnings("restricted") // the pointer comes without a size
    static PinnedBuffer allocate(CudaRuntime runtime, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            int status = runtime.mallocHost(out, bytes);
            if (status != CudaConstants.cudaSuccess) {
                throw runtime.failure("cudaMallocHost", status, bytes + " bytes");
            }
            return new PinnedBuffer(out.get(ValueLayout.ADDRESS, 0).reinterpret(bytes));
        }
    }

    /**
     * Frees it; it must not be used any more.
     *
     * @return the status of {@code cudaFreeHost}
     */
    int free(CudaRuntime runtime) {
        return runtime.freeHost(memory);
    }
}
