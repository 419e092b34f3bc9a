package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svd.FullSvdContract;
import dev.mimic.kernels.svd.Svd;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/**
 * Whole decompositions on the shim, which computes in doubles and rounds what comes out once: so all that holds on the
 * processor has to hold, and what is off was lost on the way there or back.
 */
final class CudaFullSvdTest extends FullSvdContract {
    private final ShimSolver solver = new ShimSolver(2);

    @Override
    protected Svd decompose(Matrix w) {
        return solver.svd().full(w);
    }

    @AfterEach
    void close() {
        assertEquals(List.of(), solver.notes());
        solver.close();
    }
}
