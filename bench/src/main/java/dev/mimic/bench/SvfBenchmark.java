package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.kernels.svf.SvfKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

/** A layer [4096, 2048] with one expert or a different one for every row of the batch, beside the layer alone. */
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
public class SvfBenchmark {
    private static final int OUT = 4096;
    private static final int IN = 2048;

    @Param({"64", "2048"})
    int rank;

    @Param({"1", "8"})
    int batch;

    /** Different z among the rows. */
    @Param({"1", "8"})
    int experts;

    @Param({"1", "2"})
    int threads;

    private Arena arena;
    private WorkerPool pool;
    private Backend backend;
    private Matrix weights;
    private SvfFactors factors;
    private float[] x;
    private float[] y;
    private float[] scratch;
    private float[][] scales;

    /** Makes the data and compares with the scalar twin. */
    @Setup(Level.Trial)
    public void setUp() {
        Random random = new Random(1);
        arena = Arena.ofShared();
        pool = WorkerPool.of(threads);
        backend = Backend.vector(pool);
        weights = gaussian(OUT, IN, random);
        factors = new SvfFactors(gaussian(OUT, rank, random), gaussian(IN, rank, random));
        x = new float[batch * IN];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        scratch = new float[batch * rank];
        scales = new float[batch][];
        for (int row = 0; row < batch; row++) {
            scales[row] = row < experts ? new float[rank] : scales[row % experts];
            for (int k = 0; row < experts && k < rank; k++) {
                scales[row][k] = random.nextFloat();
            }
        }
        y = new float[batch * OUT];
        float[] expected = new float[batch * OUT];
        SvfKernels scalar = Backend.scalar(pool).svf();
        scalar.apply(SvfKernels.Phase.DECODE, factors, batch, x, scales, scratch, expected);
        factored();
        Agreement.check("svf", expected, y, batch * OUT, 1e-4);
    }

    private Matrix gaussian(int rows, int cols, Random random) {
        MemorySegment data = arena.allocate(4L * rows * cols, 64);
        for (long at = 0; at < data.byteSize(); at += Float.BYTES) {
            data.set(Matrix.FLOAT, at, (float) random.nextGaussian());
        }
        return new Matrix.F32(rows, cols, data);
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        pool.close();
        arena.close();
    }

    /** The layer without an expert. */
    @Benchmark
    public float[] base() {
        backend.matrix().gemv(weights, batch, x, y);
        return y;
    }

    /** The factors in place of the layer. */
    @Benchmark
    public float[] factored() {
        backend.svf().apply(SvfKernels.Phase.DECODE, factors, batch, x, scales, scratch, y);
        return y;
    }

    /** The layer and what the factors add. */
    @Benchmark
    public float[] residual() {
        backend.matrix().gemv(weights, batch, x, y);
        backend.svf().accumulate(SvfKernels.Phase.DECODE, factors, batch, x, scales, scratch, y);
        return y;
    }
}
