package dev.mimic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;

/**
 * What products need besides their weights: activations on the device, and pinned memory that they come and go through.
 * Grown when a larger product comes and used again after that; freed with the device. Used on the device's thread.
 */
final class CudaWorkspace {
    /** What lies in device memory of its own. */
    enum Area {
        /** What is multiplied: floats, or planes of bf16. */
        X,
        /** Vᵀ x. */
        PROJECTED,
        /** What it is scaled by. */
        SCALES,
        /** Products of the planes, before they are added up. */
        PLANES,
        /** The result. */
        Y
    }

    /** What all areas of one product may take before its rows are cut into slices. */
    private static final long SLICE_BYTES = 64L << 20;

    /** Rows beyond which a product gains nothing by more. */
    private static final int MOST_ROWS = 512;

    /**
     * What one row of a product takes, in bytes, by area.
     *
     * @param planes of the products of planes
     */
    record Row(long x, long projected, long scales, long planes, long y) {
        /** Of a product with a matrix. */
        static Row of(DeviceType type, long in, long out) {
            return switch (type) {
                case F32 -> new Row(in * Float.BYTES, 0, 0, 0, out * Float.BYTES);
                case BF16 ->
                    new Row(
                            in * Bf16Planes.MOST * Short.BYTES,
                            0,
                            0,
                            out * Bf16Planes.MOST * Float.BYTES,
                            out * Float.BYTES);
            };
        }

        /** Of a product with two factors. */
        static Row of(long in, long rank, long out) {
            return new Row(in * Float.BYTES, rank * Float.BYTES, rank * Float.BYTES, 0, out * Float.BYTES);
        }

        /** Rows that are multiplied together; more go one slice after the other. */
        int together() {
            return Math.clamp(SLICE_BYTES / Math.max(1, bytes()), 1, MOST_ROWS);
        }

        /** As many rows together. */
        Row times(long rows) {
            return new Row(x * rows, projected * rows, scales * rows, planes * rows, y * rows);
        }

        /** What serves both. */
        Row larger(Row other) {
            return new Row(
                    Math.max(x, other.x),
                    Math.max(projected, other.projected),
                    Math.max(scales, other.scales),
                    Math.max(planes, other.planes),
                    Math.max(y, other.y));
        }

        /** All areas. */
        long bytes() {
            return x + projected + scales + planes + y;
        }
    }

    private final CudaDevice device;
    private final Map<Area, DeviceBuffer> areas = new EnumMap<>(Area.class);
    private PinnedBuffer in;
    private PinnedBuffer out;

    CudaWorkspace(CudaDevice device) {
        this.device = device;
    }

    /**
     * Memory of an area, its content undefined.
     *
     * @throws CudaException if it has to grow and cannot; the next call tries again
     */
    DeviceBuffer area(Area area, long bytes) {
        DeviceBuffer buffer = areas.get(area);
        if (buffer == null || buffer.bytes() < bytes) {
            if (buffer != null) {
                areas.remove(area);
                buffer.close();
            }
            buffer = device.allocate(bytes);
            areas.put(area, buffer);
        }
        return buffer;
    }

    /** Pinned memory for what goes to the device. */
    MemorySegment in(long bytes) {
        if (tooSmall(in, bytes)) {
            PinnedBuffer old = in;
            in = null; // freed, whatever comes
            in = device.pinned().replace(old, bytes);
        }
        return in.memory();
    }

    /** Pinned memory for what comes from the device. */
    MemorySegment out(long bytes) {
        if (tooSmall(out, bytes)) {
            PinnedBuffer old = out;
            out = null;
            out = device.pinned().replace(old, bytes);
        }
        return out.memory();
    }

    private static boolean tooSmall(PinnedBuffer buffer, long bytes) {
        return buffer == null || buffer.memory().byteSize() < bytes;
    }

    /** Queues a copy of pinned memory to the start of a buffer. */
    void upload(MemorySegment pinned, long offset, long bytes, DeviceBuffer target) {
        device.copy(target.address(0, bytes), pinned.address() + offset, bytes, CudaConstants.cudaMemcpyHostToDevice);
    }

    /** Queues a copy of a buffer's start to pinned memory. */
    void download(DeviceBuffer source, long bytes, MemorySegment pinned, long offset) {
        device.copy(pinned.address() + offset, source.address(0, bytes), bytes, CudaConstants.cudaMemcpyDeviceToHost);
    }
}
