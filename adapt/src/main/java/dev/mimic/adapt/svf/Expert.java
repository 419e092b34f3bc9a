package dev.mimic.adapt.svf;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * An expert: a vector for each adapted weight, and where it comes from. Immutable; its arrays are not to be changed.
 *
 * @param name file name, for messages
 * @param parametrisation what the vectors are
 * @param maxMult for {@code SAKANA}
 * @param origin base, factors, targets, task, seed, as the file has them; other texts too
 * @param vectors by whole weight name, sorted, each [rank held]
 */
public record Expert(
        String name,
        Parametrisation parametrisation,
        double maxMult,
        Map<String, String> origin,
        Map<String, float[]> vectors) {
    private static final String PARAMETRISATION = "parametrisation";
    private static final String MAX_MULT = "max_mult";
    private static final String BASE = "base";
    private static final String FACTORS = "factors";

    public Expert {
        origin = Collections.unmodifiableMap(new LinkedHashMap<>(origin));
        vectors = Collections.unmodifiableMap(new TreeMap<>(vectors));
    }

    /**
     * An expert that was trained or mixed here.
     *
     * @param z by whole weight name
     * @param origin base, factors, targets, task, seed; what is not known is left out
     */
    public static Expert plain(String name, Map<String, float[]> z, Map<String, String> origin) {
        return new Expert(name, Parametrisation.PLAIN, 1, origin, z);
    }

    /**
     * Reads an expert file. A file that does not say its parametrisation holds z.
     *
     * @param notes hears what the user should know, one line each
     * @throws InvalidModelException in one line, if a tensor is no vector of F32, a number is not finite, or the metadata
     *     have no meaning
     */
    public static Expert read(Path file, Consumer<String> notes) {
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            Map<String, String> texts = new LinkedHashMap<>(tensors.metadata());
            Parametrisation parametrisation = parametrisation(file, texts.remove(PARAMETRISATION), notes);
            double maxMult = maxMult(file, texts.remove(MAX_MULT));
            Map<String, float[]> vectors = new TreeMap<>();
            for (TensorView tensor : tensors.tensors().values()) {
                vectors.put(tensor.name(), vector(file, tensor));
            }
            if (vectors.isEmpty()) {
                throw new InvalidModelException(file, "holds no vector, expected one for each adapted weight");
            }
            return new Expert(String.valueOf(file.getFileName()), parametrisation, maxMult, texts, vectors);
        }
    }

    private static Parametrisation parametrisation(Path file, String text, Consumer<String> notes) {
        if (text == null) {
            notes.accept(file.getFileName() + ": does not name its parametrisation, taken as plain z");
            return Parametrisation.PLAIN;
        }
        return Parametrisation.of(text)
                .orElseThrow(() -> new InvalidModelException(
                        file, "metadata " + PARAMETRISATION + ": expected plain or sakana, found '" + text + "'"));
    }

    private static double maxMult(Path file, String text) {
        try {
            double value = text == null ? 1 : Double.parseDouble(text);
            if (value > 0 && Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw badMaxMult(file, text);
        }
        throw badMaxMult(file, text);
    }

    private static InvalidModelException badMaxMult(Path file, String text) {
        return new InvalidModelException(
                file, "metadata " + MAX_MULT + ": expected a number above 0, found '" + text + "'");
    }

    private static float[] vector(Path file, TensorView tensor) {
        if (tensor.dtype() != DType.F32 || tensor.shape().size() != 1 || tensor.elements() > 1 << 24) {
            throw new InvalidModelException(
                    file,
                    "tensor '" + tensor.name() + "': is " + tensor.dtype() + " " + tensor.shape()
                            + ", expected a vector of F32");
        }
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = StoredFloats.get(DType.F32, tensor.data(), i);
            if (!Float.isFinite(values[i])) {
                throw new InvalidModelException(
                        file,
                        "tensor '" + tensor.name() + "': element " + i + " is " + values[i] + ", expected finite");
            }
        }
        return values;
    }

    /**
     * Writes the expert, whole or not at all. Only z is written: p belongs into training checkpoints.
     *
     * @throws IllegalStateException if it holds p; {@link #plain(Factors)} first
     */
    public void write(Path file) {
        if (parametrisation != Parametrisation.PLAIN) {
            throw new IllegalStateException(
                    "write: " + name + " holds " + parametrisation.text() + ", expected plain z");
        }
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(PARAMETRISATION, parametrisation.text());
        texts.putAll(origin);
        List<TensorView> tensors = vectors.entrySet().stream()
                .map(entry -> TensorView.of(
                        entry.getKey(),
                        DType.F32,
                        StoredFloats.encode(DType.F32, entry.getValue()),
                        entry.getValue().length))
                .toList();
        SafetensorsWriter.write(file, tensors, texts);
    }

    /**
     * The same expert with the elements of each vector in random order: what is left of an expert when a value no longer
     * stands at its singular value (Sun et al. 2025, cross-model compatibility).
     */
    public Expert shuffled(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, float[]> mixed = new TreeMap<>();
        vectors.forEach((weight, values) -> {
            float[] order = values.clone();
            for (int i = order.length - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                float kept = order[i];
                order[i] = order[j];
                order[j] = kept;
            }
            mixed.put(weight, order);
        });
        return new Expert(name, parametrisation, maxMult, origin, mixed);
    }

    /** Numbers in all vectors. */
    public int size() {
        return vectors.values().stream().mapToInt(values -> values.length).sum();
    }

    /** The same expert in the plain parametrisation, by the singular values of the factors it is used with. */
    public Expert plain(Factors factors) {
        Map<String, float[]> z = new TreeMap<>();
        vectors.keySet()
                .forEach(weight ->
                        z.put(weight, z(weight, factor(factors, weight).sigma())));
        return new Expert(name, Parametrisation.PLAIN, 1, origin, z);
    }

    /**
     * The multipliers of a weight.
     *
     * @param sigma [rank held], of the factors in use
     * @return z [rank held]; ones if the expert leaves this weight alone
     * @throws InvalidModelException if the vector has another length, or sakana's quotient has no value
     */
    float[] z(String weight, float[] sigma) {
        float[] stored = vectors.get(weight);
        if (stored == null) {
            float[] ones = new float[sigma.length];
            java.util.Arrays.fill(ones, 1);
            return ones;
        }
        checkLength(weight, sigma.length);
        try {
            return parametrisation.multipliers(stored, maxMult, sigma);
        } catch (IllegalArgumentException e) {
            throw new InvalidModelException(name, "tensor '" + weight + "': " + e.getMessage());
        }
    }

    /** Checks the length of a weight's vector. */
    void checkLength(String weight, int rank) {
        if (vectors.get(weight).length != rank) {
            throw new InvalidModelException(
                    name,
                    "tensor '" + weight + "': has length " + vectors.get(weight).length + ", expected " + rank
                            + ", the rank that the factors hold");
        }
    }

    /** The fingerprint of the model it was trained on. */
    public Optional<String> base() {
        return text(BASE);
    }

    /** The fingerprint of the factors it was trained on. */
    public Optional<String> factors() {
        return text(FACTORS);
    }

    private Optional<String> text(String key) {
        return Optional.ofNullable(origin.get(key)).filter(text -> !text.isBlank());
    }

    /**
     * Checks that the expert fits what it is used with: the model's fingerprint, the factors' fingerprint, every weight,
     * every length.
     *
     * @param transfer whether another base model is allowed
     * @param notes hears of fingerprints that are missing
     * @throws InvalidModelException in one line
     */
    public void check(Factors factors, boolean transfer, Consumer<String> notes) {
        checkBase(factors.baseFingerprint(), transfer, notes);
        boolean full = true;
        for (String weight : vectors.keySet()) {
            Factor factor = factor(factors, weight);
            checkLength(weight, factor.sigma().length);
            full &= factor.fullRank(); // with the length checked, this says the same of the expert's own factors
        }
        checkFactors(factors, full, notes);
    }

    private Factor factor(Factors factors, String weight) {
        return factors.factor(weight)
                .orElseThrow(() -> new InvalidModelException(
                        name, "tensor '" + weight + "': the factors hold no such weight, expected one of theirs"));
    }

    private void checkFactors(Factors factors, boolean full, Consumer<String> notes) {
        Optional<String> made = factors();
        if (made.isEmpty()) {
            notes.accept(name + ": does not name the factors it was trained on");
        } else if (!full && !made.get().equals(factors.fingerprint())) {
            throw new InvalidModelException(
                    name,
                    "was trained on other factors, expected fingerprint " + factors.fingerprint() + ", found "
                            + made.get() + " (harmless only where both are of full rank)");
        }
    }

    /**
     * Checks the base model alone.
     *
     * @param fingerprint of the model it is used with
     */
    void checkBase(String fingerprint, boolean transfer, Consumer<String> notes) {
        Optional<String> trained = base();
        if (trained.isEmpty()) {
            notes.accept(name + ": does not name the model it was trained on");
        } else if (!trained.get().equals(fingerprint)) {
            if (!transfer) {
                throw new InvalidModelException(
                        name,
                        "was trained on another model, expected fingerprint " + fingerprint + ", found " + trained.get()
                                + " (--transfer allows it)");
            }
            notes.accept(name + ": was trained on another model");
        }
    }
}
