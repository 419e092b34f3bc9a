package dev.mimic.engine.model;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.model.Fingerprint;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A factors folder: an index and one safetensors file per weight NAME with {@code NAME.U} [out, rank], {@code NAME.S}
 * [rank] (F32) and {@code NAME.V} [in, rank], U and V in F32 or BF16. In version {@value #VERSION_8_BIT} they are I8, {@code
 * NAME.VT} [rank, in] takes the place of V, and {@code NAME.US} and {@code NAME.VS} [rank] (F32) hold the scales of the
 * columns of U and V. The index is written last, so a folder without one is unfinished. Matrices are views of the maps and
 * die with {@link #close()}.
 */
public final class Factors implements AutoCloseable {
    /** The index's file name. */
    public static final String INDEX = "model.safetensors.index.json";

    /** What the metadata's {@code format} says. */
    public static final String FORMAT = "mimic-factors";

    /** What the metadata's {@code version} says of factors in F32 or BF16. */
    public static final String VERSION = "1";

    /** What it says of factors in 8 bits. */
    public static final String VERSION_8_BIT = "2";

    private static final Pattern SHARD = Pattern.compile("factors-[0-9]{1,9}\\.safetensors");

    private final Path path;
    private final Map<String, String> metadata;
    private final Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
    private final Map<String, Factor> factors = new LinkedHashMap<>();
    private final List<TensorView> tensors = new ArrayList<>();

    private Factors(Path path, Map<String, String> metadata) {
        this.path = path;
        this.metadata = metadata;
    }

    /**
     * Opens a folder; headers and singular values are read, U and V are mapped.
     *
     * @throws InvalidModelException if it is unfinished, of another format, or a file is not what the index says
     */
    public static Factors open(Path folder) {
        Path index = folder.resolve(INDEX);
        if (!Files.isDirectory(folder)) {
            throw new InvalidModelException(folder, "expected a factors folder, found none at " + folder);
        }
        if (!Files.isRegularFile(index)) {
            throw new InvalidModelException(
                    folder, INDEX + " is missing: the decomposition is not finished, run decompose again to resume it");
        }
        JsonObject json = Json.readObject(index);
        Factors result = new Factors(folder, metadata(json));
        boolean opened = false;
        try {
            result.read(json);
            opened = true;
            return result;
        } finally {
            if (!opened) {
                result.close();
            }
        }
    }

    private static Map<String, String> metadata(JsonObject json) {
        JsonObject object = json.object("metadata").orElseThrow(() -> json.missing("metadata"));
        Map<String, String> texts = new LinkedHashMap<>();
        for (String name : object.names()) {
            texts.put(name, object.text(name).orElseThrow(() -> object.missing(name)));
        }
        expect(object, "format", "'" + FORMAT + "'", List.of(FORMAT));
        expect(object, "version", "'1' or '2'", List.of(VERSION, VERSION_8_BIT));
        return Collections.unmodifiableMap(texts);
    }

    private static void expect(JsonObject object, String field, String expected, List<String> good) {
        String found = object.text(field).orElseThrow(() -> object.missing(field));
        if (!good.contains(found)) {
            throw object.invalid(field, "expected " + expected + ", found '" + found + "'");
        }
    }

    /**
     * The ends of the names of a weight's tensors.
     *
     * @param eightBits whether the factors are I8
     */
    public static List<String> parts(boolean eightBits) {
        return eightBits ? List.of(".U", ".US", ".S", ".VT", ".VS") : List.of(".U", ".S", ".V");
    }

    /** Whether U and V are held in 8 bits. */
    public boolean eightBits() {
        return VERSION_8_BIT.equals(metadata.get("version"));
    }

    private void read(JsonObject json) {
        JsonObject map = json.object("weight_map").orElseThrow(() -> json.missing("weight_map"));
        List<String> parts = parts(eightBits());
        for (String name : map.names()) {
            String part = name.substring(Math.max(0, name.lastIndexOf('.')));
            String weight = name.substring(0, name.length() - part.length());
            if (!parts.contains(part)) {
                throw map.invalid(
                        name,
                        "expected a name that ends in one of " + String.join(", ", parts) + " in version "
                                + metadata.get("version"));
            }
            if (!map.has(weight + ".U")) {
                throw map.invalid(name, "there is no .U beside it");
            }
        }
        for (String name : map.names()) {
            if (name.endsWith(".U")) {
                String weight = name.substring(0, name.length() - 2);
                factors.put(weight, factor(weight, map));
            }
        }
    }

    private Factor factor(String weight, JsonObject map) {
        boolean eightBits = eightBits();
        TensorView u = tensor(weight + ".U", map);
        TensorView s = tensor(weight + ".S", map);
        TensorView v = tensor(weight + (eightBits ? ".VT" : ".V"), map);
        tensors.addAll(List.of(u, s, v));
        String shapes = "U is " + u.shape() + " and " + (eightBits ? "VT" : "V") + " is " + v.shape();
        if (u.shape().size() != 2 || v.shape().size() != 2) {
            throw wrong(weight, shapes + ", expected two dimensions each");
        }
        long out = u.shape().get(0);
        long rank = u.shape().get(1);
        long in = v.shape().get(eightBits ? 1 : 0);
        if (rank < 1
                || rank > Math.min(out, in)
                || Math.max(out, in) > Integer.MAX_VALUE
                || v.shape().get(eightBits ? 0 : 1) != rank) {
            String expected = eightBits ? "[rank, in]" : "[in, rank]";
            throw wrong(weight, shapes + ", expected [out, rank] and " + expected);
        }
        float[] sigma = vector(weight, "S", s, rank);
        for (int i = 0; i < sigma.length; i++) {
            if (!(sigma[i] >= 0) || sigma[i] > (i == 0 ? Float.MAX_VALUE : sigma[i - 1])) {
                throw wrong(weight, "S[" + i + "] is " + sigma[i] + ", expected finite, not negative, descending");
            }
        }
        SvfFactors held = new SvfFactors(matrix(u), matrix(v), eightBits);
        if (!eightBits) {
            return Factor.plain(weight, held, sigma);
        }
        float[] uScales = scales(weight, "US", rank, map);
        float[] vScales = scales(weight, "VS", rank, map);
        Factor factor = Factor.scaled(weight, held, sigma, uScales, vScales);
        for (int i = 0; i < sigma.length; i++) {
            if (factor.scale()[i] > Float.MAX_VALUE) {
                throw wrong(
                        weight,
                        "S[" + i + "] · US[" + i + "] · VS[" + i + "] is " + factor.scale()[i] + ", expected finite");
            }
        }
        return factor;
    }

    private float[] vector(String weight, String part, TensorView tensor, long rank) {
        if (tensor.dtype() != DType.F32 || !tensor.shape().equals(List.of(rank))) {
            throw wrong(
                    weight, part + " is " + tensor.dtype() + " " + tensor.shape() + ", expected F32 [" + rank + "]");
        }
        float[] values = new float[(int) rank];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.data().get(Matrix.FLOAT, (long) i * Float.BYTES);
        }
        return values;
    }

    private float[] scales(String weight, String part, long rank, JsonObject map) {
        TensorView tensor = tensor(weight + "." + part, map);
        tensors.add(tensor);
        float[] scales = vector(weight, part, tensor, rank);
        for (int i = 0; i < scales.length; i++) {
            if (!(scales[i] >= 0) || scales[i] > Float.MAX_VALUE) {
                throw wrong(weight, part + "[" + i + "] is " + scales[i] + ", expected finite and not negative");
            }
        }
        return scales;
    }

    private Matrix matrix(TensorView tensor) {
        if (eightBits()) {
            if (tensor.dtype() != DType.I8) {
                throw wrong(tensor.name(), "type is " + tensor.dtype() + ", expected I8 in version " + VERSION_8_BIT);
            }
            return new Matrix.Int8(
                    tensor.shape().get(0).intValue(), tensor.shape().get(1).intValue(), tensor.data());
        }
        if (tensor.dtype() != DType.F32 && tensor.dtype() != DType.BF16) {
            throw wrong(tensor.name(), "type is " + tensor.dtype() + ", expected F32 or BF16");
        }
        return WeightReader.matrix(String.valueOf(path.getFileName()), tensor);
    }

    private TensorView tensor(String name, JsonObject map) {
        String file = map.text(name).orElseThrow(() -> map.missing(name));
        if (!SHARD.matcher(file).matches()) {
            throw map.invalid(name, "expected a file named factors-NNNNN.safetensors, found '" + file + "'");
        }
        return shards.computeIfAbsent(file, f -> SafetensorsFile.open(path.resolve(f)))
                .tensor(name)
                .orElseThrow(
                        () -> new InvalidModelException(file, "tensor '" + name + "': missing, the index names it"));
    }

    private InvalidModelException wrong(String weight, String problem) {
        return new InvalidModelException(path, "factors of '" + weight + "': " + problem);
    }

    /** The folder. */
    public Path path() {
        return path;
    }

    /** Whole names of the weights, in the index's order. */
    public Set<String> weightNames() {
        return Collections.unmodifiableSet(factors.keySet());
    }

    /** The factors of a weight, by its whole name. */
    public Optional<Factor> factor(String weightName) {
        return Optional.ofNullable(factors.get(weightName));
    }

    /** Fingerprint of the model that was decomposed. */
    public String baseFingerprint() {
        return metadata.getOrDefault("base", "");
    }

    /**
     * Refuses the factors of another model.
     *
     * @throws InvalidModelException naming both fingerprints and what to do; factors that name no model pass
     */
    public void requireBase(ModelDirectory model) {
        String found = baseFingerprint();
        if (!found.isEmpty() && !found.equals(model.fingerprint())) {
            throw new InvalidModelException(
                    path,
                    "the factors are of another model, expected fingerprint " + model.fingerprint() + ", found " + found
                            + "; make this model's own with `mimic decompose MODEL OUT`, or accept these with --transfer");
        }
    }

    /**
     * Fingerprint of the factors themselves: {@link Fingerprint#of} the tensors of all weights. Reads up to
     * 64 KiB of each.
     */
    public String fingerprint() {
        checkStillWhole();
        return Fingerprint.of(tensors);
    }

    /** Whether every weight holds all its singular values. */
    public boolean fullRank() {
        return factors.values().stream().allMatch(Factor::fullRank);
    }

    /**
     * The texts of the index's metadata: format, version, base, method, rank, seed, targets, oversampling, power, dtype,
     * precision ({@code double}, or {@code single} of what a GPU took apart; not in folders of old).
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Checks that nobody has cut a file since it was opened.
     *
     * @throws InvalidModelException naming the file
     */
    public void checkStillWhole() {
        shards.values().forEach(SafetensorsFile::checkStillWhole);
    }

    /** Unmaps all files; the matrices are dead from then on. May be called twice. */
    @Override
    public void close() {
        shards.values().forEach(SafetensorsFile::close);
    }
}
