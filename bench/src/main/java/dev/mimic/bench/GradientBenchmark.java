package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionShape;
import dev.mimic.kernels.gradient.GradientKernels;
import dev.mimic.kernels.gradient.HeadGradients;
import dev.mimic.kernels.gradient.SequenceRows;
import java.util.Arrays;
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

/** The backward pass of what is not linear, 512 rows at the sizes of SmolLM2-135M: hidden 576, intermediate 1536, 9 heads on
 * 3 of 64, vocabulary 49152 (8 rows of it). */
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
@Measurement(iterations = 5, time = 1)
public class GradientBenchmark {
    private static final int ROWS = 512;
    private static final int HIDDEN = 576;
    private static final int INTERMEDIATE = 1536;
    private static final int VOCABULARY = 49152;
    private static final int LOGIT_ROWS = 8;
    private static final int FEW = 16;
    private static final AttentionShape SHAPE = new AttentionShape(9, 3, 64, 0.125f);

    @Param({"1", "2"})
    int threads;

    private WorkerPool pool;
    private GradientKernels kernels;
    private float[] x;
    private float[] g;
    private float[] weight;
    private float[] out;
    private float[] second;
    private float[] wide;
    private float[] logProbabilities;
    private float[] probabilities;
    private double[] sums;
    private double[] dz;
    private HeadGradients heads;

    /** Makes the data and compares every kernel with the scalar twin. */
    @Setup(Level.Trial)
    public void setUp() {
        pool = WorkerPool.of(threads);
        x = gaussian(ROWS * INTERMEDIATE, 1);
        g = gaussian(ROWS * INTERMEDIATE, 2);
        wide = gaussian(ROWS * INTERMEDIATE, 3);
        weight = gaussian(HIDDEN, 4);
        out = new float[ROWS * INTERMEDIATE];
        second = new float[ROWS * INTERMEDIATE];
        logProbabilities = gaussian(LOGIT_ROWS * VOCABULARY, 5);
        probabilities = new float[LOGIT_ROWS * VOCABULARY];
        sums = new double[FEW * HIDDEN];
        dz = new double[HIDDEN];
        heads = heads();
        kernels = GradientKernels.scalar(pool);
        float[][] expected = results();
        kernels = GradientKernels.vector(pool);
        float[][] actual = results();
        for (int i = 0; i < expected.length; i++) {
            Agreement.check("gradient kernel " + i, expected[i], actual[i], expected[i].length, 1e-4);
        }
    }

    private float[][] results() {
        return new float[][] {
            Arrays.copyOf(rmsNorm(), ROWS * HIDDEN),
            swiGlu().clone(),
            attention().clone(),
            Arrays.copyOf(svf(), ROWS * HIDDEN),
            logSoftmax().clone()
        };
    }

    private static HeadGradients heads() {
        int queries = ROWS * SHAPE.querySize();
        int keys = ROWS * SHAPE.kvHeads() * SHAPE.headSize();
        return new HeadGradients(
                gaussian(queries, 6),
                gaussian(keys, 7),
                gaussian(keys, 8),
                gaussian(queries, 9),
                new float[queries],
                new float[keys],
                new float[keys]);
    }

    private static float[] gaussian(int length, long seed) {
        Random random = new Random(seed);
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
        kernels.rmsNorm(ROWS, x, weight, 1e-5f, g, out);
        return out;
    }

    @Benchmark
    public float[] swiGlu() {
        kernels.swiGlu(ROWS * INTERMEDIATE, x, wide, g, out, second);
        return out;
    }

    /** Two sequences of half the rows. */
    @Benchmark
    public float[] attention() {
        SequenceRows halves = SequenceRows.packed(2, new int[] {0, ROWS / 2}, new int[] {ROWS / 2, ROWS});
        kernels.attention(SHAPE, Integer.MAX_VALUE, halves, heads);
        return heads.dq();
    }

    /** The copy of its input included, which is overwritten. */
    @Benchmark
    public float[] svf() {
        System.arraycopy(g, 0, out, 0, ROWS * HIDDEN);
        kernels.svf(ROWS, weight, weight, x, out, dz);
        return out;
    }

    /** Of a low-rank factor. */
    @Benchmark
    public double[] outer() {
        kernels.outer(ROWS, FEW, HIDDEN, x, g, sums, 0);
        return sums;
    }

    /** The copy of its input included, which is overwritten. */
    @Benchmark
    public float[] logSoftmax() {
        System.arraycopy(logProbabilities, 0, probabilities, 0, probabilities.length);
        kernels.logSoftmax(LOGIT_ROWS, VOCABULARY, probabilities);
        return probabilities;
    }
}
