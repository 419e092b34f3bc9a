package dev.mimic.engine;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** Writes factors folders by one-sided Jacobi rotations in double, sharing no code with the decomposer. */
final class TestFactors {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private TestFactors() {}

    /** Matrices of the feed-forward layers. */
    static boolean isMlp(String weight) {
        return weight.matches("model\\.layers\\.\\d+\\.mlp\\.\\w+_proj\\.weight");
    }

    /** All linear matrices of the layers. */
    static boolean isLinear(String weight) {
        return weight.matches("model\\.layers\\.\\d+\\.\\w+\\.\\w+_proj\\.weight");
    }

    /**
     * Decomposes a model's matrices.
     *
     * @param rank singular values held at most
     * @return sigma by weight name
     */
    static Map<String, float[]> write(Path model, Path out, Predicate<String> targets, int rank) {
        Map<String, float[]> sigmas = new LinkedHashMap<>();
        Map<String, String> shards = new LinkedHashMap<>();
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            Files.createDirectories(out);
            for (String name : directory.tensorNames()) {
                if (targets.test(name)) {
                    String shard = "factors-%05d.safetensors".formatted(sigmas.size() + 1);
                    sigmas.put(name, writeOne(directory.tensor(name).orElseThrow(), out.resolve(shard), rank));
                    for (String part : List.of(".U", ".S", ".V")) {
                        shards.put(name + part, shard);
                    }
                }
            }
            Map<String, String> metadata =
                    Map.of("format", "mimic-factors", "version", "1", "base", directory.fingerprint());
            Files.writeString(
                    out.resolve("model.safetensors.index.json"),
                    Json.write(Map.of("metadata", metadata, "weight_map", shards)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return sigmas;
    }

    private static float[] writeOne(TensorView weight, Path file, int most) {
        int out = Math.toIntExact(weight.shape().get(0));
        int in = Math.toIntExact(weight.shape().get(1));
        double[][] w = new double[out][in];
        for (int r = 0; r < out; r++) {
            for (int c = 0; c < in; c++) {
                long i = (long) r * in + c;
                w[r][c] = switch (weight.dtype()) {
                    case F32 -> weight.data().getAtIndex(FLOAT, i);
                    case BF16 -> Float.intBitsToFloat(shortAt(weight.data(), i) << 16);
                    case F16 -> Float.float16ToFloat(shortAt(weight.data(), i));
                    default -> throw new IllegalArgumentException("decompose: " + weight.dtype());
                };
            }
        }
        boolean wide = out < in;
        Svd svd = Svd.of(wide ? transpose(w) : w);
        int rank = Math.min(most, svd.sigma.length);
        float[] sigma = new float[rank];
        for (int k = 0; k < rank; k++) {
            sigma[k] = (float) svd.sigma[k];
        }
        SafetensorsWriter.write(
                file,
                List.of(
                        columns(weight.name() + ".U", wide ? svd.right : svd.left, rank),
                        TensorView.of(weight.name() + ".S", DType.F32, bytes(sigma), rank),
                        columns(weight.name() + ".V", wide ? svd.left : svd.right, rank)),
                Map.of());
        return sigma;
    }

    private static short shortAt(MemorySegment data, long i) {
        return data.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), i * Short.BYTES);
    }

    /** Columns that lie one behind the other, as a row-major tensor [length, rank]. */
    private static TensorView columns(String name, double[][] columns, int rank) {
        int length = columns[0].length;
        float[] values = new float[length * rank];
        for (int i = 0; i < length; i++) {
            for (int k = 0; k < rank; k++) {
                values[i * rank + k] = (float) columns[k][i];
            }
        }
        return TensorView.of(name, DType.F32, bytes(values), length, rank);
    }

    private static MemorySegment bytes(float[] values) {
        MemorySegment data = MemorySegment.ofArray(new byte[values.length * Float.BYTES]);
        for (int i = 0; i < values.length; i++) {
            data.setAtIndex(FLOAT, i, values[i]);
        }
        return data;
    }

    private static double[][] transpose(double[][] w) {
        double[][] t = new double[w[0].length][w.length];
        for (int r = 0; r < w.length; r++) {
            for (int c = 0; c < w[0].length; c++) {
                t[c][r] = w[r][c];
            }
        }
        return t;
    }

    /** Columns of U and V, sigma descending; signs as they come. */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares them
    private record Svd(double[][] left, double[] sigma, double[][] right) {
        /** Hestenes 1958: rotates pairs of columns until all are orthogonal; W is tall or square, of full rank. */
        static Svd of(double[][] w) {
            double[][] a = transpose(w);
            int n = a.length;
            double[][] v = new double[n][n];
            for (int i = 0; i < n; i++) {
                v[i][i] = 1;
            }
            for (boolean turned = true; turned; ) {
                turned = false;
                for (int p = 0; p < n; p++) {
                    for (int q = p + 1; q < n; q++) {
                        double cross = dot(a[p], a[q]);
                        double one = dot(a[p], a[p]);
                        double two = dot(a[q], a[q]);
                        if (Math.abs(cross) > 1e-14 * Math.sqrt(one * two)) {
                            turned = true;
                            double zeta = (two - one) / (2 * cross);
                            double t = Math.copySign(1, zeta) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
                            rotate(a[p], a[q], t);
                            rotate(v[p], v[q], t);
                        }
                    }
                }
            }
            int[] order = IntStream.range(0, n)
                    .boxed()
                    .sorted(Comparator.comparingDouble(k -> -dot(a[k], a[k])))
                    .mapToInt(k -> k)
                    .toArray();
            double[][] left = new double[n][];
            double[][] right = new double[n][];
            double[] sigma = new double[n];
            for (int k = 0; k < n; k++) {
                double norm = Math.sqrt(dot(a[order[k]], a[order[k]]));
                sigma[k] = norm;
                left[k] = new double[w.length];
                right[k] = v[order[k]];
                for (int i = 0; i < w.length; i++) {
                    left[k][i] = a[order[k]][i] / norm;
                }
            }
            return new Svd(left, sigma, right);
        }

        private static double dot(double[] x, double[] y) {
            double sum = 0;
            for (int i = 0; i < x.length; i++) {
                sum += x[i] * y[i];
            }
            return sum;
        }

        private static void rotate(double[] x, double[] y, double t) {
            double c = 1 / Math.sqrt(1 + t * t);
            double s = c * t;
            for (int i = 0; i < x.length; i++) {
                double xi = x[i];
                x[i] = c * xi - s * y[i];
                y[i] = s * xi + c * y[i];
            }
        }
    }
}
