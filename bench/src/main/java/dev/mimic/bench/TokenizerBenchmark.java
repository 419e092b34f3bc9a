package dev.mimic.bench;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.loader.tokenizer.Tokenizer;
import java.nio.file.Path;
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

/** Text to ids and back, with the bundled model's tokenizer or that of the folder that the property {@code tokenizer} names
 * ({@code -jvmArgsAppend -Dtokenizer=FOLDER}). */
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
public class TokenizerBenchmark {
    private static final String LINE = "There are 7 cups here. Cara adds 4. How many cups are there?\n";

    @Param({"60", "6000"})
    int characters;

    private BundledModel bundled;
    private Tokenizer tokenizer;
    private String text;
    private int[] ids;

    /** Reads the tokenizer, and checks that the text comes back. */
    @Setup(Level.Trial)
    public void setUp() {
        bundled = BundledModel.unpack();
        String folder = System.getProperty("tokenizer");
        tokenizer = Tokenizer.open(folder == null ? bundled.folder() : Path.of(folder));
        text = LINE.repeat(characters / 60);
        ids = encode();
        if (!decode().equals(text)) {
            throw new IllegalStateException("tokenizer: the text does not come back from its ids");
        }
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        bundled.close();
    }

    @Benchmark
    public int[] encode() {
        return tokenizer.encode(text, false);
    }

    @Benchmark
    public String decode() {
        return tokenizer.decode(ids, false);
    }
}
