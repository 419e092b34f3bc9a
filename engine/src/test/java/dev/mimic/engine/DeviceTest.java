package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.EngineOptions.Form;
import dev.mimic.engine.EngineOptions.Quantize;
import dev.mimic.engine.EngineOptions.WeightFormat;
import dev.mimic.kernels.backend.Device;
import dev.mimic.loader.model.ModelConfig;
import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.SeededCases;
import dev.mimic.testkit.ShimLibraries;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An engine on a device: what is loaded, what falls back, what fails; on the shim. */
final class DeviceTest {
    /** Of logits, as the oracle pack advises for f32 arithmetic. */
    private static final float TOLERANCE = 5e-4f;

    private final ShimLibraries shim = ShimLibraries.fresh();
    private final ShimLibraries.InUse use = shim.use();
    private final Notes notes = new Notes();

    @TempDir
    Path folder;

    @TempDir
    Path factors;

    /** Keeps what it hears. */
    private static final class Notes implements DeviceListener {
        private final List<String> notes = new ArrayList<>();
        private long bytes;
        private long total;

        @Override
        public void uploaded(long done, long all) {
            assertTrue(done > bytes || done == all);
            bytes = done;
            total = all;
        }

        @Override
        public synchronized void note(String text) {
            notes.add(text);
        }
    }

    @BeforeEach
    void write() {
        RandomFolder.write(folder, "llama", "LlamaForCausalLM", 7, Map.of("tie_word_embeddings", true));
    }

    @AfterEach
    void close() {
        use.close();
        shim.assertClean();
    }

    private EngineOptions on(Device device) {
        return EngineOptions.DEFAULTS.withDevice(device, notes);
    }

    private static int[] ids(int count) {
        return SeededCases.generator(11).ints(count, 0, 150).toArray();
    }

    private static void assertClose(float[][] expected, float[][] found) {
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i], found[i], TOLERANCE, "position " + i);
        }
    }

    @Test
    void allWeightsAreLoadedAndTheListenerHearsHowFarItIs() {
        float[][] expected;
        try (Engine engine = Engine.open(folder)) {
            expected = engine.logits(ids(40), Adapter.NONE);
            assertEquals("cpu", engine.device());
        }
        try (Engine engine = Engine.open(folder, on(Device.cuda(0)))) {
            assertEquals("cuda:0", engine.device());
            assertEquals(notes.total, notes.bytes);
            assertClose(expected, engine.logits(ids(40), Adapter.NONE));
            int linears = 7 * engine.config().layers() + 1;
            long products = shim.products() - 1; // but the trial
            assertTrue(products > 0);
            assertEquals(0, products % linears, "every linear layer and the head");
        }
        assertEquals(List.of(), notes.notes);
    }

    @ParameterizedTest
    @EnumSource(names = {"FACTORED", "RESIDUAL"})
    void eightRowsWithEightExpertsGetWhatEachGetsOnTheProcessor(Form form) {
        Map<String, float[]> sigmas = TestFactors.write(folder, factors, TestFactors::isLinear, Integer.MAX_VALUE);
        RandomGenerator random = SeededCases.generator(3);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Map<String, float[]> z = new LinkedHashMap<>();
            sigmas.forEach((weight, sigma) -> {
                float[] one = new float[sigma.length];
                for (int k = 0; k < one.length; k++) {
                    one[k] = 1 + 0.5f * (float) random.nextGaussian();
                }
                z.put(weight, one);
            });
            requests.add(GenerationRequest.ofIds(ids(5 + i))
                    .withMaxTokens(12)
                    .withIgnoreEos(true)
                    .withAdapter(i == 5 ? Adapter.NONE : new Adapter.Scaling(z)));
        }
        EngineOptions plain = EngineOptions.DEFAULTS.withFactors(factors).withForm(form);
        List<int[]> expected;
        try (Engine engine = Engine.open(folder, plain)) {
            expected = engine.generateAll(requests).stream()
                    .map(GenerationResult::ids)
                    .toList();
        }
        try (Engine engine = Engine.open(folder, plain.withDevice(Device.cuda(0), notes))) {
            List<GenerationResult> found = engine.generateAll(requests);
            for (int i = 0; i < 8; i++) {
                assertArrayEquals(expected.get(i), found.get(i).ids(), "row " + i);
            }
        }
        assertTrue(shim.products() > 0);
    }

    @Test
    void autoTakesTheDeviceAndSaysSo() {
        try (Engine engine = Engine.open(folder, on(Device.AUTO))) {
            assertEquals("cuda:0", engine.device());
        }
        assertEquals(
                List.of(
                        "computing on cuda:0, untried on real cards: `mimic cuda-check` tries it; --device cpu is the processor"),
                notes.notes);
    }

    @Test
    void whereNothingIsInstalledAutoIsTheProcessor() {
        use.close();
        for (Device device : List.of(Device.UNASKED, Device.AUTO)) {
            assertEquals(List.of(), notes.notes, "said by whoever was not asked");
            try (Engine engine = Engine.open(folder, on(device))) {
                assertEquals("cpu", engine.device());
            }
        }
        assertEquals(List.of("computing on the processor: switched off by -Dmimic.cuda=off"), notes.notes);
        assertEquals(
                "cuda:0 cannot be used: switched off by -Dmimic.cuda=off",
                assertThrows(IllegalArgumentException.class, () -> Engine.open(folder, on(Device.cuda(0))))
                        .getMessage());
    }

    @Test
    void weightsThatAreRoundedWhileLoadingStayOnTheProcessor() {
        List<String> rounded = new ArrayList<>();
        Quantize quantize = new Quantize(WeightFormat.Q8, rounded::add);
        use.close(); // whoever looked for a GPU would say that there is none
        EngineOptions options = EngineOptions.DEFAULTS.withQuantize(quantize);
        String what = "quantized weights (q8)";
        assertEquals(
                "cuda:0: " + what + " are computed on the processor only; use --device cpu",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Engine.open(folder, options.withDevice(Device.cuda(0), notes)))
                        .getMessage());
        assertEquals(List.of(), rounded, "refused before the work");
        for (Device device : List.of(Device.UNASKED, Device.AUTO)) {
            assertEquals(List.of(), notes.notes, "said by whoever was not asked");
            try (Engine engine = Engine.open(folder, options.withDevice(device, notes))) {
                assertEquals("cpu", engine.device());
                engine.logits(ids(3), Adapter.NONE);
            }
        }
        assertEquals(List.of("computing on the processor: " + what + " are computed there only"), notes.notes);
    }

    @Test
    void aModelThatDoesNotFitIsRefusedAndAutoIsTheProcessor() {
        shim.memory(100_000);
        String message = assertThrows(IllegalArgumentException.class, () -> Engine.open(folder, on(Device.cuda(0))))
                .getMessage();
        assertTrue(message.startsWith("cuda:0: the model needs 0.0"), message);
        String advice = "; use --device cpu";
        assertTrue(message.endsWith(" of 0.25 GiB are free" + advice), message);
        try (Engine engine = Engine.open(folder, on(Device.AUTO))) {
            assertEquals("cpu", engine.device());
            engine.logits(ids(3), Adapter.NONE);
        }
        String reason = message.substring(0, message.length() - advice.length());
        assertEquals(List.of("computing on the processor: " + reason), notes.notes);
        assertEquals(0, shim.products());
    }

    @Test
    void anErrorThatEndsTheDeviceEndsOneRequestAndTheNextRunsOnTheProcessor() {
        GenerationRequest request =
                GenerationRequest.ofIds(ids(9)).withMaxTokens(6).withIgnoreEos(true);
        int[] expected;
        try (Engine engine = Engine.open(folder)) {
            expected = engine.generate(request).ids();
        }
        try (Engine engine = Engine.open(folder, on(Device.cuda(0)))) {
            assertArrayEquals(expected, engine.generate(request).ids());
            shim.fail("cudaStreamSynchronize", 700);
            RuntimeException e = assertThrows(RuntimeException.class, () -> engine.generate(request));
            assertTrue(e.getMessage().contains("status 700 cudaErrorIllegalAddress"), e::getMessage);
            assertEquals("cpu", engine.device());
            long products = shim.products();
            assertArrayEquals(expected, engine.generate(request).ids());
            assertEquals(products, shim.products());
        }
        assertEquals(List.of("cuda:0: out of use after an error; the processor computes from here on"), notes.notes);
        ShimLibraries.fresh(); // what a dead context holds, the driver frees
    }

    @Test
    void anErrorThatPassesEndsOneRequest() {
        GenerationRequest request =
                GenerationRequest.ofIds(ids(9)).withMaxTokens(6).withIgnoreEos(true);
        try (Engine engine = Engine.open(folder, on(Device.cuda(0)))) {
            int[] expected = engine.generate(request).ids();
            shim.fail("cublasSgemm_v2", 13);
            RuntimeException e = assertThrows(RuntimeException.class, () -> engine.generate(request));
            assertTrue(e.getMessage().contains("cublasSgemm_v2: status 13"), e::getMessage);
            shim.heal();
            assertArrayEquals(expected, engine.generate(request).ids());
        }
        assertEquals(List.of(), notes.notes);
    }

    @Test
    void aDeviceThatCannotMultiplyIsSeenWhenTheEngineIsOpened() {
        shim.fail("cublasSgemm_v2", 15);
        try (Engine engine = Engine.open(folder, on(Device.AUTO))) {
            assertEquals("cpu", engine.device());
        }
        assertEquals(1, notes.notes.size());
        String note = notes.notes.getFirst();
        assertTrue(note.startsWith("computing on the processor: cublasSgemm_v2: status 15"), note);
        EngineOptions asked = EngineOptions.DEFAULTS.withDevice(Device.cuda(0));
        RuntimeException e = assertThrows(IllegalArgumentException.class, () -> Engine.open(folder, asked));
        assertTrue(e.getMessage().startsWith("cublasSgemm_v2: status 15"), e::getMessage);
        assertTrue(e.getMessage().endsWith("; use --device cpu"), e::getMessage);
    }

    @Test
    void aTrialProductThatIsWrongIsNotTrusted() {
        shim.spoil("copies cut short");
        EngineOptions asked = EngineOptions.DEFAULTS.withDevice(Device.cuda(0));
        String message = assertThrows(IllegalArgumentException.class, () -> Engine.open(folder, asked))
                .getCause()
                .getMessage();
        assertTrue(message.startsWith("cuda:0: a trial product is wrong, element "), message);
        try (Engine engine = Engine.open(folder, on(Device.AUTO))) {
            assertEquals("cpu", engine.device());
        }
        assertEquals(List.of("computing on the processor: " + message), notes.notes);
        shim.spoil("");
    }

    @Test
    void whatIsNoFaultOfTheDeviceIsThrownAsItIs() {
        IllegalStateException own = new IllegalStateException("the listener's own");
        DeviceListener listener = new DeviceListener() {
            @Override
            public void uploaded(long bytes, long total) {
                throw own;
            }

            @Override
            public void note(String text) {
                notes.note(text);
            }
        };
        for (Device device : List.of(Device.cuda(0), Device.AUTO)) {
            EngineOptions options = EngineOptions.DEFAULTS.withDevice(device, listener);
            assertSame(own, assertThrows(IllegalStateException.class, () -> Engine.open(folder, options)));
            shim.assertClean();
        }
        assertEquals(List.of(), notes.notes);
    }

    @Test
    void aDeviceIsTriedWithoutAModel() {
        on(Device.cuda(0)).placement().requireUsable();
        assertEquals(0, shim.copiedBytes());
        shim.assertClean();
        shim.fail("cublasCreate_v2", 1);
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> on(Device.cuda(0)).placement().requireUsable())
                .getMessage();
        assertTrue(message.startsWith("cuda:0 cannot be used: "), message);
        assertTrue(message.contains("cublasCreate_v2: status 1 "), message);
        for (Device device : List.of(Device.CPU, Device.AUTO, Device.UNASKED)) {
            on(device).placement().requireUsable(); // what is not asked for is not looked for
        }
        assertEquals(List.of(), notes.notes);
    }

    @Test
    void aThousandEnginesLeaveNothing() {
        EngineOptions options = on(Device.cuda(0)).withThreads(1);
        for (int i = 0; i < 1000; i++) {
            try (Engine engine = Engine.open(folder, options)) {
                notes.bytes = 0;
                if (i % 100 == 0) {
                    engine.logits(ids(3), Adapter.NONE);
                }
            }
            if (i % 100 == 0) {
                shim.assertClean();
            }
        }
    }

    /** As docs/gpu.md counts: each linear layer's x and y, in BF16 three planes of x, and what factors take. */
    @Test
    void aTokenMovesWhatTheDocumentsSay() {
        List<int[]> linears = linears(folder);
        long in = linears.stream().mapToLong(shape -> shape[0]).sum();
        long out = linears.stream().mapToLong(shape -> shape[1]).sum();
        long rank = linears.stream()
                .mapToLong(shape -> Math.min(shape[0], shape[1]))
                .sum();
        long head = 4 * (48 + 150);
        EngineOptions plain = on(Device.cuda(0));
        assertEquals(head + 4 * in + 4 * out, copied(folder, plain, Adapter.NONE));
        Map<String, float[]> z = TestFactors.write(folder, factors, TestFactors::isLinear, Integer.MAX_VALUE);
        Adapter adapter = new Adapter.Scaling(z); // any numbers
        EngineOptions factored = plain.withFactors(factors).withForm(Form.FACTORED);
        assertEquals(head + 4 * (in + rank) + 4 * out, copied(folder, factored, adapter));
        long corrections = 4 * (in + rank) + 4 * out;
        assertEquals(head + 4 * in + 4 * out + corrections, copied(folder, factored.withForm(Form.RESIDUAL), adapter));

        Path narrow = TestFolders.oracle().resolve("models/llama-bf16");
        in = linears(narrow).stream().mapToLong(shape -> shape[0]).sum();
        out = linears(narrow).stream().mapToLong(shape -> shape[1]).sum();
        try (Engine engine = Engine.open(narrow)) {
            in += engine.config().hiddenSize();
            out += engine.config().vocabularySize();
        }
        assertEquals(6 * in + 4 * out, copied(narrow, plain, Adapter.NONE));
    }

    /** In and out of all linear layers. */
    private static List<int[]> linears(Path model) {
        try (Engine engine = Engine.open(model)) {
            ModelConfig config = engine.config();
            int hidden = config.hiddenSize();
            int queries = config.heads() * config.headSize();
            int keys = config.kvHeads() * config.headSize();
            int inner = config.intermediateSize();
            int[][] layer = {
                {hidden, queries},
                {hidden, keys},
                {hidden, keys},
                {queries, hidden},
                {hidden, inner},
                {hidden, inner},
                {inner, hidden}
            };
            return Stream.generate(() -> layer)
                    .limit(config.layers())
                    .flatMap(Stream::of)
                    .toList();
        }
    }

    /** Bytes that one more token takes. */
    private long copied(Path model, EngineOptions options, Adapter adapter) {
        try (Engine engine = Engine.open(model, options)) {
            long[] copied = new long[3];
            for (int i = 0; i < 3; i++) { // the first brings what all need
                long before = shim.copiedBytes();
                engine.generate(GenerationRequest.ofIds(ids(9))
                        .withMaxTokens(4 + i)
                        .withIgnoreEos(true)
                        .withAdapter(adapter));
                copied[i] = shim.copiedBytes() - before;
            }
            return copied[2] - copied[1];
        } finally {
            notes.bytes = 0;
        }
    }

    @Test
    void manyRowsGoInSlices() {
        int[] prompt = IntStream.range(0, 700).map(i -> i % 150).toArray();
        EngineOptions options = EngineOptions.DEFAULTS.withBlockSize(700).withContextLength(800);
        float[][] expected;
        try (Engine engine = Engine.open(folder, options)) {
            expected = engine.logits(prompt, Adapter.NONE);
        }
        try (Engine engine = Engine.open(folder, options.withDevice(Device.cuda(0)))) {
            long start = shim.products();
            engine.logits(Arrays.copyOf(prompt, 512), Adapter.NONE);
            long together = shim.products() - start;
            assertClose(expected, engine.logits(prompt, Adapter.NONE));
            long sliced = shim.products() - start - together;
            long linears = 7L * engine.config().layers();
            assertTrue(together < 2 * linears, together + " products, expected one a layer");
            assertTrue(sliced >= 2 * linears, sliced + " products, expected two a layer, of 512 rows and of 188");
        }
    }
}
