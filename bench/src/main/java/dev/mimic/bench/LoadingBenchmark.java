package dev.mimic.bench;

import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** From files to an engine that can run, and on to its first token: the 135 M shape with random weights, mapped. */
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
@Measurement(iterations = 5, time = 1)
public class LoadingBenchmark {
    private RandomFolder model;

    /** Writes the model, and compares its first token's logits with those of the scalar twin. */
    @Setup(Level.Trial)
    public void setUp() {
        model = RandomFolder.small();
        model.check();
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        model.close();
    }

    @Benchmark
    public int open() {
        try (Engine engine = Engine.open(model.path(), EngineOptions.DEFAULTS)) {
            return engine.contextLength();
        }
    }

    @Benchmark
    public int openAndRun() {
        try (Engine engine = Engine.open(model.path(), EngineOptions.DEFAULTS)) {
            return RandomFolder.generate(engine, new int[] {2}, 1).ids()[0];
        }
    }
}
