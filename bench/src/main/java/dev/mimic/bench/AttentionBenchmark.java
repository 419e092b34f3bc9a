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
 * Attention of one layer of a model of Llama-3.2-1B's shape. Bytes of a decoded row: 4096 a position; multiply-adds of a
 * prompt of n rows: 2048 n (n + 1).
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
    private static final AttentionShape SHAPE = new AttentionShape(32, 8, 64, 0.125f);

    @Param({"512", "4096"})
    int positions;

    @Param({"1", "2"})
    int threads;

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
        long bytes = (long) SHAPE.kvHeads() * positions * SHAPE.headSize() * Float.BYTES;
        KeyValues cache = new KeyValues(gaussian(bytes, random), gaussian(bytes, random), positions);
        caches = new KeyValues[] {cache};
        q = new float[512 * SHAPE.querySize()];
        for (int i = 0; i < q.length; i++) {
            q[i] = (float) random.nextGaussian();
        }
        out = new float[q.length];
        begin = new int[1];
        end = new int[] {positions};
        AttentionKernels scalar = AttentionKernels.scalar(pool);
        float[] expected = new float[q.length];
        scalar.decode(SHAPE, 1, q, caches, begin, end, expected);
        decode();
        Agreement.check("decode", expected, out, SHAPE.querySize(), 1e-4);
        scalar.prefill(SHAPE, 3, q, 0, cache, positions - 512, Integer.MAX_VALUE, expected);
        prefill();
        Agreement.check("prefill", expected, out, 3 * SHAPE.querySize(), 1e-4);
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
        kernels.decode(SHAPE, 1, q, caches, begin, end, out);
        return out;
    }

    /** The last 512 rows. */
    @Benchmark
    public float[] prefill() {
        kernels.prefill(SHAPE, 512, q, 0, caches[0], positions - 512, Integer.MAX_VALUE, out);
        return out;
    }
}
