package dev.mimic.engine.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

final class SamplingOptionsTest {
    private static final SamplingOptions GREEDY = SamplingOptions.GREEDY;

    @Test
    void everyWitherChangesItsFieldAlone() {
        SamplingOptions all = GREEDY.withTemperature(0.5f)
                .withTopK(3)
                .withTopP(0.9f)
                .withMinP(0.1f)
                .withRepetitionPenalty(1.2f)
                .withPresencePenalty(-1)
                .withFrequencyPenalty(2)
                .withLogitBias(Map.of(5, 1f))
                .withSeed(7)
                .withLogprobs(4);
        assertEquals(new SamplingOptions(0.5f, 3, 0.9f, 0.1f, 1.2f, -1, 2, Map.of(5, 1f), 7, 4), all);
    }

    @Test
    void theDefaultsChangeNothing() {
        assertTrue(GREEDY.greedy());
        assertFalse(GREEDY.penalizes());
        assertFalse(GREEDY.withTemperature(1).greedy());
        assertTrue(GREEDY.withFrequencyPenalty(0.1f).penalizes());
        assertTrue(GREEDY.withPresencePenalty(0.1f).penalizes());
        assertTrue(GREEDY.withRepetitionPenalty(0.9f).penalizes());
    }

    @Test
    void laterChangesOfTheBiasGivenChangeNothing() {
        Map<Integer, Float> bias = new HashMap<>(Map.of(1, 1f));
        SamplingOptions options = GREEDY.withLogitBias(bias);
        bias.put(2, 2f);
        assertEquals(Map.of(1, 1f), options.logitBias());
    }

    @Test
    void valuesOutOfRangeAreRefusedByName() {
        refused("temperature is -0.1, expected 0 or more", () -> GREEDY.withTemperature(-0.1f));
        refused("temperature is NaN, expected 0 or more", () -> GREEDY.withTemperature(Float.NaN));
        refused("temperature is Infinity, expected 0 or more", () -> GREEDY.withTemperature(Float.POSITIVE_INFINITY));
        refused("top-k is -1, expected 0 or more", () -> GREEDY.withTopK(-1));
        refused("top-p is 0.0, expected more than 0 and at most 1", () -> GREEDY.withTopP(0));
        refused("top-p is 1.1, expected more than 0 and at most 1", () -> GREEDY.withTopP(1.1f));
        refused("top-p is NaN, expected more than 0 and at most 1", () -> GREEDY.withTopP(Float.NaN));
        refused("min-p is 1.1, expected 0 to 1", () -> GREEDY.withMinP(1.1f));
        refused("repetition penalty is 0.0, expected more than 0", () -> GREEDY.withRepetitionPenalty(0));
        refused("presence penalty is NaN, expected a finite number", () -> GREEDY.withPresencePenalty(Float.NaN));
        refused("frequency penalty is NaN, expected a finite number", () -> GREEDY.withFrequencyPenalty(Float.NaN));
        refused("logit bias: token id is -1, expected 0 or more", () -> GREEDY.withLogitBias(Map.of(-1, 1f)));
        refused(
                "logit bias of token 2 is NaN, expected a finite number",
                () -> GREEDY.withLogitBias(Map.of(2, Float.NaN, 3, Float.NaN)));
        refused("logprobs is -2, expected 0 or more, or -1 for none", () -> GREEDY.withLogprobs(-2));
    }

    private static void refused(String message, Executable change) {
        assertEquals(
                "sampling: " + message,
                assertThrows(IllegalArgumentException.class, change).getMessage());
    }
}
