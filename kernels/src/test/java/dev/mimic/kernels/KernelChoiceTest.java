package dev.mimic.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class KernelChoiceTest {
    @Test
    void everyNamedValueIsKnown() {
        assertEquals(KernelChoice.BEST, KernelChoice.of("best"));
        assertEquals(KernelChoice.SCALAR, KernelChoice.of("scalar"));
        assertEquals(128, KernelChoice.of("128").bits());
        assertEquals(256, KernelChoice.of("256").bits());
        assertEquals(512, KernelChoice.of("512").bits());
    }

    @Test
    void anythingElseIsAnErrorOfOneLine() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> KernelChoice.of("1024"));
        assertEquals("mimic.vector: is '1024', expected best, scalar, 128, 256 or 512", e.getMessage());
    }

    @Test
    void theSpeciesHaveTheSameNumberOfLanes() {
        assertEquals(VectorWidth.SPECIES.length(), VectorWidth.INTS.length());
        assertEquals(VectorWidth.SPECIES.length(), VectorWidth.SHORTS.length());
    }
}
