package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Applying an expert to a large layer never forms the adapted weight, on the heap or beside it. */
final class AdaptedLayerMemoryTest {
    private static final int SIZE = 4096;
    private static final long WEIGHT_BYTES = (long) SIZE * SIZE * Float.BYTES;
    private static final String WEIGHT = "model.layers.0.mlp.gate_proj.weight";

    /** Runs that the vector kernels may take until they are compiled: interpreted, they box. */
    private static final int MOST_RUNS = 60;

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @TempDir
    Path temporary;

    @Test
    void anExpertOnALayerOf4096SquaredTakesLessThanAQuarterOfTheWeight() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            throw TestFolders.skip("memory of an adapted layer", "no /proc/self/status");
        }
        Path model = RandomFolder.write(
                temporary.resolve("model"),
                "llama",
                "LlamaForCausalLM",
                1,
                Map.of(
                        "hidden_size", SIZE,
                        "intermediate_size", SIZE,
                        "num_hidden_layers", 1,
                        "num_attention_heads", 4,
                        "num_key_value_heads", 1,
                        "head_dim", 32,
                        "vocab_size", 64));
        EngineOptions options =
                EngineOptions.DEFAULTS.withFactors(factors(model)).withForm(EngineOptions.Form.FACTORED);
        try (Engine engine = Engine.open(model, options)) {
            long warm = Long.MAX_VALUE;
            for (int run = 0; run < MOST_RUNS && warm > 1 << 20; run++) {
                warm = heapBytes(engine, Adapter.NONE);
            }
            long before = anonymousBytes(status);
            Adapter expert = expert();
            float[] base = engine.logits(new int[] {1, 5, 9}, Adapter.NONE)[2];
            long heap = heapBytes(engine, expert);
            long beside = Math.max(0, anonymousBytes(status) - before);
            assertTrue(
                    heap + beside < WEIGHT_BYTES / 4,
                    heap + " bytes on the heap and " + beside + " beside it, expected less than " + WEIGHT_BYTES / 4);
            assertFalse(
                    Arrays.equals(base, engine.logits(new int[] {1, 5, 9}, expert)[2]), "the expert changes nothing");
        }
    }

    /** What a reply of a few tokens allocates on the heap, over all threads that take part. */
    private static long heapBytes(Engine engine, Adapter adapter) {
        LongSupplier counter = Allocations.counter("mimic-");
        long before = counter.getAsLong();
        engine.generate(GenerationRequest.ofIds(1, 5, 9)
                .withAdapter(adapter)
                .withIgnoreEos(true)
                .withMaxTokens(4));
        return counter.getAsLong() - before;
    }

    private static Adapter expert() {
        float[] z = new float[SIZE];
        for (int k = 0; k < SIZE; k++) {
            z[k] = 1 + 0.5f * (k % 3 - 1);
        }
        return new Adapter.Scaling(Map.of(WEIGHT, z));
    }

    /** Factors of full rank, of random numbers: what they hold does not change what they cost. */
    private Path factors(Path model) throws IOException {
        Path folder = Files.createDirectories(temporary.resolve("factors"));
        try (Arena arena = Arena.ofConfined();
                ModelDirectory directory = ModelDirectory.open(model)) {
            MemorySegment numbers = arena.allocate(WEIGHT_BYTES);
            long state = 1;
            for (long i = 0; i < (long) SIZE * SIZE; i++) {
                state = state * 6364136223846793005L + 1442695040888963407L;
                numbers.set(FLOAT, i * Float.BYTES, ((state >>> 40) * 0x1p-24f - 0.5f) / 32);
            }
            MemorySegment sigma = arena.allocate((long) SIZE * Float.BYTES);
            for (int k = 0; k < SIZE; k++) {
                sigma.set(FLOAT, (long) k * Float.BYTES, 2f - (float) k / SIZE);
            }
            SafetensorsWriter.write(
                    folder.resolve("factors-00001.safetensors"),
                    List.of(
                            TensorView.of(WEIGHT + ".U", DType.F32, numbers, SIZE, SIZE),
                            TensorView.of(WEIGHT + ".S", DType.F32, sigma, SIZE),
                            TensorView.of(WEIGHT + ".V", DType.F32, numbers, SIZE, SIZE)),
                    Map.of());
            Map<String, Object> shards = new LinkedHashMap<>();
            for (String part : List.of(".U", ".S", ".V")) {
                shards.put(WEIGHT + part, "factors-00001.safetensors");
            }
            Map<String, Object> metadata =
                    Map.of("format", "mimic-factors", "version", "1", "base", directory.fingerprint());
            Files.writeString(
                    folder.resolve("model.safetensors.index.json"),
                    Json.write(Map.of("metadata", metadata, "weight_map", shards)));
        }
        return folder;
    }

    /** Resident memory of the process that is no file: heap, arenas, malloc; mapped weights are not in it. */
    private static long anonymousBytes(Path status) throws IOException {
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("RssAnon:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
