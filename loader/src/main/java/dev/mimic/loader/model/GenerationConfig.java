package dev.mimic.loader.model;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What generation_config.json proposes; whatever it does not say is empty.
 *
 * @param doSample whether to sample at all; greedy otherwise
 * @param temperature from 0 on
 * @param topK from 0 on, 0 for no limit
 * @param topP from 0 to 1
 * @param minP from 0 to 1
 * @param repetitionPenalty above 0, 1 for none
 * @param maxNewTokens at least 1
 * @param bosId begin of text
 * @param padId filler
 * @param eosIds ids that end a text; may be empty
 * @param stopStrings texts that end a text; may be empty
 * @param unsupported keys that would change what is generated and are not honoured, in the file's order
 */
public record GenerationConfig(
        Optional<Boolean> doSample,
        OptionalDouble temperature,
        OptionalInt topK,
        OptionalDouble topP,
        OptionalDouble minP,
        OptionalDouble repetitionPenalty,
        OptionalInt maxNewTokens,
        OptionalInt bosId,
        OptionalInt padId,
        List<Integer> eosIds,
        List<String> stopStrings,
        List<String> unsupported) {
    /** Each with the value that changes nothing. */
    private static final List<Neutral> NOT_HONOURED = List.of(
            new Neutral("num_beams", 1),
            new Neutral("num_beam_groups", 1),
            new Neutral("penalty_alpha", 0),
            new Neutral("typical_p", 1),
            new Neutral("epsilon_cutoff", 0),
            new Neutral("eta_cutoff", 0),
            new Neutral("top_h", 0),
            new Neutral("encoder_repetition_penalty", 1),
            new Neutral("no_repeat_ngram_size", 0),
            new Neutral("encoder_no_repeat_ngram_size", 0),
            new Neutral("min_length", 0),
            new Neutral("min_new_tokens", 0),
            new Neutral("forced_bos_token_id", Double.NaN),
            new Neutral("forced_eos_token_id", Double.NaN),
            new Neutral("suppress_tokens", Double.NaN),
            new Neutral("begin_suppress_tokens", Double.NaN),
            new Neutral("bad_words_ids", Double.NaN),
            new Neutral("sequence_bias", Double.NaN),
            new Neutral("guidance_scale", 1),
            new Neutral("exponential_decay_length_penalty", Double.NaN),
            new Neutral("dola_layers", Double.NaN));

    private record Neutral(String key, double value) {}

    /**
     * Checks every range.
     *
     * @throws IllegalArgumentException naming the field as the file spells it, expected and found
     */
    public GenerationConfig {
        temperature.ifPresent(
                t -> Checks.require(t >= 0 && Double.isFinite(t), "temperature", "a finite number of at least 0", t));
        topK.ifPresent(k -> Checks.range("top_k", 0, Integer.MAX_VALUE, k));
        topP.ifPresent(p -> Checks.require(p >= 0 && p <= 1, "top_p", "a number from 0 to 1", p));
        minP.ifPresent(p -> Checks.require(p >= 0 && p <= 1, "min_p", "a number from 0 to 1", p));
        repetitionPenalty.ifPresent(
                p -> Checks.require(p > 0 && Double.isFinite(p), "repetition_penalty", "a finite number above 0", p));
        maxNewTokens.ifPresent(n -> Checks.range("max_new_tokens", 1, Integer.MAX_VALUE, n));
        eosIds = List.copyOf(eosIds);
        stopStrings = List.copyOf(stopStrings);
        unsupported = List.copyOf(unsupported);
    }

    /** What a folder without the file gets: nothing is proposed. */
    public static GenerationConfig none() {
        return of(new JsonObject("generation_config.json", "", java.util.Map.of()));
    }

    /**
     * Reads a generation_config.json.
     *
     * @throws InvalidModelException in one line that names the key, if one is of the wrong kind or out of range
     */
    public static GenerationConfig read(Path file) {
        return of(Json.readObject(file));
    }

    /**
     * Reads one that is in memory.
     *
     * @throws InvalidModelException as {@link #read}
     */
    public static GenerationConfig of(JsonObject json) {
        try {
            return new GenerationConfig(
                    json.bool("do_sample"),
                    number(json, "temperature"),
                    integer(json, "top_k"),
                    number(json, "top_p"),
                    number(json, "min_p"),
                    number(json, "repetition_penalty"),
                    integer(json, "max_new_tokens"),
                    TokenIds.one(json, "bos_token_id"),
                    TokenIds.one(json, "pad_token_id"),
                    TokenIds.several(json, "eos_token_id"),
                    texts(json, "stop_strings"),
                    unsupportedIn(json));
        } catch (IllegalArgumentException e) {
            throw new InvalidModelException(json.file(), e.getMessage());
        }
    }

    private static List<String> unsupportedIn(JsonObject json) {
        List<String> found = new ArrayList<>();
        for (Neutral one : NOT_HONOURED) {
            Object value = json.get(one.key());
            boolean neutral = value == null
                    || (value instanceof Number n && n.doubleValue() == one.value())
                    || (value instanceof List<?> list && list.isEmpty());
            if (!neutral) {
                found.add(one.key());
            }
        }
        return found;
    }

    private static List<String> texts(JsonObject json, String key) {
        List<String> texts = new ArrayList<>();
        List<?> values = json.get(key) instanceof String single
                ? List.of(single)
                : json.list(key).orElse(List.of());
        for (Object value : values) {
            if (!(value instanceof String text)) {
                throw json.invalid(key, "expected texts only");
            }
            texts.add(text);
        }
        return texts;
    }

    private static OptionalDouble number(JsonObject json, String key) {
        return json.number(key).map(OptionalDouble::of).orElse(OptionalDouble.empty());
    }

    private static OptionalInt integer(JsonObject json, String key) {
        return json.integer(key).map(OptionalInt::of).orElse(OptionalInt.empty());
    }
}
