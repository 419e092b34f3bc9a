package dev.mimic.loader.model;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * What config.json says of a decoder, checked: with a value of this type every size is in a sane range and every product
 * of two of them fits a {@code long}, every product of heads fits an {@code int}.
 *
 * @param architecture the family
 * @param hiddenSize width of the residual stream, elements
 * @param intermediateSize width of the feed-forward part, elements
 * @param layers number of blocks
 * @param heads query heads per layer
 * @param kvHeads key and value heads per layer; divides {@code heads}
 * @param headSize elements per head, even; need not be {@code hiddenSize / heads}
 * @param vocabularySize rows of the embedding
 * @param maxPositions positions the model is made for
 * @param rmsNormEpsilon added to the mean square
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling change of the rotary frequencies
 * @param slidingWindow position i sees j where {@code i - j < slidingWindow}; {@code Integer.MAX_VALUE} if there is no window
 * @param tiedHead whether the embedding is the head too
 * @param attentionBias whether q, k and v have a bias
 * @param outputBias whether o has a bias
 * @param mlpBias whether gate, up and down have a bias
 * @param bosId begin of text, if the model has one
 * @param eosIds ids that end a text; may be empty
 */
public record ModelConfig(
        Architecture architecture,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int kvHeads,
        int headSize,
        int vocabularySize,
        int maxPositions,
        float rmsNormEpsilon,
        double ropeTheta,
        RopeScaling ropeScaling,
        int slidingWindow,
        boolean tiedHead,
        boolean attentionBias,
        boolean outputBias,
        boolean mlpBias,
        OptionalInt bosId,
        List<Integer> eosIds) {
    /** No model of these families comes near; products of two sizes stay far below 2^63. */
    private static final int MAX_SIZE = 1 << 24;

    /**
     * Checks every range.
     *
     * @throws IllegalArgumentException naming the field as config.json spells it, expected and found
     */
    public ModelConfig {
        Checks.range("hidden_size", 1, MAX_SIZE, hiddenSize);
        Checks.range("intermediate_size", 1, MAX_SIZE, intermediateSize);
        Checks.range("num_hidden_layers", 1, 1 << 16, layers);
        Checks.range("num_attention_heads", 1, 1 << 16, heads);
        Checks.range("num_key_value_heads", 1, heads, kvHeads);
        Checks.require(
                heads % kvHeads == 0, "num_key_value_heads", "a divisor of the " + heads + " attention heads", kvHeads);
        Checks.range("head_dim", 2, 1 << 14, headSize);
        Checks.require(headSize % 2 == 0, "head_dim", "an even number, for rotary positions", headSize);
        Checks.range("vocab_size", 1, MAX_SIZE, vocabularySize);
        Checks.range("max_position_embeddings", 1, 1 << 30, maxPositions);
        Checks.require(
                rmsNormEpsilon > 0 && rmsNormEpsilon < 1, "rms_norm_eps", "a number between 0 and 1", rmsNormEpsilon);
        Checks.require(ropeTheta > 0 && Double.isFinite(ropeTheta), "rope_theta", "a finite number above 0", ropeTheta);
        Checks.range("sliding_window", 1, Integer.MAX_VALUE, slidingWindow);
        bosId.ifPresent(id -> Checks.range("bos_token_id", 0, vocabularySize - 1, id));
        eosIds.forEach(id -> Checks.range("eos_token_id", 0, vocabularySize - 1, id));
        eosIds = List.copyOf(eosIds);
    }

    /** Whether positions see only a window of those before them. */
    public boolean hasSlidingWindow() {
        return slidingWindow != Integer.MAX_VALUE;
    }

    /**
     * Reads a config.json as transformers writes it, old (rope_theta, rope_scaling, torch_dtype) or new (rope_parameters,
     * dtype).
     *
     * @throws InvalidModelException in one line that names the key: if one is missing, of the wrong kind or out of range,
     *     or changes the math in a way that is not built
     */
    public static ModelConfig read(Path configJson) {
        return of(Json.readObject(configJson));
    }

    /**
     * Reads a config that is in memory.
     *
     * @throws InvalidModelException as {@link #read}
     */
    public static ModelConfig of(JsonObject json) {
        try {
            return new ModelConfigReader(json).read();
        } catch (IllegalArgumentException e) {
            throw new InvalidModelException(json.file(), e.getMessage());
        }
    }
}
