package dev.mimic.bench;

import dev.mimic.engine.sampling.Sampler;
import dev.mimic.engine.sampling.SamplingOptions;
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
import org.openjdk.jmh.annotations.Warmup;

/** Choosing a token of Llama 3's vocabulary, the copy of its logits (0.5 MB) included. */
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
public class SamplingBenchmark {
    private static final int VOCABULARY = 128_256;

    @Param({"greedy", "temperature", "top-k", "top-p", "min-p", "penalties"})
    String method;

    private Sampler sampler;
    private float[] logits;
    private float[] scratch;

    /** Makes the logits, and compares the greedy choice with a plain loop: there is no other implementation. */
    @Setup(Level.Trial)
    public void setUp() {
        Random random = new Random(1);
        logits = new float[VOCABULARY];
        int best = 0;
        for (int i = 0; i < VOCABULARY; i++) {
            logits[i] = (float) (3 * random.nextGaussian());
            best = logits[i] > logits[best] ? i : best;
        }
        scratch = new float[VOCABULARY];
        sampler = new Sampler(SamplingOptions.GREEDY, VOCABULARY, new int[0]);
        if (sample() != best) {
            throw new IllegalStateException("sampling: the greedy token is not the largest logit, " + best);
        }
        SamplingOptions warm = SamplingOptions.GREEDY.withTemperature(1);
        SamplingOptions options = switch (method) {
            case "greedy" -> SamplingOptions.GREEDY;
            case "temperature" -> warm;
            case "top-k" -> warm.withTopK(40);
            case "top-p" -> warm.withTopP(0.9f);
            case "min-p" -> warm.withMinP(0.05f);
            default -> SamplingOptions.GREEDY.withRepetitionPenalty(1.1f);
        };
        sampler =
                new Sampler(options, VOCABULARY, random.ints(512, 0, VOCABULARY).toArray());
    }

    @Benchmark
    public int sample() {
        System.arraycopy(logits, 0, scratch, 0, VOCABULARY);
        return sampler.sample(scratch, 0);
    }
}
