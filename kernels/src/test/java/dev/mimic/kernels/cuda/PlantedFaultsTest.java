package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Mistakes that a caller of CUDA makes, each planted alone into a sound program: the shim, or the result, shows every one.
 * The calls are made through the same bindings as the real ones.
 */
final class PlantedFaultsTest {
    private static final Map<String, Consumer<GemmProgram>> GEMM = new LinkedHashMap<>();
    private static final Map<String, Consumer<SvdProgram>> SVD = new LinkedHashMap<>();

    static {
        GEMM.put("a and b exchanged", p -> {
            long a = p.a;
            p.a = p.b;
            p.b = a;
        });
        GEMM.put("a transpose forgotten", p -> p.transA = 0);
        GEMM.put("lda of the other side", p -> p.lda = GemmProgram.M);
        GEMM.put("ldb too small", p -> p.ldb = GemmProgram.K - 1);
        GEMM.put("ldb too large", p -> p.ldb = GemmProgram.K + 2);
        GEMM.put("ldc that of columns", p -> p.ldc = GemmProgram.M + GemmProgram.N);
        GEMM.put("alpha on the device", p -> p.alphaOnDevice = true);
        GEMM.put("a type that is not the data's", p -> p.typeA = CudaConstants.CUDA_R_16BF);
        GEMM.put("bf16 data called f32", p -> p.bf16AsF32 = true);
        GEMM.put("a compute type that does not go with f32", p -> p.compute = 64);
        GEMM.put("an algorithm that does not exist", p -> p.algorithm = 1234);
        GEMM.put("undefined c read by beta", p -> p.beta = 1);
        GEMM.put("c over a", p -> p.c = p.a);
        GEMM.put("c too small", p -> p.c += 8);
        GEMM.put(
                "a host address as device address", p -> p.a = p.pinned.memory().address());
        GEMM.put("copy direction turned round", p -> p.uploadKind = CudaConstants.cudaMemcpyDeviceToHost);
        GEMM.put("a copy kind that does not exist", p -> p.uploadKind = 7);
        GEMM.put("a copy longer than its target", p -> p.uploadBytes += 4);
        GEMM.put("pinned memory reused too early", p -> p.reusePinned = true);
        GEMM.put("pinned memory freed too early", p -> p.freePinnedEarly = true);
        GEMM.put("result read without waiting", p -> p.synchronize = false);
        GEMM.put("stream of the handle not set", p -> p.setStream = false);
        GEMM.put("a handle that was given back", p -> p.destroyHandleEarly = true);
        GEMM.put("no handle", p -> p.handle = 0);
        GEMM.put("use after free", p -> p.freeAEarly = true);
        GEMM.put("freed twice", p -> p.freeTwice = true);
        GEMM.put("a buffer not freed", p -> p.leak = true);
        GEMM.put("scaled on the wrong side", p -> p.side = CudaConstants.CUBLAS_SIDE_RIGHT);
        SVD.put("workspace guessed", p -> p.workElements = SvdProgram.M * SvdProgram.N);
        SVD.put("workspace of bytes for elements", p -> p.workBytes = p.workElements);
        SVD.put("size of the workspace in bytes", p -> p.lwork = 4 * p.workElements);
        SVD.put("ldu that of columns", p -> p.ldu = SvdProgram.N);
        SVD.put("ldvt that of a", p -> p.ldvt = SvdProgram.M);
        SVD.put("info on the host", p -> p.infoOnHost = true);
        SVD.put("more columns than rows", p -> p.exchangeSides = true);
        SVD.put("a read after it was destroyed", p -> p.resultFromA = true);
        SVD.put("v taken for its transpose", p -> p.vForVt = true);
        SVD.put("a job in small letters", p -> p.job = 's');
    }

    @Test
    void soundProgramsShowNothing() {
        assertNull(caught(new GemmProgram()));
        assertNull(caught(new SvdProgram()));
    }

    @Test
    void manyAreListed() {
        assertEquals(38, GEMM.size() + SVD.size());
    }

    @TestFactory
    Stream<DynamicTest> everyFaultIsCaught() {
        return Stream.concat(
                GEMM.entrySet().stream()
                        .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> {
                            GemmProgram program = new GemmProgram();
                            program.fault = entry.getValue();
                            assertCaught(entry.getKey(), program);
                        })),
                SVD.entrySet().stream()
                        .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> {
                            SvdProgram program = new SvdProgram();
                            program.fault = entry.getValue();
                            assertCaught(entry.getKey(), program);
                        })));
    }

    private static void assertCaught(String fault, ShimProgram program) {
        String caught = caught(program);
        assertNotNull(caught, () -> fault + ": not caught");
        assertTrue(!caught.isEmpty(), fault);
    }

    /** What gave a program away: a status, a violation, a leak or its result; null if nothing did. */
    private static String caught(ShimProgram program) {
        CudaShim shim = CudaShim.fresh();
        Cuda.Available cuda = shim.available();
        try (CudaDevice device = CudaDevice.open(cuda, 0)) {
            String wrong = device.call(() -> program.run(device));
            return shim.violations() > 0 ? shim.lastViolation() : wrong;
        } catch (CudaException e) {
            return e.getMessage();
        } finally {
            CudaShim.fresh();
        }
    }
}
