package dev.mimic.kernels.roofline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.backend.Backend;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RooflineTest {
    private static final long SMALL = 4L << 20;

    @Test
    void aReadSumsEveryFloatOfItsRangeAndNoOther() {
        try (Arena arena = Arena.ofConfined()) {
            int count = 6 * VectorRead.STEP / Float.BYTES;
            MemorySegment data = arena.allocate(ValueLayout.JAVA_FLOAT, count);
            double expected = 0;
            long begin = VectorRead.STEP;
            long end = 5L * VectorRead.STEP;
            for (int i = 0; i < count; i++) {
                data.setAtIndex(ValueLayout.JAVA_FLOAT, i, i); // integers: the sum is exact in any order
                expected += i * 4L >= begin && i * 4L < end ? i : 0;
            }
            float[] lanes = new float[VectorRead.LANES + 2];
            lanes[0] = lanes[lanes.length - 1] = -7;
            VectorRead.sum(data, begin, end, lanes, 1);
            double sum = 0;
            for (int i = 1; i <= VectorRead.LANES; i++) {
                sum += lanes[i];
            }
            assertEquals(expected, sum);
            float[] floats = data.asSlice(begin, end - begin).toArray(ValueLayout.JAVA_FLOAT);
            VectorRead.sum(floats, floats.length, lanes, 1);
            double again = 0;
            for (int i = 1; i <= VectorRead.LANES; i++) {
                again += lanes[i];
            }
            assertEquals(expected, again);
            assertEquals(-7, lanes[0]);
            assertEquals(-7, lanes[lanes.length - 1]);
        }
    }

    @Test
    void everyChainOfMultiplyAddsRuns() {
        float[] lanes = new float[VectorFma.LANES];
        VectorFma.chains(100, lanes, 0);
        float chain = 1e-3f;
        for (int n = 0; n < 100; n++) {
            chain = Math.fma(chain, 0.999f, 1e-3f);
        }
        for (float lane : lanes) {
            assertEquals(VectorFma.CHAINS * chain, lane, VectorFma.CHAINS * 2e-7f * chain * VectorFma.CHAINS);
        }
    }

    @Test
    void aWorkingSetHoldsFiniteNumbersOfEveryTypeAndNoEqualRows() {
        try (WorkingSet set = WorkingSet.of(SMALL)) {
            for (WeightType type : WeightType.values()) {
                long bytes = type.byteSize(64, 512);
                var matrix = type.matrix(64, 512, set.copy(bytes, set.copies(bytes) - 1));
                int equal = 0;
                for (int i = 0; i < 64 * 512; i++) {
                    float value = matrix.get(i);
                    float largest = switch (type) {
                        case F32, F16, BF16 -> 2;
                        case INT8 -> 128;
                        case Q8 -> 256;
                        case Q4 -> 16;
                    };
                    boolean zeros = largest > 2;
                    assertTrue(Math.abs(value) >= 0x1p-7f || (zeros && value == 0), () -> type + " " + value);
                    assertTrue(Math.abs(value) <= largest, () -> type + " " + value);
                    equal += i >= 512 && value == matrix.get(i - 512) ? 1 : 0;
                }
                // Two elements are equal by chance as the pattern is drawn: 11 of 16 bits, 8 of a lower byte, 3 of an
                // upper one. Five deviations above that; a row like another would add 512.
                double chance = switch (type) {
                    case F32 -> 0x1p-22;
                    case F16, BF16 -> 0x1p-11;
                    case INT8 -> (0x1p-8 + 0x1p-3) / 2;
                    case Q8, Q4 -> 0; // values times scales: not that simple, see below
                };
                double mean = 63 * 512 * chance;
                double byChance = chance == 0 ? 1000 : mean + 5 * Math.sqrt(mean) + 1;
                assertTrue(equal < byChance, type + ": " + equal);
            }
        }
    }

    @Test
    void limitsArePositiveWhateverTheThreads() {
        try (WorkingSet set = WorkingSet.of(SMALL)) {
            for (int threads = 1; threads <= 3; threads++) {
                try (WorkerPool pool = WorkerPool.of(threads)) {
                    MachineLimits limits = new MachineLimits(pool, set);
                    assertTrue(limits.read() > 0);
                    assertTrue(limits.read() > 0);
                    assertTrue(limits.cached(1000) > 0);
                    assertTrue(limits.cached(100_000) > 0);
                    assertTrue(limits.medianRead() > 0 && limits.medianOperations() > 0);
                    assertTrue(limits.operations() > 0);
                }
            }
        }
    }

    @Test
    void everyFamilyIsMeasuredAgainstWhatBoundsIt() {
        try (WorkingSet set = WorkingSet.of(64L << 20);
                Roofline roofline = new Roofline(2, set, RooflineEffort.LEAST)) {
            MatrixCases matrices = new MatrixCases(set);
            List<RooflineCase> cases = new ArrayList<>(RowCases.of(1));
            cases.addAll(RowCases.of(3));
            for (WeightType type : WeightType.values()) {
                cases.addAll(matrices.of(type, 96, 160, new int[] {1, 8}, new int[] {512}));
            }
            for (WeightType type : List.of(WeightType.F32, WeightType.BF16, WeightType.F16, WeightType.INT8)) {
                cases.add(new SvfCases(set).factored(type, 96, 160, 3, 2));
                cases.add(new SvfCases(set).residual(type, 96, 160, 16, 1, 1));
            }
            cases.add(new AttentionCases(set).decode(KeyValueType.F32, 4, 100, 2));
            cases.add(new AttentionCases(set).decode(KeyValueType.BF16, 1, 100, 1));
            for (RooflineCase work : cases) {
                Measurement measured = roofline.measure(work);
                assertEquals(2, measured.threads());
                assertTrue(measured.share() > 0, work.name());
                assertEquals(measured.value() / measured.limit(), measured.share(), 1e-12);
                assertTrue(measured.gigaflops() > 0, work.name());
                assertEquals(work.bound() == RooflineCase.Bound.ROOF, measured.intensity() > 0, work.name());
            }
            // a product of many rows is bound by arithmetic on every machine, one of one row by memory
            assertEquals(
                    "GFLOP/s",
                    roofline.measure(find(cases, "gemm F32 96x160 batch 512")).unit());
            assertEquals(
                    "GB/s",
                    roofline.measure(find(cases, "gemv F32 96x160 batch 1")).unit());
        }
    }

    private static RooflineCase find(List<RooflineCase> cases, String name) {
        return cases.stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void aKernelThatComputesSomethingElseIsNotMeasured() {
        try (WorkingSet set = WorkingSet.of(SMALL);
                Roofline roofline = new Roofline(1, set, RooflineEffort.LEAST)) {
            RooflineCase right = new MatrixCases(set)
                    .of(WeightType.F32, 64, 64, new int[] {1}, new int[0])
                    .getFirst();
            RooflineCase wrong = new RooflineCase(
                    right.kernel(), right.dtype(), right.shape(), 1, right.bound(), right.bytes(), 1, backend -> {
                        Backend other = new Backend(
                                backend.name(),
                                backend.pool(),
                                new OffByOneRow(backend.matrix()),
                                backend.row(),
                                backend.attention(),
                                backend.svf(),
                                backend.lowRank(),
                                backend.gradient(),
                                backend.doubles(),
                                backend.svd(),
                                backend.memory());
                        return right.start().apply(other);
                    });
            roofline.measure(right);
            Exception e = assertThrows(IllegalStateException.class, () -> roofline.measure(wrong));
            assertTrue(e.getMessage().startsWith("gemv F32: element 0 is "), e.getMessage());
        }
    }
}
