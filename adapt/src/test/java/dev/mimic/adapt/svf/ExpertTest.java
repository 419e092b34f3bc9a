package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.model.Factors;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ExpertTest {
    private static final String UP = "model.layers.0.mlp.up_proj.weight";
    private static final String DOWN = "model.layers.1.mlp.down_proj.weight";

    @TempDir
    Path temporary;

    private Factors factors;
    private Factors truncated;

    @BeforeEach
    void decompose() {
        Path folder = Samples.model(temporary.resolve("model"), DType.F32);
        try (ModelDirectory model = ModelDirectory.open(folder)) {
            factors = factors(model, "full", DecomposeOptions.defaults());
            truncated = factors(model, "truncated", DecomposeOptions.defaults().withRank(4));
        }
    }

    private Factors factors(ModelDirectory model, String name, DecomposeOptions options) {
        Path out = temporary.resolve(name);
        try (Decomposer decomposer = Decomposer.open(options, 1)) {
            decomposer.decompose(model, out, DecompositionListener.NONE);
        }
        return Factors.open(out);
    }

    @AfterEach
    void close() {
        factors.close();
        truncated.close();
    }

    private Path file(Map<String, float[]> vectors, Map<String, String> metadata) {
        return Samples.expert(temporary.resolve("expert.safetensors"), vectors, metadata);
    }

    private static float[] ramp(int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = 0.5f + 0.1f * i;
        }
        return values;
    }

    private static String refusal(Runnable action) {
        String message = assertThrows(InvalidModelException.class, action::run).getMessage();
        assertTrue(message.startsWith("expert.safetensors: ") && !message.contains("\n"), message);
        return message;
    }

    @Test
    void whatIsWrittenIsReadBack() {
        Map<String, String> origin = Map.of(
                "base",
                factors.baseFingerprint(),
                "factors",
                factors.fingerprint(),
                "targets",
                "mlp",
                "task",
                "gsm8k",
                "seed",
                "7");
        Path file = temporary.resolve("written.safetensors");
        Expert.plain("x", Map.of(UP, ramp(16), DOWN, ramp(16)), origin).write(file);
        List<String> notes = new ArrayList<>();
        Expert expert = Expert.read(file, notes::add);
        expert.check(factors, false, notes::add);
        assertEquals(List.of(), notes);
        assertEquals(origin, expert.origin());
        assertEquals(Parametrisation.PLAIN, expert.parametrisation());
        assertArrayEquals(ramp(16), expert.vectors().get(UP));
        assertArrayEquals(ramp(16), ExpertMixture.of(expert).scaling(factors).get(DOWN));
    }

    @Test
    void aFileWithoutMetadataIsPlainAndNoted() {
        List<String> notes = new ArrayList<>();
        Expert expert = Expert.read(file(Map.of(UP, ramp(16)), Map.of()), notes::add);
        expert.check(factors, false, notes::add);
        assertEquals(Parametrisation.PLAIN, expert.parametrisation());
        assertEquals(3, notes.size(), notes::toString);
        assertTrue(notes.getFirst().contains("taken as plain z"), notes::toString);
    }

    @Test
    void sakanaBecomesPlainByTheSingularValues() {
        float[] p = ramp(16);
        Expert expert =
                Expert.read(file(Map.of(UP, p), Map.of("parametrisation", "official", "max_mult", "2.5")), _ -> {});
        float[] sigma = factors.factor(UP).orElseThrow().sigma();
        double sum = 0;
        double scaled = 0;
        for (int i = 0; i < 16; i++) {
            sum += sigma[i];
            scaled += sigma[i] * 2.5 / (1 + Math.exp(-p[i]));
        }
        float[] z = expert.plain(factors).vectors().get(UP);
        for (int i = 0; i < 16; i++) {
            assertEquals(2.5 / (1 + Math.exp(-p[i])) * sum / scaled, z[i], 1e-6);
        }
        assertThrows(IllegalStateException.class, () -> expert.write(temporary.resolve("p.safetensors")));
        Path written = temporary.resolve("z.safetensors");
        expert.plain(factors).write(written);
        assertArrayEquals(z, Expert.read(written, _ -> {}).vectors().get(UP));
    }

    @Test
    void atAReducedRankTheSumsRunOverWhatIsHeld() {
        Expert expert = Expert.read(file(Map.of(UP, new float[4]), Map.of("parametrisation", "sakana")), _ -> {});
        for (float value : expert.plain(truncated).vectors().get(UP)) {
            assertEquals(1, value, 1e-6); // all m alike: the quotient brings them back to 1
        }
    }

    @Test
    void fingerprintsAreChecked() {
        Expert foreign =
                Expert.read(file(Map.of(UP, ramp(16)), Map.of("parametrisation", "plain", "base", "abc")), _ -> {});
        String message = refusal(() -> foreign.check(factors, false, _ -> {}));
        assertTrue(message.contains("another model") && message.contains("abc"), message);
        List<String> notes = new ArrayList<>();
        foreign.check(factors, true, notes::add);
        assertTrue(notes.toString().contains("another model"), notes::toString);

        Map<String, String> other =
                Map.of("parametrisation", "plain", "base", factors.baseFingerprint(), "factors", "def");
        Expert.read(file(Map.of(UP, ramp(16)), other), _ -> {}).check(factors, false, notes::add);
        Expert short4 = Expert.read(file(Map.of(UP, ramp(4)), other), _ -> {});
        assertTrue(refusal(() -> short4.check(truncated, false, _ -> {})).contains("other factors"));
        Map<String, String> own = Map.of(
                "parametrisation", "plain", "base", factors.baseFingerprint(), "factors", truncated.fingerprint());
        Expert.read(file(Map.of(UP, ramp(4)), own), _ -> {}).check(truncated, false, _ -> {});
    }

    @Test
    void whatDoesNotFitTheFactorsIsRefused() {
        Expert unknown = Expert.read(file(Map.of("model.layers.9.mlp.up_proj.weight", ramp(16)), Map.of()), _ -> {});
        assertTrue(refusal(() -> unknown.check(factors, false, _ -> {})).contains("no such weight"));
        assertTrue(refusal(() -> ExpertMixture.of(unknown).scaling(factors)).contains("no such weight"));
        Expert tooLong = Expert.read(file(Map.of(UP, ramp(17)), Map.of()), _ -> {});
        assertTrue(refusal(() -> tooLong.check(factors, false, _ -> {})).contains("length 17, expected 16"));
        assertTrue(refusal(() -> ExpertMixture.of(tooLong).scaling(factors)).contains("length 17, expected 16"));
        Expert whole = Expert.read(file(Map.of(UP, ramp(16)), Map.of()), _ -> {});
        assertTrue(refusal(() -> whole.check(truncated, false, _ -> {})).contains("length 16, expected 4"));
    }

    @Test
    void filesThatAreNoExpertsAreRefused() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            float[] values = ramp(16);
            values[5] = bad;
            Path file = file(Map.of(UP, values), Map.of());
            assertTrue(refusal(() -> Expert.read(file, _ -> {})).contains("element 5 is " + bad));
        }
        for (Map<String, String> metadata : List.of(
                Map.of("parametrisation", "log"),
                Map.of("max_mult", "much"),
                Map.of("max_mult", "0"),
                Map.of("max_mult", "-1"),
                Map.of("max_mult", "NaN"),
                Map.of("max_mult", "Infinity"))) {
            Path file = file(Map.of(UP, ramp(16)), metadata);
            assertTrue(refusal(() -> Expert.read(file, _ -> {})).contains("metadata "), metadata::toString);
        }
        refusal(() -> Expert.read(file(Map.of(), Map.of()), _ -> {}));
        Path file = temporary.resolve("expert.safetensors");
        MemorySegment data = MemorySegment.ofArray(new byte[64]);
        SafetensorsWriter.write(file, List.of(TensorView.of(UP, DType.F32, data, 4, 4)), Map.of());
        assertTrue(refusal(() -> Expert.read(file, _ -> {})).contains("expected a vector of F32"));
        SafetensorsWriter.write(file, List.of(TensorView.of(UP, DType.F64, data, 8)), Map.of());
        assertTrue(refusal(() -> Expert.read(file, _ -> {})).contains("expected a vector of F32"));
    }

    @Test
    void aQuotientWithoutValueIsRefused() {
        float[] p = new float[16];
        Arrays.fill(p, -2000);
        Expert expert = Expert.read(file(Map.of(UP, p), Map.of("parametrisation", "sakana")), _ -> {});
        assertTrue(refusal(() -> expert.plain(factors)).contains("the sum of sigma * m is 0.0"));
    }

    @Test
    void shufflingMovesTheNumbersOfEachVectorAndKeepsThem() {
        float[] up = new float[40];
        float[] down = new float[7];
        for (int i = 0; i < up.length; i++) {
            up[i] = i;
        }
        for (int i = 0; i < down.length; i++) {
            down[i] = -i;
        }
        Expert expert = Expert.plain("x", Map.of("up", up, "down", down), Map.of("task", "t"));
        Expert shuffled = expert.shuffled(3);
        for (String weight : List.of("up", "down")) {
            float[] kept = expert.vectors().get(weight).clone();
            float[] moved = shuffled.vectors().get(weight).clone();
            assertFalse(Arrays.equals(kept, moved), weight);
            Arrays.sort(kept);
            Arrays.sort(moved);
            assertArrayEquals(kept, moved);
        }
        assertArrayEquals(
                shuffled.vectors().get("up"), expert.shuffled(3).vectors().get("up"));
        assertFalse(Arrays.equals(
                shuffled.vectors().get("up"), expert.shuffled(4).vectors().get("up")));
        assertEquals(expert.origin(), shuffled.origin());
        assertEquals(47, expert.size());
    }
}
