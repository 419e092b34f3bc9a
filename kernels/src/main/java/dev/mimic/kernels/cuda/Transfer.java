package dev.mimic.kernels.cuda;

import java.lang.foreign.MemorySegment;

/**
 * A copy between the host and the device in pieces, through the two halves of pinned memory: while the device copies one
 * half, the processor fills or empties the other. Runs on the device's thread.
 *
 * @param staging both halves; no copy from or to it is under way
 * @param address of the device's memory
 * @param host the other side, of any kind; its size is what is copied
 */
record Transfer(CudaDevice device, PinnedBuffer staging, long address, MemorySegment host) {
    void upload() {
        for (long at = 0; at < host.byteSize(); at += chunk()) {
            MemorySegment half = half(at);
            half.copyFrom(host.asSlice(at, half.byteSize()));
            device.synchronize(); // the other half is free once its copy is done, which ran while this one was filled
            device.copy(address + at, half.address(), half.byteSize(), CudaConstants.cudaMemcpyHostToDevice);
        }
        device.synchronize();
    }

    void download() {
        long size = host.byteSize();
        for (long at = 0; at < size + chunk(); at += chunk()) {
            device.synchronize(); // the piece before this one has arrived
            if (at < size) {
                MemorySegment half = half(at);
                device.copy(half.address(), address + at, half.byteSize(), CudaConstants.cudaMemcpyDeviceToHost);
            }
            if (at > 0) {
                MemorySegment arrived = half(at - chunk());
                host.asSlice(at - chunk(), arrived.byteSize()).copyFrom(arrived);
            }
        }
    }

    private long chunk() {
        return staging.memory().byteSize() / 2;
    }

    /** The part of pinned memory for the piece at {@code at}. */
    private MemorySegment half(long at) {
        return staging.memory().asSlice(at / chunk() % 2 * chunk(), Math.min(chunk(), host.byteSize() - at));
    }
}
