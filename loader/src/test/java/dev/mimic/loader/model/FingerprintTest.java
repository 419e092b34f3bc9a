package dev.mimic.loader.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The expected digests were made by a separate program, in Python's hashlib. */
final class FingerprintTest {
    private static final List<TensorView> TENSORS = List.of(
            tensor("w", DType.F32, 8, 2),
            tensor("scalar", DType.I8, 1),
            tensor("empty", DType.F16, 0, 0, 4),
            tensor("limit", DType.U8, 65536, 65536),
            tensor("big", DType.BF16, 66666, 3, 11111),
            tensor("\uFFFD", DType.U8, 1, 1), // UTF-16 would sort it after the next
            tensor("\uD83D\uDE00", DType.U8, 2, 2));

    @Test
    void itIsTheDigestThatTheDesignDefines() {
        assertEquals("6ecac1ed1d870511394f1614b00ac10c7f848d1a2b7ca2b80359952af88f5903", Fingerprint.of(TENSORS));
        assertEquals(
                "d7223c173ab5c48e39ff906b485ceba459e39158a2d52148b5e2394961e594cb",
                Fingerprint.of(List.of(tensor("w", DType.U8, 65537, 65537))));
    }

    @Test
    void itDoesNotDependOnTheOrderOfTheTensors() {
        List<TensorView> reversed = new ArrayList<>(TENSORS);
        Collections.reverse(reversed);
        assertEquals(Fingerprint.of(TENSORS), Fingerprint.of(reversed));
    }

    @Test
    void itDependsOnNameTypeShapeAndBytes() {
        String base = Fingerprint.of(List.of(tensor("w", DType.F32, 24, 2, 3)));
        for (TensorView other : List.of(
                tensor("v", DType.F32, 24, 2, 3),
                tensor("w", DType.I32, 24, 2, 3),
                tensor("w", DType.F32, 24, 3, 2),
                TensorView.of("w", DType.F32, MemorySegment.ofArray(new byte[24]), 2, 3))) {
            assertNotEquals(base, Fingerprint.of(List.of(other)));
        }
    }

    /** Bytes whose period is long enough to tell blocks apart. */
    private static TensorView tensor(String name, DType dtype, int size, long... shape) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (i * 31 + (i >> 8) * 7 + 7);
        }
        return TensorView.of(name, dtype, MemorySegment.ofArray(bytes), shape);
    }
}
