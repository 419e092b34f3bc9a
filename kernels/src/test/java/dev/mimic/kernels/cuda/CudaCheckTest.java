package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.check.CheckResult;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.svd.DoubleKernels;
import dev.mimic.kernels.svd.SvdCases;
import dev.mimic.kernels.svd.SvdSolver;
import dev.mimic.kernels.svf.SvfKernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The checks of a device on the shim: all sound, and each fault in the shim seen by one that is made for it. */
final class CudaCheckTest {
    private static final List<String> SKIPPED = List.of("gemm, 2^31 elements", "scale, side 2^31");

    private final CudaShim shim = CudaShim.fresh();
    private final WorkerPool pool = WorkerPool.of(2);
    private Map<String, String> description;

    @AfterEach
    void close() {
        pool.close();
    }

    @Test
    void aSoundDevicePassesAllAndNothingIsLeft() {
        for (CheckResult result : run(40)) {
            CheckResult.Outcome expected =
                    SKIPPED.contains(result.name()) ? CheckResult.Outcome.SKIPPED : CheckResult.Outcome.OK;
            assertEquals(expected, result.outcome(), result::toString);
        }
        shim.assertClean();
        assertEquals(
                List.of("cuda", "libcudart", "libcublas", "libcusolver", "cuda:0"), List.copyOf(description.keySet()));
        assertEquals(shim.file(CudaLibrary.CUBLAS).toString(), description.get("libcublas"));
        assertEquals("Stand-in, compute capability 9.0, 1 SMs, 0.25 of 0.25 GiB free", description.get("cuda:0"));
    }

    @Test
    void aDeviceThatDoesNotSayItsNameIsChecked() {
        shim.fail("cudaGetDeviceProperties", 1);
        String check = "gemm f32";
        assertEquals(CheckResult.Outcome.OK, run(40, check::equals).getFirst().outcome());
        assertEquals("compute capability 9.0, 1 SMs, 0.25 of 0.25 GiB free", description.get("cuda:0"));
        shim.assertClean();
    }

    @ParameterizedTest
    @CsvSource({
        "tf32 for f32, gemm f32",
        "tf32 for f32, gemm f32 pedantic",
        "tf32 for f32, gemm f32 TN",
        "tf32 for f32, 'svf, one z'",
        "sums in bf16, gemm bf16 to f32",
        "beta forgotten, 'gemm, beta'",
        "k of 0 does nothing, 'gemm, k = 0'",
        "a batch of one, 'gemm, batch'",
        "a batch of one, 'gemm bf16, batch'",
        "b never transposed, gemm f32 NT",
        "gaps written, 'gemm, gaps'",
        "one factor for all, scale rows",
        "one factor for all, scale columns",
        "one factor for all, 'svf, a z each'",
        "sigma off, 'gesvd, tall'",
        "sigma off, 'gesvd, wide'",
        "v turned, 'gesvd, tall'",
        "v turned, randomized svd",
        "q too long, geqrf and orgqr",
        "copies cut short, 'upload, pinned'",
        "copies cut short, 'upload, mapped'",
        "copies cut short, 'upload, unstaged'",
        "memory lost, memory comes back",
        "memory without end, out of memory"
    })
    void aDeviceThatErrsFails(String fault, String check) {
        shim.libraries().spoil(fault);
        CheckResult result = run(40, check::equals).getFirst();
        assertEquals(CheckResult.Outcome.FAIL, result.outcome(), result::toString);
        assertTrue(!(result.error() <= result.tolerance()), result::toString);
    }

    @Test
    void aCallThatFailsIsNamedAndTheNextCheckRuns() {
        shim.fail("cublasSdgmm", 13);
        List<CheckResult> results = run(24);
        CheckResult failed = results.stream()
                .filter(one -> one.name().equals("scale rows"))
                .findFirst()
                .orElseThrow();
        assertEquals(CheckResult.Outcome.FAIL, failed.outcome());
        assertTrue(
                failed.note().startsWith("cublasSdgmm: status 13 CUBLAS_STATUS_EXECUTION_FAILED: "), failed::toString);
        assertEquals(CheckResult.Outcome.OK, results.getLast().outcome(), results.getLast()::toString);
    }

    @Test
    void whatGoesToTheProcessorInsteadIsNoCheckOfTheDevice() {
        shim.leaveInfo(2);
        List<CheckResult> failed = run(24).stream()
                .filter(one -> one.outcome() == CheckResult.Outcome.FAIL)
                .toList();
        assertEquals(
                List.of("gesvd, tall", "gesvd, wide", "geqrf and orgqr", "randomized svd"),
                failed.stream().map(CheckResult::name).toList());
        assertTrue(failed.getFirst().note().endsWith("computed on the processor"), failed::toString);
    }

    @Test
    void afterAnErrorThatEndsTheDeviceTheRestIsSkipped() {
        shim.fail("cudaStreamSynchronize", 700);
        List<CheckResult> results = run(24);
        assertEquals(CheckResult.Outcome.FAIL, results.getFirst().outcome());
        for (CheckResult result : results.subList(1, results.size())) {
            assertEquals(CheckResult.Outcome.SKIPPED, result.outcome());
            assertEquals("cuda:0 is out of use after an error", result.note());
        }
    }

    @Test
    void sizesWithoutMeaningAreRefused() {
        for (int size : new int[] {7, 20000}) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> run(size));
            assertEquals("size: expected 8 to 16384, got " + size, e.getMessage());
        }
    }

    private List<CheckResult> run(int size) {
        return run(size, name -> true);
    }

    private List<CheckResult> run(int size, Predicate<String> wanted) {
        MatrixKernels matrix = SvdCases.matrixKernels(pool);
        DoubleKernels doubles = SvdCases.kernels();
        CudaCheck.Processor processor = new CudaCheck.Processor(
                pool, doubles, matrix, SvfKernels.of(matrix, pool), SvdSolver.processor(doubles, matrix, pool));
        List<CheckResult> results = new ArrayList<>();
        try (CudaCheck check = CudaCheck.open(shim.available(), 0, size, processor)) {
            description = check.description();
            for (int i = 0; i < check.names().size(); i++) {
                if (wanted.test(check.names().get(i))) {
                    results.add(check.run(i));
                    assertEquals(check.names().get(i), results.getLast().name());
                }
            }
        }
        return results;
    }
}
