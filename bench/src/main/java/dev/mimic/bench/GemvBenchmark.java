package dev.mimic.bench;

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

/** Matrix-vector products of decoding; compare with bytes of weights over time. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0",
            "--enable-native-access=ALL-UNNAMED"
        })
public class GemvBenchmark {
    @Param({"576x1536", "2048x8192", "4096x4096", "4096x14336"})
    public String shape;

    @Param({"F32", "BF16", "F16", "Q8", "Q4"})
    public String dtype;

    @Param({"1", "2", "4", "8", "32", "128"})
    public int batch;

    @Param({"1", "2"})
    public int threads;

    private MatrixCase plain;
    private MatrixCase transposed;

    @Setup(Level.Trial)
    public void open() {
        plain = new MatrixCase(shape, dtype, batch, false, threads);
        transposed = new MatrixCase(shape, dtype, batch, true, threads);
        gemv();
        plain.check(true);
        gemvTransposed();
        transposed.check(true);
    }

    @TearDown(Level.Trial)
    public void close() {
        plain.close();
        transposed.close();
    }

    @Benchmark
    public float[] gemv() {
        plain.kernels.gemv(plain.weights, batch, plain.x, plain.y);
        return plain.y;
    }

    @Benchmark
    public float[] gemvTransposed() {
        transposed.kernels.gemvTransposed(transposed.weights, batch, transposed.x, transposed.y);
        return transposed.y;
    }
}
