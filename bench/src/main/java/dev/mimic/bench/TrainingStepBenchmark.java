package dev.mimic.bench;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.gradient.Objective;
import dev.mimic.adapt.gradient.TrainingPass;
import dev.mimic.adapt.gradient.TrainingResult;
import dev.mimic.adapt.gradient.TrainingSequence;
import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.loader.model.ModelDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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

/** A step of training z on the bundled model, all its matrices: scoring, and the gradient, of 64 sequences of 40 tokens. */
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
public class TrainingStepBenchmark {
    private static final int SEQUENCES = 64;
    private static final int LENGTH = 40;
    private static final int PROMPT = 24;

    @Param({"1", "2"})
    int threads;

    private BundledModel bundled;
    private Engine engine;
    private TrainingPass pass;
    private List<TrainingSequence> sequences;

    /** Makes the sequences, and compares the log-probabilities of some of them with those of the scalar twin. */
    @Setup(Level.Trial)
    public void setUp() {
        bundled = BundledModel.unpack();
        DecomposeOptions all = DecomposeOptions.defaults().withTargets(new Targets("all"));
        try (ModelDirectory directory = ModelDirectory.open(bundled.folder());
                Decomposer decomposer = Decomposer.open(all, threads)) {
            decomposer.decompose(directory, bundled.scratch("factors"), DecompositionListener.NONE);
        }
        open(Backend::scalar);
        sequences = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < SEQUENCES; i++) {
            int[] ids = random.ints(LENGTH, 3, engine.config().vocabularySize()).toArray();
            sequences.add(new TrainingSequence(ids, PROMPT, i % 2 == 0 ? 1 : -1));
        }
        double[][] expected = pass.score(Map.of(), sequences.subList(0, 2));
        pass.close();
        engine.close();
        open(Backend::best);
        double[][] actual = pass.score(Map.of(), sequences.subList(0, 2));
        for (int i = 0; i < 2; i++) {
            Agreement.check("scoring", floats(expected[i]), floats(actual[i]), expected[i].length, 1e-3);
        }
    }

    private void open(Function<WorkerPool, Backend> backend) {
        engine = Engine.open(
                bundled.folder(),
                EngineOptions.DEFAULTS
                        .withFactors(bundled.scratch("factors"))
                        .withThreads(threads)
                        .withBackend(backend));
        pass = new TrainingPass(engine, engine.factors().orElseThrow().weightNames(), TrainingPass.DEFAULT_MEMORY);
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        pass.close();
        engine.close();
        bundled.close();
    }

    @Benchmark
    public double[][] score() {
        return pass.score(Map.of(), sequences);
    }

    @Benchmark
    public TrainingResult gradient() {
        return pass.gradient(Map.of(), sequences, Objective.PLAIN);
    }
}
