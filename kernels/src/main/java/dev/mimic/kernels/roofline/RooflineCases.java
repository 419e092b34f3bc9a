package dev.mimic.kernels.roofline;

import dev.mimic.kernels.attention.KeyValueType;
import java.util.ArrayList;
import java.util.List;

/** What the table measures: the kernels of a token, at the shapes of real models. */
public final class RooflineCases {
    /** Rows of a matrix of a large model. */
    private static final int LARGE = 1024;

    /** Types of whole layers; bytes without a scale are those of factors. */
    private static final List<WeightType> LAYERS =
            List.of(WeightType.F32, WeightType.BF16, WeightType.F16, WeightType.Q8, WeightType.Q4);

    private static final int[] ONE = {1};
    private static final int[] NONE = {};
    private static final int[] DECODED = {1, 8};
    private static final int[] SHORT_PROMPTS = {32, 128};
    private static final int[] PROMPTS = {8, 32, 128, 512};

    private RooflineCases() {}

    /** All of them. */
    public static List<RooflineCase> full(WorkingSet set) {
        List<RooflineCase> cases = new ArrayList<>();
        MatrixCases matrices = new MatrixCases(set);
        for (WeightType type : LAYERS) {
            cases.addAll(matrices.of(type, 4096, 4096, type == WeightType.F16 ? ONE : DECODED, prompts(type)));
            cases.addAll(matrices.of(type, 14336, 4096, ONE, NONE));
            cases.addAll(matrices.of(type, 576, 1536, ONE, type == WeightType.BF16 ? new int[] {128} : NONE));
        }
        cases.addAll(matrices.of(WeightType.BF16, 8192, 2048, ONE, NONE)); // beside the factors of that shape
        cases.addAll(matrices.of(WeightType.INT8, 4096, 4096, ONE, NONE));
        cases.addAll(svf(set));
        cases.addAll(attention(set));
        cases.addAll(RowCases.of(1));
        cases.addAll(RowCases.of(128));
        cases.add(handOver());
        return cases;
    }

    /** Types of which every batch is of interest; of one that few models come in, none. */
    private static int[] prompts(WeightType type) {
        return switch (type) {
            case F32, BF16 -> PROMPTS;
            case F16, INT8 -> NONE;
            case Q8, Q4 -> SHORT_PROMPTS;
        };
    }

    /** A few of each family, none of which takes long. */
    public static List<RooflineCase> quick(WorkingSet set) {
        List<RooflineCase> cases = new ArrayList<>();
        MatrixCases matrices = new MatrixCases(set);
        for (WeightType type : LAYERS) {
            cases.addAll(matrices.of(type, 4096, 4096, ONE, new int[] {128}));
        }
        cases.add(new SvfCases(set).factored(WeightType.BF16, 4096, 4096, 1, 1));
        cases.add(new SvfCases(set).residual(WeightType.BF16, 4096, 4096, 64, 1, 1));
        cases.add(new AttentionCases(set).decode(KeyValueType.F32, 4, 4096, 1));
        cases.addAll(RowCases.of(1));
        cases.add(handOver());
        return cases;
    }

    private static List<RooflineCase> svf(WorkingSet set) {
        List<RooflineCase> cases = new ArrayList<>();
        SvfCases svf = new SvfCases(set);
        for (int[] shape : new int[][] {{4096, 4096}, {8192, 2048}, {576, 1536}}) {
            cases.add(svf.factored(WeightType.BF16, shape[0], shape[1], 1, 1));
            if (shape[0] > LARGE) {
                cases.add(svf.residual(WeightType.BF16, shape[0], shape[1], 16, 1, 1));
            }
            cases.add(svf.residual(WeightType.BF16, shape[0], shape[1], 64, 1, 1));
        }
        cases.add(svf.factored(WeightType.INT8, 8192, 2048, 1, 1));
        for (int experts : new int[] {1, 8}) {
            cases.add(svf.factored(WeightType.BF16, 4096, 4096, 8, experts));
            cases.add(svf.residual(WeightType.BF16, 4096, 4096, 64, 8, experts));
        }
        return cases;
    }

    private static List<RooflineCase> attention(WorkingSet set) {
        AttentionCases attention = new AttentionCases(set);
        List<RooflineCase> cases = new ArrayList<>();
        for (KeyValueType type : List.of(KeyValueType.F32, KeyValueType.BF16)) {
            cases.add(attention.decode(type, 1, 4096, 1));
            cases.add(attention.decode(type, 4, 4096, 1));
        }
        cases.add(attention.decode(KeyValueType.F32, 4, 4096, 8));
        return cases;
    }

    private static RooflineCase handOver() {
        return new RooflineCase(
                "hand-off", "-", "-", 1, RooflineCase.Bound.HAND_OVER, 0, 0, backend -> new RooflineCase.Running() {
                    @Override
                    public void check() {
                        int threads = backend.pool().threads();
                        int[] seen = new int[threads];
                        backend.pool().run(threads, 1, (begin, end) -> {
                            for (int i = begin; i < end; i++) {
                                seen[i]++;
                            }
                        });
                        for (int count : seen) {
                            if (count != 1) {
                                throw new IllegalStateException(
                                        "hand-off: a share ran " + count + " times, expected 1");
                            }
                        }
                    }

                    @Override
                    public void run(int index) {
                        backend.pool().run(backend.pool().threads(), 1, (_, _) -> {});
                    }
                });
    }
}
