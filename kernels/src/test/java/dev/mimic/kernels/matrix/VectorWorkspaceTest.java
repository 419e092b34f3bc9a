package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** What is particular to the scratch of vector kernels. */
final class VectorWorkspaceTest {
    @Test
    void panelsAreOfTheClassThatTilesKnow() {
        VectorWorkspace workspace = new VectorWorkspace();
        for (MemorySegment panels : new MemorySegment[] {workspace.panels(64), workspace.panelSums(64)}) {
            assertSame(panels, VectorWorkspace.ofKnownClass(panels));
        }
        MemorySegment array = MemorySegment.ofArray(new float[64]);
        assertThrows(IllegalArgumentException.class, () -> VectorWorkspace.ofKnownClass(array));
    }
}
