package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.mimic.kernels.matrix.Matrix;
import java.util.List;

/** Keeps on the device what a test multiplies with next, and nothing else. */
final class LoadedKernels {
    private final CudaWeights memory;
    private List<Matrix> held = List.of();

    LoadedKernels(CudaWeights memory) {
        this.memory = memory;
    }

    /** Loads a weight, unless it is quantized. */
    void weights(Matrix matrix) {
        if (!quantized(matrix) && !holds(matrix)) {
            hold(List.of(matrix));
            memory.load(held, List.of(), (_, _) -> {});
        }
        assertThere(matrix);
    }

    /** Loads two factors, unless they are quantized. */
    void factors(Matrix u, Matrix v) {
        if (!quantized(u) && !(holds(u) && holds(v))) {
            hold(List.of(u, v));
            memory.load(List.of(), held, (_, _) -> {});
        }
        assertThere(u);
        assertThere(v);
    }

    /** What is not there is computed on the processor, which is not under test. */
    private void assertThere(Matrix matrix) {
        assertTrue(
                quantized(matrix) || matrix.rows() == 0 || matrix.cols() == 0 || memory.find(matrix) != null,
                matrix::toString);
    }

    /** That very one: another may have come to lie where it lay. */
    private boolean holds(Matrix matrix) {
        return held.stream().anyMatch(one -> one == matrix);
    }

    private void hold(List<Matrix> matrices) {
        held.forEach(memory::unload);
        held = matrices;
    }

    private static boolean quantized(Matrix matrix) {
        return matrix instanceof Matrix.Int8 || matrix instanceof Matrix.Q8 || matrix instanceof Matrix.Q4;
    }

    /** A listener of kernels that have nothing to say. */
    static void noNote(String note) {
        fail(note);
    }
}
