package dev.mimic.adapt.svf;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.loader.safetensors.Bfloat16;
import dev.mimic.loader.safetensors.DType;
import java.lang.foreign.MemorySegment;

/** Numbers as they lie on disk in F32, F16 or BF16, little-endian, rounded to nearest, ties to even. */
final class StoredFloats {
    private StoredFloats() {}

    /** Whether this class reads and writes the type. */
    static boolean handles(DType dtype) {
        return dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
    }

    /** Puts one number; {@code index} in elements. */
    static void put(DType dtype, MemorySegment to, long index, float value) {
        switch (dtype) {
            case F32 -> to.set(Matrix.FLOAT, index * Float.BYTES, value);
            case F16 -> to.set(Matrix.SHORT, index * Short.BYTES, Float.floatToFloat16(value));
            case BF16 -> to.set(Matrix.SHORT, index * Short.BYTES, Bfloat16.of(value));
            default -> throw new IllegalArgumentException("put: type is " + dtype + ", expected F32, F16 or BF16");
        }
    }

    /** Gets one number, widened exactly; {@code index} in elements. */
    static float get(DType dtype, MemorySegment from, long index) {
        return switch (dtype) {
            case F32 -> from.get(Matrix.FLOAT, index * Float.BYTES);
            case F16 -> Float.float16ToFloat(from.get(Matrix.SHORT, index * Short.BYTES));
            case BF16 -> Bfloat16.toFloat(from.get(Matrix.SHORT, index * Short.BYTES));
            default -> throw new IllegalArgumentException("get: type is " + dtype + ", expected F32, F16 or BF16");
        };
    }

    /** Numbers in a new segment of bytes. */
    static MemorySegment encode(DType dtype, float[] values) {
        MemorySegment bytes = dtype == DType.F32
                ? MemorySegment.ofArray(new int[values.length])
                : MemorySegment.ofArray(new short[values.length]);
        for (int i = 0; i < values.length; i++) {
            put(dtype, bytes, i, values[i]);
        }
        return bytes;
    }

    /** The numbers that {@link #put} leaves behind. */
    static float[] rounded(DType dtype, float[] values) {
        if (dtype == DType.F32) {
            return values;
        }
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = dtype == DType.BF16
                    ? Bfloat16.toFloat(Bfloat16.of(values[i]))
                    : Float.float16ToFloat(Float.floatToFloat16(values[i]));
        }
        return result;
    }
}
