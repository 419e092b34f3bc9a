package dev.mimic.kernels.cuda;

/**
 * Memory of a device. It is a number and not a {@code MemorySegment}: Java code that read it would end the process.
 * Whoever allocates it closes it; closing twice is allowed.
 */
final class DeviceBuffer implements AutoCloseable {
    private final CudaDevice device;
    private final long address;
    private final long bytes;
    private boolean closed;

    /** Only {@link CudaDevice#allocate} makes one. */
    DeviceBuffer(CudaDevice device, long address, long bytes) {
        this.device = device;
        this.address = address;
        this.bytes = bytes;
    }

    /**
     * The address of a byte.
     *
     * @param offset bytes from the start
     * @param length bytes that will be used from there on
     * @throws IllegalStateException if it was closed
     * @throws IndexOutOfBoundsException if the range leaves the buffer
     */
    synchronized long address(long offset, long length) {
        if (closed) {
            throw new IllegalStateException("device buffer of " + bytes + " bytes: closed");
        }
        if (offset < 0 || length < 0 || offset > bytes - length) {
            throw new IndexOutOfBoundsException("device buffer of " + bytes + " bytes: range of " + length
                    + " bytes from " + offset + " leaves it");
        }
        return address + offset;
    }

    /** Its size in bytes. */
    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        device.free(address, bytes);
    }
}
