package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.row.RowKernels;
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

/** Row operations at the sizes of Llama-3.2-1B: hidden 2048, intermediate 8192, 32 heads of 64, vocabulary 128256. */
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
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class RowBenchmark {
    private static final int HIDDEN = 2048;
    private static final int INTERMEDIATE = 8192;
    private static final int VOCABULARY = 128_256;

    @Param({"1", "128"})
    int batch;

    @Param({"1", "2"})
    int threads;

    private WorkerPool pool;
    private RowKernels kernels;
    private float[] x;
    private float[] up;
    private float[] weight;
    private float[] cos;
    private float[] sin;
    private float[] out;

    /** Makes the data and compares every kernel with the scalar twin. */
    @Setup(Level.Trial)
    public void setUp() {
        Random random = new Random(1);
        pool = WorkerPool.of(threads);
        kernels = RowKernels.vector(pool);
        x = gaussian(Math.max(VOCABULARY, batch * INTERMEDIATE), random);
        up = gaussian(batch * INTERMEDIATE, random);
        weight = gaussian(HIDDEN, random);
        cos = gaussian(batch * 32, random);
        sin = new float[cos.length];
        for (int i = 0; i < cos.length; i++) { // true angles: x keeps its magnitude however often it is rotated
            sin[i] = (float) Math.sin(cos[i]);
            cos[i] = (float) Math.cos(cos[i]);
        }
        out = new float[x.length];
        RowKernels scalar = RowKernels.scalar(pool);
        float[] expected = new float[x.length];
        scalar.rmsNorm(batch, x, weight, 1e-5f, expected);
        rmsNorm();
        Agreement.check("rmsNorm", expected, out, batch * HIDDEN, 1e-4);
        scalar.swiGlu(batch * INTERMEDIATE, x, up, expected);
        swiGlu();
        Agreement.check("swiGlu", expected, out, batch * INTERMEDIATE, 1e-6);
        System.arraycopy(x, 0, expected, 0, VOCABULARY);
        scalar.softmax(expected, 0, VOCABULARY);
        softmax();
        Agreement.check("softmax", expected, out, VOCABULARY, 1e-3);
        expected = x.clone();
        scalar.rotate(batch, HIDDEN / 64, 64, expected, cos, sin);
        rotate();
        Agreement.check("rotate", expected, x, batch * HIDDEN, 1e-6);
        expected = out.clone();
        scalar.add(batch * HIDDEN, x, expected);
        add();
        Agreement.check("add", expected, out, batch * HIDDEN, 1e-6);
    }

    private static float[] gaussian(int length, Random random) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        pool.close();
    }

    @Benchmark
    public float[] rmsNorm() {
        kernels.rmsNorm(batch, x, weight, 1e-5f, out);
        return out;
    }

    @Benchmark
    public float[] swiGlu() {
        kernels.swiGlu(batch * INTERMEDIATE, x, up, out);
        return out;
    }

    @Benchmark
    public float[] rotate() {
        kernels.rotate(batch, HIDDEN / 64, 64, x, cos, sin);
        return x;
    }

    @Benchmark
    public float[] add() {
        kernels.add(batch * HIDDEN, x, out);
        return out;
    }

    /** One row of the vocabulary, whatever the batch; a copy of 0.5 MB included. */
    @Benchmark
    public float[] softmax() {
        System.arraycopy(x, 0, out, 0, VOCABULARY);
        kernels.softmax(out, 0, VOCABULARY);
        return out;
    }
}
