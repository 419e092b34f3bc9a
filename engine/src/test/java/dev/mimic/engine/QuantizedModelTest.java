package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.EngineOptions.WeightFormat;
import dev.mimic.engine.quantize.Divergence;
import dev.mimic.engine.quantize.ModelQuantizer;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.model.QuantizationManifest;
import dev.mimic.testkit.RandomFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights rounded at load time and on disk. */
final class QuantizedModelTest {
    private static final int[] IDS = {1, 20, 30, 99, 7, 140, 3, 66, 12};
    private static final String DOWN = "model.layers.1.mlp.down_proj.weight";

    @TempDir
    private static Path temporary;

    private static Path model;

    @BeforeAll
    static void write() {
        model = RandomFolder.write(temporary.resolve("model"), "llama", "LlamaForCausalLM", 1, Map.of());
    }

    private static EngineOptions onLoad(WeightFormat format) {
        return EngineOptions.DEFAULTS.withQuantize(new EngineOptions.Quantize(format, _ -> {}));
    }

    private static Path quantized(WeightFormat format, String name) {
        Path out = temporary.resolve(name + format);
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            ModelQuantizer.write(directory, out, format, 2, _ -> {});
        }
        return out;
    }

    @ParameterizedTest
    @EnumSource
    void aFolderIsWhatIsRoundedAtLoadTime(WeightFormat format) {
        try (Engine folder = Engine.open(quantized(format, "same"));
                Engine loaded = Engine.open(model, onLoad(format))) {
            assertArrayEquals(loaded.logits(IDS, Adapter.NONE), folder.logits(IDS, Adapter.NONE));
            GenerationRequest request =
                    GenerationRequest.ofIds(IDS).withMaxTokens(12).withIgnoreEos(true);
            assertArrayEquals(
                    loaded.generate(request).ids(), folder.generate(request).ids());
        }
    }

    @ParameterizedTest
    @EnumSource
    void roundedWeightsGiveNearlyTheSameDistributions(WeightFormat format) {
        int[] ids = new int[400];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = 3 + i * 7 % 140;
        }
        try (Engine original = Engine.open(model);
                Engine changed = Engine.open(model, onLoad(format))) {
            Divergence none = Divergence.measure(original, original, ids);
            assertEquals(0, none.kl());
            assertEquals(1, none.agreement());
            assertEquals(none.perplexity(), none.changedPerplexity());
            Divergence some = Divergence.measure(original, changed, ids);
            assertEquals(400, some.tokens());
            assertTrue(some.kl() > 0 && some.kl() <= some.worst(), "KL " + some.kl());
            Divergence other;
            WeightFormat coarser = format == WeightFormat.Q8 ? WeightFormat.Q4 : WeightFormat.Q8;
            try (Engine second = Engine.open(model, onLoad(coarser))) {
                other = Divergence.measure(original, second, ids);
            }
            assertEquals(format == WeightFormat.Q8, some.kl() * 10 < other.kl(), some.kl() + " and " + other.kl());
        }
    }

    @Test
    void aRowOfABatchHasTheTokensItHasAlone() {
        for (WeightFormat format : WeightFormat.values()) {
            try (Engine engine = Engine.open(model, onLoad(format))) {
                List<GenerationRequest> requests = new ArrayList<>();
                for (int i = 0; i < 7; i++) {
                    requests.add(GenerationRequest.ofIds(1, 20 + i, 30)
                            .withMaxTokens(20)
                            .withIgnoreEos(true));
                }
                for (int i = 0; i < 7; i++) {
                    assertArrayEquals(
                            engine.generate(requests.get(i)).ids(),
                            engine.generateAll(requests).get(i).ids(),
                            format + ", row " + i);
                }
            }
        }
    }

    @Test
    void reportAndManifestNameEveryMatrixAndItsError() {
        Path out = temporary.resolve("report");
        List<ModelQuantizer.Report> reports;
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            reports = ModelQuantizer.write(directory, out, WeightFormat.Q4, 2, _ -> {});
            assertEquals(3 * 7 + 2, reports.size());
            try (ModelDirectory written = ModelDirectory.open(out)) {
                QuantizationManifest manifest = written.quantization().orElseThrow();
                assertEquals("q4", manifest.format());
                assertEquals(directory.fingerprint(), manifest.base());
                assertEquals(directory.fingerprint(), written.fingerprint());
                for (ModelQuantizer.Report report : reports) {
                    QuantizationManifest.Entry entry = manifest.matrices().get(report.weight());
                    boolean table = !report.weight().startsWith("model.layers");
                    assertEquals(table ? "q8" : "q4", entry.format(), report.weight());
                    assertEquals(report.relativeError(), entry.relativeError());
                    assertTrue(entry.relativeError() > (table ? 1e-4 : 1e-3) && entry.relativeError() < 0.2);
                    assertFalse(written.tensorNames().contains(report.weight()));
                }
            }
        }
    }

    @Test
    void factorsOfTheBaseFitTheRoundedFolderAndStayAsTheyAre() {
        Path factors = temporary.resolve("factors");
        TestFactors.write(model, factors, TestFactors::isMlp, Integer.MAX_VALUE);
        EngineOptions options = EngineOptions.DEFAULTS.withFactors(factors);
        try (Engine engine = Engine.open(quantized(WeightFormat.Q8, "factors"), options);
                Engine loaded = Engine.open(model, onLoad(WeightFormat.Q8).withFactors(factors))) {
            assertArrayEquals(loaded.logits(IDS, Adapter.NONE), engine.logits(IDS, Adapter.NONE));
        }
    }

    private static InvalidModelException refused(Path folder) {
        return assertThrows(
                InvalidModelException.class, () -> Engine.open(folder).close());
    }

    private static void edit(Path file, String from, String to) throws IOException {
        String text = Files.readString(file);
        assertTrue(text.contains(from), from);
        Files.writeString(file, text.replace(from, to));
    }

    /** Changes the header of a safetensors file; the new text must be no longer. */
    private static void editHeader(Path folder, String from, String to) throws IOException {
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
        assertTrue(header.contains(from), from);
        String changed = String.format(
                Locale.ROOT, "%-" + length + "s", header.replace(from, to).stripTrailing());
        System.arraycopy(changed.getBytes(StandardCharsets.UTF_8), 0, bytes, 8, length);
        Files.write(file, bytes);
    }

    @Test
    void aManifestThatLiesIsRefusedInOneLine() throws IOException {
        Path folder = quantized(WeightFormat.Q8, "lies");
        Path manifest = folder.resolve(QuantizationManifest.FILE);
        String whole = Files.readString(manifest);
        String[][] edits = {
            {"\"format_version\" : 1", "\"format_version\" : 2", "format_version: is 2, expected 1"},
            {"\"block\" : 32", "\"block\" : 64", "block: is 64, expected 32"},
            {"\"format\" : \"q8\"", "\"format\" : \"q5\"", "is 'q5', expected q8 or q4"},
            {"\"base\" : \"", "\"base\" : \"no", "expected a fingerprint"},
            {"\"matrices\" : {", "\"matrices\" : 3, \"more\" : {", "matrices: expected an object"},
            {DOWN, "model.layers.1.mlp.other.weight", "tensor '" + DOWN + "': missing"},
        };
        for (String[] edit : edits) {
            edit(manifest, edit[0], edit[1]);
            String message = refused(folder).getMessage();
            assertTrue(message.contains(edit[2]) && message.lines().count() == 1, message);
            Files.writeString(manifest, whole);
        }
        Engine.open(folder).close();
    }

    @Test
    void tensorsThatDoNotFitTheManifestAreRefusedInOneLine() throws IOException {
        Path folder = quantized(WeightFormat.Q8, "tensors");
        editHeader(folder, DOWN + ".scales", DOWN + ".scale_");
        assertTrue(refused(folder).getMessage().contains("tensor '" + DOWN + ".scales': missing"));
        editHeader(folder, DOWN + ".scale_", DOWN + ".scales");
        editHeader(folder, "[3,3,8,16,4]", "[3,3,4,32,4]"); // down: 48 rows, 80 columns
        String message = refused(folder).getMessage();
        assertTrue(message.contains("shape is [3, 3, 4, 32, 4], expected [3, 3, 8, 16, 4]"), message);
        editHeader(folder, "[3,3,4,32,4]", "[3,3,8,16,4]");
        editHeader(folder, "\"I8\"", "\"U8\"");
        assertTrue(refused(folder).getMessage().contains("type is U8, expected I8"));
    }

    @Test
    void whatIsQuantizedIsNotQuantizedAgain() {
        Path folder = quantized(WeightFormat.Q8, "again");
        try (ModelDirectory directory = ModelDirectory.open(folder)) {
            InvalidModelException e = assertThrows(
                    InvalidModelException.class,
                    () -> ModelQuantizer.write(directory, temporary.resolve("twice"), WeightFormat.Q4, 1, _ -> {}));
            assertEquals(
                    "quantization.json: the model is quantized to q8, quantize expected the plain one it was made from",
                    e.getMessage());
        }
        assertTrue(assertThrows(
                        InvalidModelException.class,
                        () -> Engine.open(folder, onLoad(WeightFormat.Q4)).close())
                .getMessage()
                .contains("it is quantized already"));
    }

    @Test
    void weightsThatAreNotFiniteLeaveNoFolder() throws IOException {
        Path bad = temporary.resolve("bad");
        RandomFolder.write(bad, "llama", "LlamaForCausalLM", 2, Map.of());
        Path file = bad.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 4 * 500, Float.NaN);
        Files.write(file, bytes);
        Path out = temporary.resolve("bad-out");
        try (ModelDirectory directory = ModelDirectory.open(bad)) {
            assertTrue(assertThrows(
                            InvalidModelException.class,
                            () -> ModelQuantizer.write(directory, out, WeightFormat.Q4, 2, _ -> {}))
                    .getMessage()
                    .contains("is NaN, expected a finite value"));
        }
        assertFalse(Files.exists(out));
        assertThrows(
                InvalidModelException.class,
                () -> Engine.open(bad, onLoad(WeightFormat.Q4)).close());
    }
}
