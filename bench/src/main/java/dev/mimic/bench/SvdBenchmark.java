package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svd.FullSvd;
import dev.mimic.kernels.svd.RandomizedSvd;
import dev.mimic.kernels.svd.Sketch;
import dev.mimic.kernels.svd.Svd;
import dev.mimic.kernels.svd.SvdCheck;
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

/** Decompositions: full, and randomized at rank 64 with either sketch, oversampling 10 and two power iterations. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0",
            "--enable-native-access=ALL-UNNAMED"
        })
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 3, time = 1)
public class SvdBenchmark {
    private static final int RANK = 64;
    private static final int OVERSAMPLING = 10;
    private static final int POWER = 2;

    @Param({"576x1536", "1024x1024", "4096x1024", "2048x2048"})
    String shape;

    @Param({"full", "gaussian", "srft"})
    String method;

    @Param({"1", "2"})
    int threads;

    private Arena arena;
    private WorkerPool pool;
    private Backend backend;
    private Matrix weights;

    /** Makes the data, and compares the singular values with those of the scalar twin on a part of it. */
    @Setup(Level.Trial)
    public void setUp() {
        arena = Arena.ofShared();
        pool = WorkerPool.of(threads);
        int by = shape.indexOf('x');
        int rows = Integer.parseInt(shape.substring(0, by));
        int cols = Integer.parseInt(shape.substring(by + 1));
        Random random = new Random(1);
        MemorySegment data = arena.allocate(4L * rows * cols, 64);
        for (long at = 0; at < data.byteSize(); at += Float.BYTES) {
            data.set(Matrix.FLOAT, at, (float) random.nextGaussian());
        }
        weights = new Matrix.F32(128, 96, data);
        backend = Backend.scalar(pool);
        float[] expected = decompose().sigma();
        backend = Backend.vector(pool);
        Svd svd = decompose();
        Agreement.check("svd " + method, expected, svd.sigma(), expected.length, 1e-5);
        SvdCheck check = SvdCheck.of(backend.doubles(), pool, weights, svd);
        if (check.orthogonality() > 1e-5 || (method.equals("full") && check.relativeError() > 1e-5)) {
            throw new IllegalStateException("svd " + method + ": " + check);
        }
        weights = new Matrix.F32(rows, cols, data);
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        pool.close();
        arena.close();
    }

    @Benchmark
    public Svd decompose() {
        if (method.equals("full")) {
            return new FullSvd(backend.doubles(), pool).decompose(weights);
        }
        Sketch sketch = method.equals("srft") ? new Sketch.Srft() : new Sketch.Gaussian();
        return new RandomizedSvd(
                        backend.doubles(),
                        backend.matrix(),
                        pool,
                        new RandomizedSvd.Options(sketch, RANK, OVERSAMPLING, POWER, 1))
                .decompose(weights);
    }
}
