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

/** Matrix-matrix products of prefill; 2 · rows · cols · batch operations a call. */
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
public class GemmBenchmark {
    @Param({"576x1536", "2048x8192", "4096x4096", "4096x14336"})
    public String shape;

    @Param({"F32", "BF16", "F16", "Q8", "Q4"})
    public String dtype;

    @Param({"8", "32", "128", "512"})
    public int batch;

    @Param({"1", "2"})
    public int threads;

    private MatrixCase plain;
    private MatrixCase transposed;

    @Setup(Level.Trial)
    public void open() {
        plain = new MatrixCase(shape, dtype, batch, false, threads);
        transposed = new MatrixCase(shape, dtype, batch, true, threads);
        gemm();
        plain.check(false);
        gemmTransposed();
        transposed.check(false);
    }

    @TearDown(Level.Trial)
    public void close() {
        plain.close();
        transposed.close();
    }

    @Benchmark
    public float[] gemm() {
        plain.kernels.gemm(plain.weights, batch, plain.x, plain.y);
        return plain.y;
    }

    @Benchmark
    public float[] gemmTransposed() {
        transposed.kernels.gemmTransposed(transposed.weights, batch, transposed.x, transposed.y);
        return transposed.y;
    }
}
