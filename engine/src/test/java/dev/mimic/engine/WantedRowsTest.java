package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionKernels;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.gradient.GradientKernels;
import dev.mimic.kernels.lowrank.LowRankKernels;
import dev.mimic.kernels.matrix.MatrixKernels;
import dev.mimic.kernels.matrix.WeightMemory;
import dev.mimic.kernels.row.RowKernels;
import dev.mimic.kernels.svd.DoubleKernels;
import dev.mimic.kernels.svd.SvdSolver;
import dev.mimic.kernels.svf.SvfKernels;
import dev.mimic.testkit.CountedRows;
import dev.mimic.testkit.RandomFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In the last layer only keys and values are computed of rows whose results nobody asks for. */
final class WantedRowsTest {
    private static final int BLOCK = 16;

    private static final CountedRows COUNTED = new CountedRows();

    @TempDir
    static Path temporary;

    private static Engine engine;
    private static List<TransformerWeights.Block> blocks;

    @BeforeAll
    static void open() {
        Path model =
                RandomFolder.write(temporary.resolve("model"), "qwen3", "Qwen3ForCausalLM", 5, Map.of("head_dim", 12));
        engine = Engine.open(model, EngineOptions.DEFAULTS.withBlockSize(BLOCK).withBackend(WantedRowsTest::counted));
        blocks = engine.withDecoder(transformer -> transformer.weights().blocks());
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    private static Backend counted(WorkerPool pool) {
        MatrixKernels matrix = COUNTED.over(MatrixKernels.class, MatrixKernels.scalar(pool));
        DoubleKernels doubles = DoubleKernels.scalar();
        return new Backend(
                "counted",
                pool,
                matrix,
                RowKernels.scalar(pool),
                AttentionKernels.scalar(pool),
                SvfKernels.of(matrix, pool),
                new LowRankKernels(matrix),
                GradientKernels.scalar(pool),
                doubles,
                SvdSolver.processor(doubles, matrix, pool),
                WeightMemory.BORROWED);
    }

    /** Checks how many rows went through the products of blocks since the last check. */
    private static void check(long all, long wanted) {
        TransformerWeights.Block last = blocks.getLast();
        assertEquals(all, rows(blocks.getFirst().attention().q()), "queries of the first layer");
        assertEquals(all, rows(blocks.getFirst().feedForward().down()), "rows of the first layer");
        assertEquals(all, rows(last.attention().k()), "keys");
        assertEquals(all, rows(last.attention().v()), "values");
        for (Linear linear : List.of(
                last.attention().q(),
                last.attention().o(),
                last.feedForward().gate(),
                last.feedForward().up(),
                last.feedForward().down())) {
            assertEquals(wanted, rows(linear), linear.name());
        }
    }

    private static long rows(Linear linear) {
        return COUNTED.take(((Linear.Dense) linear).weight());
    }

    private static int[] ids(int length) {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = 1 + i % 40;
        }
        return ids;
    }

    @Test
    void ofPromptsTheLastRowsAreWanted() {
        engine.generateAll(List.of(
                GenerationRequest.ofIds(ids(5)).withMaxTokens(1),
                GenerationRequest.ofIds(ids(2 * BLOCK + 7)).withMaxTokens(1),
                GenerationRequest.ofIds(ids(1)).withMaxTokens(1)));
        check(5 + 2 * BLOCK + 7 + 1, 3);
    }

    @Test
    void ofScoredSequencesTheRowsThatPredictTheCompletionAreWanted() {
        engine.scoreAll(List.of(
                new ScoreRequest(ids(9), ids(4), Adapter.NONE),
                new ScoreRequest(ids(2 * BLOCK), ids(1), Adapter.NONE),
                new ScoreRequest(ids(1), ids(6), Adapter.NONE)));
        check(9 + 3 + 2 * BLOCK + 1 + 5, 4 + 1 + 6);
        engine.score(ids(20), ids(3), Adapter.NONE);
        check(22, 3);
    }
}
