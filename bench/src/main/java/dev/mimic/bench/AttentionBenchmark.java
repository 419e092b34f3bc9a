package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionKernels;
import dev.mimic.kernels.attention.AttentionShape;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.attention.KeyValues;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Attention of one layer with 512 elements of keys a position, as Llama-3.2-1B has. Bytes of a decoded row: 4096 a position
 * in F32, 2048 in BF16, 1088 in 8 bit; multiply-adds of the last n rows of p positions: 1024 · group · n (p - n / 2). The
 * caches fit the outer cache: what a row costs from memory says {@code mimic bench}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0",
            "--enable-native-access=ALL-UNNAMED"
        })
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class AttentionBenchmark {
    private static final int KV_HEADS = 8;
    private static final int HEAD_SIZE = 64;
    private static final int ROWS = 128;

    @Param({"128", "512", "2048", "4096", "8192"})
    int positions;

    /** Query heads that share keys and values. */
    @Param({"1", "4", "8"})
    int group;

    @Param({"F32", "BF16", "Q8"})
    KeyValueType type;

    @Param({"1", "2"})
    int threads;

    private AttentionShape shape;
    private Arena arena;
    private WorkerPool pool;
    private AttentionKernels kernels;
    private KeyValues[] caches;
    private float[] q;
    private float[] out;
    private int[] begin;
    private int[] end;

    /** Makes the data and compares both kernels with the scalar twin. */
    @Setup(Level.Trial)
    public void setUp() {
        Random random = new Random(1);
        arena = Arena.ofShared();
        pool = WorkerPool.of(threads);
        kernels = AttentionKernels.vector(pool);
        shape = new AttentionShape(KV_HEADS * group, KV_HEADS, HEAD_SIZE, 0.125f);
        KeyValues cache = new KeyValues(
                type,
                arena.allocate(type.keyBytes(KV_HEADS, HEAD_SIZE, positions), 64),
                arena.allocate(type.valueBytes(KV_HEADS, HEAD_SIZE, positions), 64),
                positions);
        float[] rows = gaussian(positions * KV_HEADS * HEAD_SIZE, random);
        kernels.store(shape, positions, rows, gaussian(rows.length, random), 0, cache, 0);
        caches = new KeyValues[] {cache};
        q = gaussian(ROWS * shape.querySize(), random);
        out = new float[q.length];
        begin = new int[1];
        end = new int[] {positions};
        AttentionKernels scalar = AttentionKernels.scalar(pool);
        float[] expected = new float[q.length];
        scalar.decode(shape, 1, q, caches, begin, end, expected);
        decode();
        Agreement.check("decode", expected, out, shape.querySize(), 1e-4);
        scalar.prefill(shape, 3, q, 0, cache, positions - ROWS, Integer.MAX_VALUE, expected);
        prefill();
        Agreement.check("prefill", expected, out, 3 * shape.querySize(), 1e-4);
    }

    private static float[] gaussian(int length, Random random) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        pool.close();
        arena.close();
    }

    /** One row over all positions. */
    @Benchmark
    public float[] decode() {
        kernels.decode(shape, 1, q, caches, begin, end, out);
        return out;
    }

    /** The last rows, 128 of them. */
    @Benchmark
    public float[] prefill() {
        kernels.prefill(shape, ROWS, q, 0, caches[0], positions - ROWS, Integer.MAX_VALUE, out);
        return out;
    }
}
