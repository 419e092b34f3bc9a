package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionKernels;
import dev.mimic.kernels.attention.AttentionShape;
import dev.mimic.kernels.attention.KeyValues;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
 * Attention of one layer with 32 heads of 64, on 32, 8 (as Llama-3.2-1B) or 4 of keys and values. Bytes of a decoded row:
 * 512 a position and head of keys; multiply-adds of a prompt of n rows: 2048 n (n + 1).
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class AttentionBenchmark {
    private static final int HEADS = 32;
    private static final int PROMPT = 512;

    @Param({"128", "512", "2048", "8192"})
    int positions;

    /** Query heads that share keys and values. */
    @Param({"1", "4", "8"})
    int sharing;

    @Param({"1", "2"})
    int threads;

    private AttentionShape shape;
    private int rows;
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
        shape = new AttentionShape(HEADS, HEADS / sharing, 64, 0.125f);
        rows = Math.min(PROMPT, positions);
        Random random = new Random(1);
        arena = Arena.ofShared();
        pool = WorkerPool.of(threads);
        kernels = AttentionKernels.vector(pool);
        long bytes = (long) shape.kvHeads() * positions * shape.headSize() * Float.BYTES;
        KeyValues cache = new KeyValues(gaussian(bytes, random), gaussian(bytes, random), positions);
        caches = new KeyValues[] {cache};
        q = new float[rows * shape.querySize()];
        for (int i = 0; i < q.length; i++) {
            q[i] = (float) random.nextGaussian();
        }
        out = new float[q.length];
        begin = new int[1];
        end = new int[] {positions};
        AttentionKernels scalar = AttentionKernels.scalar(pool);
        float[] expected = new float[q.length];
        scalar.decode(shape, 1, q, caches, begin, end, expected);
        decode();
        Agreement.check("decode", expected, out, shape.querySize(), 1e-4);
        scalar.prefill(shape, 3, q, 0, cache, positions - rows, Integer.MAX_VALUE, expected);
        prefill();
        Agreement.check("prefill", expected, out, 3 * shape.querySize(), 1e-4);
    }

    private MemorySegment gaussian(long bytes, Random random) {
        MemorySegment segment = arena.allocate(bytes, 64);
        for (long at = 0; at < bytes; at += Float.BYTES) {
            segment.set(ValueLayout.JAVA_FLOAT, at, (float) random.nextGaussian());
        }
        return segment;
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

    /** The last rows, 512 or all. */
    @Benchmark
    public float[] prefill() {
        kernels.prefill(shape, rows, q, 0, caches[0], positions - rows, Integer.MAX_VALUE, out);
        return out;
    }
}
