package dev.mimic.bench;

import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.EngineOptions.WeightFormat;
import dev.mimic.engine.GenerationResult;
import java.util.SplittableRandom;
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

/** Whole models with random weights: 256 tokens of a prompt, or 16 tokens of a reply, as one operation each. */
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
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class EndToEndBenchmark {
    private static final int PROMPT = 256;
    private static final int REPLY = 16;

    @Param({"135m", "1.2b"})
    String shape;

    /** Q8 and Q4 are rounded from BF16 while loading. */
    @Param({"F32", "BF16", "Q8", "Q4"})
    String dtype;

    @Param({"1", "2"})
    int threads;

    private RandomFolder model;
    private Engine engine;
    private int[] prompt;

    /** Writes the model, and compares its logits with those of the scalar twin. */
    @Setup(Level.Trial)
    public void setUp() {
        boolean plain = dtype.equals("F32") || dtype.equals("BF16");
        model = RandomFolder.of(shape, plain ? dtype : "BF16");
        model.check();
        EngineOptions options = EngineOptions.DEFAULTS.withThreads(threads).withContextLength(2 * PROMPT);
        if (!plain) {
            options = options.withQuantize(new EngineOptions.Quantize(WeightFormat.valueOf(dtype), _ -> {}));
        }
        engine = Engine.open(model.path(), options);
        prompt = new SplittableRandom(1)
                .ints(PROMPT, 2, engine.config().vocabularySize())
                .toArray();
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        engine.close();
        model.close();
    }

    @Benchmark
    public GenerationResult prefill() {
        return RandomFolder.generate(engine, prompt, 1);
    }

    /** After a prompt of one token. */
    @Benchmark
    public GenerationResult decode() {
        return RandomFolder.generate(engine, new int[] {2}, REPLY);
    }
}
