package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ExpertMixtureTest {
    private static final float[] SIGMA = {4, 2, 1};
    private static final Expert A = expert("a", Map.of("w", new float[] {2, 1, 0.5f}));
    private static final Expert B = expert("b", Map.of("w", new float[] {0, 1, 3}, "v", new float[] {5, 5, 5}));

    private static Expert expert(String name, Map<String, float[]> z) {
        return Expert.plain(name, z, Map.of());
    }

    private static float[] mix(ExpertMixture.Mode mode, String weight, ExpertMixture.Part... parts) {
        return new ExpertMixture(mode, List.of(parts)).z(weight, SIGMA);
    }

    private static ExpertMixture.Part part(Expert expert, double alpha) {
        return ExpertMixture.Part.of(expert, alpha);
    }

    @Test
    void deltaAddsSharesOfTheChanges() {
        ExpertMixture.Mode delta = ExpertMixture.Mode.DELTA;
        assertArrayEquals(new float[] {1.5f, 1, 0.75f}, mix(delta, "w", part(A, 0.5)));
        assertArrayEquals(new float[] {1, 1, 1.75f}, mix(delta, "w", part(A, 0.5), part(B, 0.5)));
        assertArrayEquals(new float[] {2, 1, 0.5f}, mix(delta, "w", part(A, 1), ExpertMixture.Part.base(3)));
        assertArrayEquals(new float[] {-1, 1, 2}, mix(delta, "w", part(A, -2)));
        assertArrayEquals(new float[] {3, 3, 3}, mix(delta, "v", part(A, 1), part(B, 0.5)), "a leaves v alone");
    }

    @Test
    void sumIsThePapersFormula() {
        ExpertMixture.Mode sum = ExpertMixture.Mode.SUM;
        assertArrayEquals(new float[] {1, 0.5f, 0.25f}, mix(sum, "w", part(A, 0.5)));
        assertArrayEquals(new float[] {1.25f, 0.75f, 0.5f}, mix(sum, "w", part(A, 0.5), ExpertMixture.Part.base(0.25)));
        assertArrayEquals(new float[] {3.5f, 3.5f, 3.5f}, mix(sum, "v", part(A, 1), part(B, 0.5)));
    }

    @Test
    void sakanaRawNormalisesTheWeightsAndTakesTheQuotient() {
        // m = (A + 3 B)/4 = (0.5, 1, 2.375); S = 7, Sm = 6.375
        float[] z = mix(ExpertMixture.Mode.SAKANA_RAW, "w", part(A, 2), part(B, 6));
        assertArrayEquals(new float[] {0.5f * 7 / 6.375f, 7 / 6.375f, 2.375f * 7 / 6.375f}, z, 1e-6f);
    }

    @Test
    void sakanaRawRefusesWhatHasNoValue() {
        ExpertMixture.Mode raw = ExpertMixture.Mode.SAKANA_RAW;
        Expert negative = expert("n", Map.of("w", new float[] {-1, 0, 0}));
        String message = assertThrows(IllegalArgumentException.class, () -> mix(raw, "w", part(negative, 1)))
                .getMessage();
        assertTrue(message.contains("'w'") && message.contains("-4.0, expected above 0"), message);
        assertThrows(IllegalArgumentException.class, () -> mix(raw, "w", part(A, 1), part(B, -1)));
        assertThrows(IllegalArgumentException.class, () -> mix(raw, "w", part(A, 1), ExpertMixture.Part.base(1)));
        assertThrows(InvalidModelException.class, () -> mix(raw, "v", part(A, 1), part(B, 1)));
    }

    @Test
    void oneExpertAtWeightOneIsItself() {
        float[] odd = {0.1f, 1.1f, 1e-9f};
        assertArrayEquals(odd, mix(ExpertMixture.Mode.DELTA, "w", part(expert("o", Map.of("w", odd)), 1)), 0);
        assertEquals(
                Set.of("v", "w"),
                new ExpertMixture(ExpertMixture.Mode.DELTA, List.of(part(A, 1), part(B, 1))).weights());
    }

    @Test
    void badMixturesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new ExpertMixture(ExpertMixture.Mode.DELTA, List.of()));
        assertThrows(IllegalArgumentException.class, () -> part(A, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> ExpertMixture.Mode.of("mean"));
        assertEquals(ExpertMixture.Mode.SAKANA_RAW, ExpertMixture.Mode.of("sakana-raw"));
        assertThrows(InvalidModelException.class, () -> A.z("w", new float[4]));
    }

    @Test
    void weightedNamesSplitAtTheLastAt() {
        assertEquals(new WeightedName("a.safetensors", 1), WeightedName.parse("a.safetensors"));
        assertEquals(new WeightedName("a@b", -0.5), WeightedName.parse("a@b@-0.5"));
        assertEquals(new WeightedName("me@home/x", 1), WeightedName.parse("me@home/x"));
        assertThrows(IllegalArgumentException.class, () -> WeightedName.parse("@0.5"));
        assertThrows(IllegalArgumentException.class, () -> WeightedName.parse("a@NaN"));
        assertThrows(IllegalArgumentException.class, () -> WeightedName.parse(""));
    }
}
