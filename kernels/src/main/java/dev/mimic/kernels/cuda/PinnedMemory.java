package dev.mimic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** All pinned memory of a device: what others take of it, and two halves that copies of any size go through. */
final class PinnedMemory {
    private static final long LEAST_PIECE = 4096;

    private final CudaDevice device;
    private final long mostPiece;
    private final List<PinnedBuffer> held = new ArrayList<>();
    private PinnedBuffer staging;

    /**
     * Holds nothing yet.
     *
     * @param mostPiece bytes of one of the two halves at most
     */
    PinnedMemory(CudaDevice device, long mostPiece) {
        this.device = device;
        this.mostPiece = mostPiece;
    }

    /** A copy that goes through the two halves; they are as large as it needs, up to a bound. */
    Transfer transfer(long address, MemorySegment host) {
        long piece = Math.min(mostPiece, Long.highestOneBit(Math.max(LEAST_PIECE, 2 * host.byteSize() - 1)));
        if (staging == null || staging.memory().byteSize() < 2 * piece) {
            PinnedBuffer old = staging;
            staging = null;
            staging = replace(old, 2 * piece);
        }
        return new Transfer(device, staging, address, host);
    }

    /**
     * Takes memory in the place of other.
     *
     * @param old what is freed once all work so far is done; null for nothing
     */
    PinnedBuffer replace(PinnedBuffer old, long bytes) {
        CudaRuntime runtime = device.cuda().runtime();
        if (old != null) {
            device.synchronize();
            held.remove(old);
            device.check("cudaFreeHost", old.free(runtime), old.memory().byteSize() + " bytes");
        }
        PinnedBuffer buffer = PinnedBuffer.allocate(runtime, bytes);
        held.add(buffer);
        return buffer;
    }

    /** Frees everything; nothing on the device may use it any more. */
    void free() {
        held.forEach(buffer -> buffer.free(device.cuda().runtime()));
        held.clear();
        staging = null;
    }
}
