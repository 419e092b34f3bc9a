package dev.mimic.adapt.svf;

import dev.mimic.engine.model.Factors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.loader.torch.TorchFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns files of the Transformer² authors' code into experts: {@code policy_params.pt}, whose tensors are {@code
 * learnable_params_module_list.N}, N counting layer by layer gate, up, down; and {@code learnable_params.pt}, whose tensors
 * carry the names of the weights. Both hold p of the parametrisation {@code sakana}.
 */
public final class SakanaImport {
    private static final Pattern NUMBERED = Pattern.compile("(?:.*\\.)?learnable_params_module_list\\.([0-9]{1,6})");
    private static final List<String> PARTS = List.of("gate", "up", "down");

    private final String file;
    private final Layout layout;
    private final Map<String, float[]> vectors;

    private SakanaImport(String file, Layout layout, Map<String, float[]> vectors) {
        this.file = file;
        this.layout = layout;
        this.vectors = vectors;
    }

    /** How a file names its tensors. */
    public enum Layout {
        /** policy_params.pt: by number. */
        NUMBERED,
        /** learnable_params.pt: by weight. */
        NAMED;

        /** The name in reports. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Reads a file.
     *
     * @param layers of the model that the file was trained on
     * @throws InvalidModelException in one line, if the file is not of this kind or belongs to another number of layers
     */
    public static SakanaImport read(Path file, int layers) {
        String name = String.valueOf(file.getFileName());
        Map<String, float[]> vectors = new TreeMap<>();
        Layout layout = Layout.NAMED;
        for (TensorView tensor : TorchFile.read(file).values()) {
            String weight = weight(name, tensor.name(), layers);
            if (vectors.put(weight, values(name, tensor)) != null) {
                throw new InvalidModelException(name, "'" + tensor.name() + "': " + weight + " stands there twice");
            }
            layout = weight.equals(tensor.name()) ? layout : Layout.NUMBERED;
        }
        if (vectors.isEmpty()) {
            throw new InvalidModelException(name, "holds no tensor, expected one for each adapted weight");
        }
        if (vectors.size() != 3 * layers) {
            throw new InvalidModelException(
                    name,
                    "holds " + vectors.size() + " tensors, expected " + 3 * layers + ", gate, up and down of " + layers
                            + " layers");
        }
        return new SakanaImport(name, layout, vectors);
    }

    /** How the file names its tensors. */
    public Layout layout() {
        return layout;
    }

    /**
     * Checks the vectors against a model whose weights are to be taken apart whole, which is worth asking before that.
     *
     * @throws InvalidModelException naming the first that does not fit
     */
    public void requireFit(ModelDirectory model) {
        vectors.forEach((weight, values) -> {
            TensorView tensor = model.tensor(weight)
                    .orElseThrow(
                            () -> new InvalidModelException(file, "'" + weight + "': the model has no such weight"));
            long rank = tensor.shape().stream().mapToLong(Long::longValue).min().orElse(0);
            if (values.length != rank) {
                throw new InvalidModelException(
                        file,
                        "'" + weight + "': has length " + values.length + ", expected " + rank + ", one for each"
                                + " singular value of " + tensor.shape());
            }
        });
    }

    /**
     * The expert.
     *
     * @param factors of the model that the file was trained on
     * @param maxMult the authors' {@code max_mult}
     * @return plain z, by the factors' sigma
     * @throws InvalidModelException in one line, if it does not fit the factors
     */
    public Expert expert(Factors factors, double maxMult) {
        if (!(maxMult > 0 && Double.isFinite(maxMult))) {
            throw new IllegalArgumentException("max_mult is " + maxMult + ", expected a number above 0");
        }
        Map<String, String> origin = new LinkedHashMap<>();
        origin.put("base", factors.baseFingerprint());
        origin.put("factors", factors.fingerprint());
        origin.put("targets", "mlp");
        origin.put("imported_from", file);
        origin.put("trained_as", Parametrisation.SAKANA.text());
        origin.put("trained_max_mult", String.valueOf(maxMult));
        Expert expert = new Expert(file, Parametrisation.SAKANA, maxMult, origin, vectors);
        expert.check(factors, false, _ -> {});
        return expert.plain(factors);
    }

    private static String weight(String file, String key, int layers) {
        Matcher matcher = NUMBERED.matcher(key);
        if (matcher.matches()) {
            int n = Integer.parseInt(matcher.group(1));
            if (n >= 3 * layers) {
                throw new InvalidModelException(
                        file, "'" + key + "': expected numbers below " + 3 * layers + ", three for each layer");
            }
            return "model.layers." + n / 3 + ".mlp." + PARTS.get(n % 3) + "_proj.weight";
        }
        if (key.startsWith("model.layers.")) {
            return key;
        }
        throw new InvalidModelException(
                file, "'" + key + "': expected learnable_params_module_list.N or the name of a weight");
    }

    private static float[] values(String file, TensorView tensor) {
        boolean doubles = tensor.dtype() == DType.F64;
        if (tensor.elements() > 1 << 24) {
            throw new InvalidModelException(
                    file, "'" + tensor.name() + "': shape " + tensor.shape() + ", expected a vector");
        }
        // torch has them as [rank] or [1, rank]
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = doubles
                    ? (float) tensor.data()
                            .get(
                                    ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
                                    (long) i * Double.BYTES)
                    : StoredFloats.get(tensor.dtype(), tensor.data(), i);
            if (!Float.isFinite(values[i])) {
                throw new InvalidModelException(
                        file, "'" + tensor.name() + "': element " + i + " is " + values[i] + ", expected finite");
            }
        }
        return values;
    }
}
