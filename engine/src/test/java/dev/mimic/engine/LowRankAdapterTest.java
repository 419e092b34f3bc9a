package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.model.LowRankFactors;
import dev.mimic.engine.model.RowScales;
import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.SeededCases;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Low-rank adapters against W + scale B A, written out in a decoder in double. */
final class LowRankAdapterTest {
    /** As the oracle pack advises for f32 arithmetic on logits of this size. */
    private static final double TOLERANCE = 5e-4;

    private static final String UP = "model.layers.1.mlp.up_proj.weight";

    @TempDir
    Path temporary;

    private Path model() {
        return RandomFolder.write(temporary.resolve("model"), "qwen2", "Qwen2ForCausalLM", 7, Map.of());
    }

    private static ReferenceDecoder reference(Path model, Adapter.LowRank adapter) {
        ReferenceDecoder decoder = new ReferenceDecoder(model);
        adapter.weights().forEach((name, one) -> decoder.change(name, one.rank(), one.a(), one.b(), one.scale()));
        return decoder;
    }

    private static void check(Engine engine, Path model, Adapter.LowRank adapter) {
        int[] ids = SeededCases.generator(11).ints(41, 0, 150).toArray();
        double[][] expected = reference(model, adapter).logits(ids);
        double[][] base = new ReferenceDecoder(model).logits(ids);
        float[][] found = engine.logits(ids, adapter);
        for (int i = 0; i < ids.length; i++) {
            assertTrue(Goldens.distance(expected[i], found[i]) <= TOLERANCE, "position " + i);
            assertFalse(
                    Goldens.distance(base[i], found[i]) <= 10 * TOLERANCE, "position " + i + " is the base model's");
        }
        int[] greedy = reference(model, adapter).greedy(ids, 24);
        GenerationRequest request = GenerationRequest.ofIds(ids)
                .withAdapter(adapter)
                .withMaxTokens(24)
                .withIgnoreEos(true);
        assertArrayEquals(greedy, engine.generate(request).ids());
    }

    @Test
    void everyLinearLayerIsChangedWithoutFactors() {
        Path model = model();
        try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withBlockSize(16))) {
            check(engine, model, LowRankSamples.adapter(model, 3, 1));
            check(engine, model, LowRankSamples.adapter(model, 17, 2));
        }
    }

    @Test
    void withFactorsTheBaseWeightIsChangedInBothForms() {
        Path model = model();
        Path full = temporary.resolve("full");
        TestFactors.write(model, full, TestFactors::isLinear, Integer.MAX_VALUE);
        Path truncated = temporary.resolve("truncated");
        TestFactors.write(model, truncated, name -> name.contains("mlp"), 8);
        for (Path factors : new Path[] {full, truncated}) {
            try (Engine engine = Engine.open(model, EngineOptions.DEFAULTS.withFactors(factors))) {
                check(engine, model, LowRankSamples.adapter(model, 3, 1));
            }
        }
    }

    @Test
    void weightsThatAreNotNamedStayAsTheyAre() {
        Path model = model();
        try (Engine engine = Engine.open(model)) {
            LowRankFactors one = LowRankSamples.factors(80, 48, 2, SeededCases.generator(3));
            check(engine, model, new Adapter.LowRank(Map.of(UP, one)));
            int[] ids = {1, 2, 3};
            assertArrayEquals(engine.logits(ids, Adapter.NONE), engine.logits(ids, new Adapter.LowRank(Map.of())));
        }
    }

    @Test
    void theAdapterKeepsItsOwnCopy() {
        float[] a = new float[48];
        LowRankFactors factors = new LowRankFactors(1, 48, 80, a, new float[80], 1);
        a[0] = 5;
        assertEquals(0, factors.a()[0]);
    }

    @Test
    void itsNativeCopyLivesAsLongAsAdapterAndEngine() throws InterruptedException {
        Path folder = model();
        Adapter.LowRank adapter = LowRankSamples.adapter(folder, 3, 1);
        try (OpenModel model = OpenModel.open(folder, EngineOptions.DEFAULTS)) {
            RequestReader requests = new RequestReader(model, 16, System::nanoTime);
            WeakReference<RowScales> copy = new WeakReference<>(requests.scales(adapter));
            System.gc();
            assertNotNull(copy.get(), "made once for as long as the adapter lives");
            requests.close();
            for (int i = 0; i < 100 && copy.get() != null; i++) {
                System.gc();
                TimeUnit.MILLISECONDS.sleep(10);
            }
            assertNull(copy.get(), "a closed engine still holds it");
        } finally {
            Reference.reachabilityFence(adapter);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedInOneLine() {
        Path model = model();
        try (Engine engine = Engine.open(model)) {
            refused(engine, "lm_head.weight", factors(2, 48, 150), "adapter: 'lm_head.weight' is no linear layer");
            refused(engine, UP, factors(2, 47, 80), "adapter: A of '" + UP + "' is [2, 47], expected [2, 48]");
            refused(engine, UP, factors(2, 48, 81), "adapter: B of '" + UP + "' is [81, 2], expected [80, 2]");
            float[] broken = new float[96];
            broken[7] = Float.POSITIVE_INFINITY;
            LowRankFactors infinite = new LowRankFactors(2, 48, 80, broken, new float[160], 1);
            refused(engine, UP, infinite, "adapter: A of '" + UP + "' is Infinity at 7, expected finite numbers");
        }
        assertThrows(IllegalArgumentException.class, () -> new LowRankFactors(2, 3, 4, new float[5], new float[8], 1));
        assertThrows(IllegalArgumentException.class, () -> new LowRankFactors(2, 3, 4, new float[6], new float[9], 1));
        assertThrows(IllegalArgumentException.class, () -> new LowRankFactors(0, 3, 4, new float[0], new float[0], 1));
        assertThrows(
                IllegalArgumentException.class,
                () -> new LowRankFactors(1, 1, 1, new float[1], new float[1], Float.NaN));
    }

    private static LowRankFactors factors(int rank, int in, int out) {
        return new LowRankFactors(rank, in, out, new float[rank * in], new float[out * rank], 1);
    }

    private static void refused(Engine engine, String weight, LowRankFactors factors, String message) {
        GenerationRequest asked = GenerationRequest.ofIds(1).withAdapter(new Adapter.LowRank(Map.of(weight, factors)));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> engine.generate(asked));
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }
}
