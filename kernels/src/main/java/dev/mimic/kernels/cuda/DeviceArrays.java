package dev.mimic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;

/** Matrices of checks and tests: made at random, brought to a device and back. Column-major. */
record DeviceArrays(CudaDevice device) {
    /** Numbers of both signs and mixed magnitude. */
    static float[] random(RandomGenerator random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(-3, 4)));
        }
        return values;
    }

    /** The same, cut to what bf16 holds. */
    static float[] cut(float[] values) {
        float[] cut = new float[values.length];
        for (int i = 0; i < cut.length; i++) {
            cut[i] = Float.intBitsToFloat(Float.floatToRawIntBits(values[i]) & 0xFFFF0000);
        }
        return cut;
    }

    /** A buffer of floats. */
    DeviceBuffer buffer(float[] values) {
        return uploaded(MemorySegment.ofArray(values));
    }

    /** A buffer of bf16, from floats that bf16 holds. */
    DeviceBuffer bf16(float[] values) {
        short[] bits = new short[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
        }
        return uploaded(MemorySegment.ofArray(bits));
    }

    /** A buffer of one type or the other, from floats that it holds. */
    DeviceBuffer buffer(DeviceType type, float[] values) {
        return switch (type) {
            case F32 -> buffer(values);
            case BF16 -> bf16(values);
        };
    }

    private DeviceBuffer uploaded(MemorySegment values) {
        DeviceBuffer buffer = device.allocate(values.byteSize());
        try {
            device.upload(values, buffer, 0);
            return buffer;
        } catch (RuntimeException | Error e) {
            buffer.close();
            throw e;
        }
    }

    /** A matrix without gaps in a buffer of its own, with undefined content. */
    DeviceMatrix empty(int rows, int cols) {
        return DeviceMatrix.of(device.allocate((long) rows * cols * Float.BYTES), DeviceType.F32, rows, cols);
    }

    /** A matrix without gaps. */
    DeviceMatrix matrix(float[] values, int rows, int cols) {
        return DeviceMatrix.of(buffer(values), DeviceType.F32, rows, cols);
    }

    /** The first floats of a buffer. */
    float[] floats(DeviceBuffer buffer, int count) {
        float[] values = new float[count];
        device.download(buffer, 0, MemorySegment.ofArray(values));
        return values;
    }
}
