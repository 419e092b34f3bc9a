package dev.mimic.loader.gguf;

import dev.mimic.loader.InvalidModelException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tensor {@code rope_freqs.weight}: by how much each rotation frequency is divided. Hugging Face folders have no such
 * table; they name Llama 3's rule and its parameters, which are found here from the table or it is refused.
 */
final class RopeFactors {
    static final String TENSOR = "rope_freqs.weight";

    /** What every published Llama 3 model has; a common multiple of these two and the length gives the same rule. */
    private static final double LOW = 1;

    private static final double HIGH = 4;
    private static final int SHORTEST = 1 << 5;
    private static final int LONGEST = 1 << 20;
    /** Tables are computed in F32, the smooth range by a difference of near numbers. */
    private static final double TOLERANCE = 1e-4;

    private RopeFactors() {}

    /**
     * The value of {@code rope_scaling} that gives the table of a file; empty if there is no table or it holds ones only.
     *
     * @throws InvalidModelException if no parameters give it
     */
    static Optional<Map<String, Object>> scaling(GgufFile file, GgufShape shape) {
        GgufTensor tensor = file.tensor(TENSOR).orElse(null);
        if (tensor == null) {
            return Optional.empty();
        }
        List<Long> expected = List.of((long) shape.headSize() / 2);
        if (!tensor.shape().equals(expected) || tensor.type() != GgufType.F32) {
            throw invalid(
                    file,
                    "expected F32 of shape " + expected + ", found " + tensor.type() + " of shape " + tensor.shape());
        }
        float[] factors = new float[shape.headSize() / 2];
        tensor.readRow(0, new byte[tensor.rowBytes()], factors);
        float most = 1;
        for (float factor : factors) {
            most = Math.max(most, factor);
        }
        if (matches(factors, shape, 1, 0)) {
            return Optional.empty();
        }
        for (int length = SHORTEST; length <= LONGEST; length *= 2) {
            if (matches(factors, shape, most, length)) {
                return Optional.of(Map.of(
                        "rope_type",
                        "llama3",
                        "factor",
                        (double) most,
                        "low_freq_factor",
                        LOW,
                        "high_freq_factor",
                        HIGH,
                        "original_max_position_embeddings",
                        (long) length));
            }
        }
        throw invalid(file, "expected the factors of Llama 3's scaling, found others (not supported)");
    }

    private static boolean matches(float[] factors, GgufShape shape, double factor, int length) {
        for (int i = 0; i < factors.length; i++) {
            double frequency = Math.pow(shape.ropeTheta().doubleValue(), -2.0 * i / shape.headSize());
            double expected = factor == 1 ? 1 : llama3(2 * Math.PI / frequency, factor, length);
            if (!(Math.abs(factors[i] - expected) <= TOLERANCE * expected)) {
                return false;
            }
        }
        return true;
    }

    /** By how much the frequency of a wave length is divided: transformers, {@code _compute_llama3_parameters}. */
    static double llama3(double waveLength, double factor, int length) {
        if (waveLength < length / HIGH) {
            return 1;
        }
        if (waveLength > length / LOW) {
            return factor;
        }
        double smooth = (length / waveLength - LOW) / (HIGH - LOW);
        return 1 / ((1 - smooth) / factor + smooth);
    }

    private static InvalidModelException invalid(GgufFile file, String problem) {
        return new InvalidModelException(file.path(), "tensor '" + TENSOR + "': " + problem);
    }
}
