package dev.mimic.bench;

import dev.mimic.engine.model.Factors;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/** Factors in 8 bits of the right shapes for every mlp matrix of a model, with random values: for timing alone. */
final class RandomFactors {
    private RandomFactors() {}

    /** Writes a folder of full rank. */
    static void write(Path model, Path out) {
        Map<String, String> shards = new LinkedHashMap<>();
        int count = 0;
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            Files.createDirectories(out);
            for (String name : directory.tensorNames()) {
                if (name.contains(".mlp.")) {
                    String shard = String.format(Locale.ROOT, "factors-%05d.safetensors", ++count);
                    List<Long> shape = directory.tensor(name).orElseThrow().shape();
                    int rows = shape.get(0).intValue();
                    int cols = shape.get(1).intValue();
                    SafetensorsWriter.write(out.resolve(shard), tensors(name + ".", count, rows, cols), Map.of());
                    Factors.parts(true).forEach(part -> shards.put(name + part, shard));
                }
            }
            Map<String, String> metadata =
                    Map.of("format", Factors.FORMAT, "version", Factors.VERSION_8_BIT, "base", directory.fingerprint());
            Files.writeString(
                    out.resolve(Factors.INDEX), Json.write(Map.of("metadata", metadata, "weight_map", shards)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<TensorView> tensors(String prefix, int seed, int out, int in) {
        SplittableRandom random = new SplittableRandom(seed);
        int rank = Math.min(out, in);
        float[] sigma = new float[rank];
        for (int k = 0; k < rank; k++) { // as of a matrix of independent elements of 0.02
            sigma[k] = 0.02f * (float) (Math.sqrt(out) + Math.sqrt(in)) * (rank - k) / rank;
        }
        return List.of(
                bytes(prefix + "U", random, out, rank),
                vector(prefix + "US", scales(rank, out)),
                vector(prefix + "S", sigma),
                bytes(prefix + "VT", random, rank, in),
                vector(prefix + "VS", scales(rank, in)));
    }

    private static TensorView bytes(String name, SplittableRandom random, int rows, int cols) {
        byte[] values = new byte[rows * cols];
        random.nextBytes(values);
        return TensorView.of(name, DType.I8, MemorySegment.ofArray(values), rows, cols);
    }

    private static TensorView vector(String name, float[] values) {
        return TensorView.of(name, DType.F32, MemorySegment.ofArray(values), values.length);
    }

    /** What makes a column of that many random bytes about as long as 1. */
    private static float[] scales(int rank, int length) {
        float[] scales = new float[rank];
        Arrays.fill(scales, (float) (1 / (74 * Math.sqrt(length))));
        return scales;
    }
}
