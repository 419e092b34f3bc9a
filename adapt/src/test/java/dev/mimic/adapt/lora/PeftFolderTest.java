package dev.mimic.adapt.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.model.LowRankFactors;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelConfig;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.SeededCases;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders as PEFT writes them, one that PEFT did write, and wrong ones. */
final class PeftFolderTest {
    private static final Path MODEL = TestFolders.root().resolve("oracle/models/llama-gqa-f32");
    private static final int HIDDEN = 64;
    private static final int INTERMEDIATE = 176;
    private static final String UP = "model.layers.1.mlp.up_proj";
    private static final String QUERY = "model.layers.0.self_attn.q_proj";

    @TempDir
    Path temporary;

    private final Map<String, Object> config = new TreeMap<>();
    private final List<TensorView> tensors = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /** What PEFT 0.21 writes for {@code LoraConfig(r=3, lora_alpha=6, target_modules=["up_proj", "q_proj"])}. */
    @BeforeEach
    void asPeftWrites() {
        for (String key : List.of(
                "alora_invocation_tokens",
                "arrow_config",
                "auto_mapping",
                "corda_config",
                "eva_config",
                "exclude_modules",
                "kasa_config",
                "layer_replication",
                "layers_pattern",
                "layers_to_transform",
                "lora_ga_config",
                "megatron_config",
                "modules_to_save",
                "monteclora_config",
                "revision",
                "target_parameters",
                "trainable_token_indices",
                "use_bdlora",
                "velora_config")) {
            config.put(key, null);
        }
        for (String key :
                List.of("ensure_weight_tying", "fan_in_fan_out", "lora_bias", "use_dora", "use_qalora", "use_rslora")) {
            config.put(key, false);
        }
        config.putAll(Map.of("alpha_pattern", Map.of(), "rank_pattern", Map.of(), "loftq_config", Map.of()));
        config.putAll(Map.of("inference_mode", true, "init_lora_weights", true, "lora_dropout", 0.05));
        config.putAll(Map.of("bias", "none", "megatron_core", "megatron.core", "peft_version", "0.21.2"));
        config.putAll(Map.of("peft_type", "LORA", "task_type", "CAUSAL_LM", "base_model_name_or_path", "some/model"));
        config.putAll(Map.of("r", 3, "lora_alpha", 6, "qalora_group_size", 16));
        config.put("target_modules", List.of("up_proj", "q_proj"));
        module(UP, INTERMEDIATE, HIDDEN, 3, DType.F32);
        module(QUERY, HIDDEN, HIDDEN, 3, DType.BF16);
    }

    private void module(String module, int out, int in, int rank, DType dtype) {
        tensor("base_model.model." + module + ".lora_A.weight", dtype, rank, in);
        tensor("base_model.model." + module + ".lora_B.weight", dtype, out, rank);
    }

    private void tensor(String name, DType dtype, long... shape) {
        int count = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        MemorySegment data = MemorySegment.ofArray(new byte[count * dtype.bytes()]);
        RandomGenerator random = SeededCases.generator(name.hashCode());
        for (int i = 0; i < count; i++) {
            int bits = Float.floatToRawIntBits((float) random.nextGaussian());
            switch (dtype) {
                case F32 -> data.set(Matrix.FLOAT, 4L * i, Float.intBitsToFloat(bits));
                case BF16 -> data.set(Matrix.SHORT, 2L * i, (short) (bits >>> 16));
                default -> data.set(Matrix.SHORT, 2L * i, Float.floatToFloat16(Float.intBitsToFloat(bits)));
            }
        }
        tensors.removeIf(one -> one.name().equals(name));
        tensors.add(TensorView.of(name, dtype, data, shape));
    }

    private Path write() {
        try {
            Path folder = Files.createDirectories(temporary.resolve("adapter"));
            Files.writeString(folder.resolve("adapter_config.json"), Json.writeIndented(config));
            SafetensorsWriter.write(folder.resolve("adapter_model.safetensors"), tensors, Map.of("format", "pt"));
            return folder;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private PeftAdapter read() {
        return read(write());
    }

    private PeftAdapter read(Path folder) {
        return PeftFolder.read(folder, ModelConfig.read(MODEL.resolve("config.json")), notes::add);
    }

    private float scale(String module) {
        return read().adapter().weights().get(module + ".weight").scale();
    }

    @Test
    void theAdapterThatPeftMadeGivesPeftsLogits() throws URISyntaxException {
        // made by PEFT 0.21: r 3 and 6 by pattern, alpha 5 and 9, rsLoRA, targets by a regular expression, F16
        Path folder = Path.of(PeftFolderTest.class
                        .getResource("peft-f16/adapter_config.json")
                        .toURI())
                .getParent();
        Adapter adapter = read(folder).adapter();
        try (Engine engine = Engine.open(MODEL);
                SafetensorsFile golden = SafetensorsFile.open(folder.resolve("expected.safetensors"))) {
            int[] ids = {1, 5, 9, 2, 7, 3, 11, 4};
            check(golden.tensor("logits").orElseThrow(), engine.logits(ids, adapter));
            check(golden.tensor("base").orElseThrow(), engine.logits(ids, Adapter.NONE));
        }
        assertEquals(List.of(), notes);
    }

    private static void check(TensorView expected, float[][] found) {
        for (int i = 0; i < found.length; i++) {
            for (int id = 0; id < found[i].length; id++) {
                float value = expected.data().get(Matrix.FLOAT, 4L * (i * found[i].length + id));
                assertEquals(value, found[i][id], 5e-4, "position " + i + ", token " + id); // as for all logits
            }
        }
    }

    @Test
    void everyTypeIsReadExactlyAndScaledByAlphaOverRank() {
        module("model.layers.2.self_attn.q_proj", HIDDEN, HIDDEN, 3, DType.F16);
        PeftAdapter read = read();
        assertEquals(3, read.adapter().weights().size());
        read.adapter().weights().forEach((weight, factors) -> {
            String prefix = "base_model.model." + weight.replaceFirst("\\.weight$", "");
            assertArrayEquals(numbers(prefix + ".lora_A.weight"), factors.a(), weight);
            assertArrayEquals(numbers(prefix + ".lora_B.weight"), factors.b(), weight);
            assertEquals(2f, factors.scale());
        });
        assertEquals(3 * (INTERMEDIATE + HIDDEN) + 2 * 3 * 2 * HIDDEN, read.parameters());
        assertEquals(List.of(), notes);
    }

    private float[] numbers(String name) {
        TensorView tensor = tensors.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.dtype()) {
                case F32 -> tensor.data().get(Matrix.FLOAT, 4L * i);
                case BF16 -> Float.intBitsToFloat(tensor.data().get(Matrix.SHORT, 2L * i) << 16);
                default -> Float.float16ToFloat(tensor.data().get(Matrix.SHORT, 2L * i));
            };
        }
        return values;
    }

    @Test
    void patternsOfRankAndAlphaAreHonoured() {
        config.put("rank_pattern", Map.of("layers.1.mlp.up_proj", 5));
        module(UP, INTERMEDIATE, HIDDEN, 5, DType.F32);
        assertEquals(6f / 5, scale(UP));
        assertEquals(2f, scale(QUERY));
        Map<String, Object> alphas = new LinkedHashMap<>();
        alphas.put("model\\.layers\\.[0-9]\\.self_attn.*", 12);
        alphas.put("q_proj", 1); // the first that fits is taken
        config.put("alpha_pattern", alphas);
        assertEquals(4f, scale(QUERY));
        config.put("alpha_pattern", Map.of("_proj", 1)); // the end of a part is not a part
        assertEquals(2f, scale(QUERY));
        config.put("use_rslora", true);
        assertEquals((float) (6 / Math.sqrt(5)), scale(UP));
        assertEquals((float) (6 / Math.sqrt(3)), scale(QUERY));
    }

    @Test
    void targetsMayBeARegularExpressionAndBeChosenByLayer() {
        config.put("target_modules", ".*\\.(up_proj|q_proj)");
        read();
        config.put("target_modules", "all-linear");
        read();
        config.put("target_modules", List.of(UP, "self_attn.q_proj"));
        read();
        config.put("layers_to_transform", List.of(0, 1));
        config.put("layers_pattern", "layers");
        read();
        config.put("layers_to_transform", 1);
        refused("adapter_model.safetensors", QUERY + ".lora_A.weight", "target_modules");
        config.put("layers_to_transform", null);
        config.put("exclude_modules", "model.layers.0.*");
        refused("adapter_model.safetensors", QUERY + ".lora_A.weight", "target_modules");
        config.put("exclude_modules", null);
        config.put("target_modules", List.of("_proj"));
        refused("adapter_model.safetensors", UP + ".lora_A.weight", "target_modules");
    }

    @Test
    void keysThatChangeTheMathAreRefusedByName() {
        Map<String, Object> wrong = new LinkedHashMap<>();
        wrong.put("use_dora", true);
        wrong.put("bias", "all");
        wrong.put("modules_to_save", List.of("lm_head"));
        wrong.put("trainable_token_indices", List.of(1));
        wrong.put("target_parameters", List.of("experts"));
        wrong.put("layer_replication", List.of(List.of(0, 2)));
        wrong.put("lora_bias", true);
        wrong.put("use_qalora", true);
        wrong.put("use_bdlora", Map.of("nblocks", 2));
        wrong.put("alora_invocation_tokens", List.of(3));
        wrong.put("arrow_config", Map.of("top_k", 2));
        wrong.put("kasa_config", Map.of("beta", 1));
        wrong.put("monteclora_config", Map.of("n", 1));
        wrong.put("velora_config", Map.of("n", 1));
        wrong.put("megatron_config", Map.of("n", 1));
        wrong.put("fan_in_fan_out", true);
        wrong.put("init_lora_weights", "pissa");
        wrong.put("peft_type", "IA3");
        wrong.put("task_type", "SEQ_CLS");
        wrong.put("r", 0);
        wrong.put("lora_alpha", 1e300);
        wrong.put("rank_pattern", Map.of("q_proj", 1.5));
        wrong.put("alpha_pattern", Map.of("q_proj", "x"));
        wrong.put("target_modules", "up_proj(");
        wrong.put("layers_to_transform", List.of("a"));
        wrong.put("layers_pattern", 3);
        wrong.forEach((key, value) -> {
            Object right = config.put(key, value);
            refused("adapter_config.json", key);
            config.put(key, right);
        });
        for (String key : List.of("peft_type", "r", "lora_alpha", "target_modules")) {
            Object right = config.remove(key);
            refused("adapter_config.json", key);
            config.put(key, right);
        }
        read();
    }

    @Test
    void aKeyThatIsNotKnownIsANoteWhereItSaysAnything() {
        config.put("some_new_option", false);
        read();
        assertEquals(List.of(), notes);
        config.put("some_new_option", 3);
        read();
        assertEquals(List.of("adapter_config.json: some_new_option is not known and not honoured"), notes);
    }

    @Test
    void tensorsThatDoNotFitAreRefusedByName() {
        List<TensorView> right = List.copyOf(tensors);
        for (String other : List.of(
                "base_model.model." + UP + ".lora_magnitude_vector",
                "base_model.model." + UP + ".lora_A.default.weight",
                "base_model.model." + UP + ".lora_B.bias",
                "base_model.model.model.embed_tokens.lora_embedding_A",
                "base_model.model.lm_head.lora_A.weight",
                "base_model.model.model.layers.3.mlp.up_proj.lora_A.weight",
                "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight",
                UP + ".lora_A.weight")) {
            tensor(other, DType.F32, 3, HIDDEN);
            refused("adapter_model.safetensors", other);
            tensors.clear();
            tensors.addAll(right);
        }
        String a = "base_model.model." + UP + ".lora_A.weight";
        String b = "base_model.model." + UP + ".lora_B.weight";
        tensor(a, DType.F32, 3, HIDDEN + 1);
        refused(a, "shape is [3, 65], expected [3, 64]");
        tensor(a, DType.F32, 2, HIDDEN);
        refused(a, "shape is [2, 64], expected [3, 64]");
        tensor(a, DType.F32, 3, HIDDEN);
        tensor(b, DType.F32, HIDDEN, 3);
        refused(b, "shape is [64, 3], expected [176, 3]");
        tensors.removeIf(one -> one.name().equals(b));
        refused("tensor '" + b + "': missing");
        tensor(b, DType.F32, INTERMEDIATE, 3);
        tensors.removeIf(one -> one.name().equals(a));
        refused("tensor '" + a + "': missing");
        tensor(a, DType.F32, 3, HIDDEN);
        tensors.getLast().data().set(Matrix.FLOAT, 20, Float.NaN);
        refused(a, "element 5 is NaN");
        tensors.clear();
        refused("adapter_model.safetensors: holds no tensor");
    }

    private void refused(String... parts) {
        Path folder = write();
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> read(folder), () -> parts[0] + "…");
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }

    @Test
    void filesThatAreMissingAreNamed() throws IOException {
        Path folder = write();
        Files.move(folder.resolve("adapter_model.safetensors"), folder.resolve("adapter_model.bin"));
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> read(folder));
        assertTrue(
                e.getMessage().contains("holds adapter_model.bin, expected adapter_model.safetensors"), e.toString());
    }

    @Test
    void whatIsWrittenIsReadBackBitForBitAndReplacesTheOldOne() throws IOException {
        RandomGenerator random = SeededCases.generator(5);
        LowRankSettings settings = new LowRankSettings(4, 2, 0.1, "base-name");
        Map<String, LowRankFactors> weights = new TreeMap<>();
        for (int layer = 0; layer < 3; layer++) {
            weights.put("model.layers." + layer + ".mlp.up_proj.weight", factors(random, settings));
        }
        Path out = temporary.resolve("written");
        for (int time = 0; time < 2; time++) {
            weights.put("model.layers.0.mlp.up_proj.weight", factors(random, settings));
            Map<String, String> origin = Map.of("base", "abc", "task", "t");
            PeftFolder.write(out, new PeftAdapter("x", new Adapter.LowRank(weights), origin), settings, 3);
            PeftAdapter read = read(out);
            assertEquals(origin, read.origin());
            weights.forEach((name, factors) -> {
                LowRankFactors found = read.adapter().weights().get(name);
                assertArrayEquals(factors.a(), found.a());
                assertArrayEquals(factors.b(), found.b());
                assertEquals(0.5f, found.scale());
            });
        }
        assertEquals(
                List.of("up_proj"),
                Json.readObject(out.resolve("adapter_config.json")).get("target_modules"));
        try (var files = Files.list(temporary)) {
            assertEquals(List.of(out), files.toList(), "nothing is left beside it");
        }
        weights.remove("model.layers.2.mlp.up_proj.weight");
        PeftFolder.write(out, new PeftAdapter("x", new Adapter.LowRank(weights), Map.of()), settings, 3);
        assertEquals(
                List.of("model.layers.0.mlp.up_proj", "model.layers.1.mlp.up_proj"),
                Json.readObject(out.resolve("adapter_config.json")).get("target_modules"));
        read(out);
    }

    private static LowRankFactors factors(RandomGenerator random, LowRankSettings settings) {
        float[] a = new float[settings.rank() * HIDDEN];
        float[] b = new float[INTERMEDIATE * settings.rank()];
        for (int i = 0; i < a.length; i++) {
            a[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = (float) random.nextGaussian();
        }
        return new LowRankFactors(settings.rank(), HIDDEN, INTERMEDIATE, a, b, settings.scale());
    }

    @Test
    void nothingElseIsWrittenOver() throws IOException {
        PeftAdapter none = new PeftAdapter("x", new Adapter.LowRank(Map.of()), Map.of());
        Path file = Files.writeString(temporary.resolve("file"), "x");
        Path full = Files.createDirectories(temporary.resolve("full"));
        Files.writeString(full.resolve("other.txt"), "x");
        for (Path out : List.of(file, full)) {
            assertThrows(
                    IllegalArgumentException.class, () -> PeftFolder.write(out, none, LowRankSettings.DEFAULTS, 1));
            assertThrows(IllegalArgumentException.class, () -> PeftFolder.checkMayBeWritten(out));
        }
        assertTrue(Files.exists(full.resolve("other.txt")));
        assertFalse(Files.exists(full.resolve("adapter_config.json")));
        PeftAdapter other = new PeftAdapter(
                "x",
                new Adapter.LowRank(Map.of(UP + ".weight", new LowRankFactors(1, 1, 1, new float[1], new float[1], 1))),
                Map.of());
        Path out = temporary.resolve("out");
        assertThrows(IllegalArgumentException.class, () -> PeftFolder.write(out, other, LowRankSettings.DEFAULTS, 1));
        assertFalse(Files.exists(out));
    }

    @Test
    void anotherBaseIsRefusedUnlessTransferred() {
        PeftAdapter adapter = new PeftAdapter("x", new Adapter.LowRank(Map.of()), Map.of("base", "abc"));
        adapter.checkBase(() -> "abc", false, notes::add);
        String message = assertThrows(
                        IllegalArgumentException.class, () -> adapter.checkBase(() -> "abd", false, notes::add))
                .getMessage();
        assertTrue(message.contains("abc") && message.contains("abd"), message);
        assertEquals(List.of(), notes);
        adapter.checkBase(() -> "abd", true, notes::add);
        assertEquals(1, notes.size());
        new PeftAdapter("x", new Adapter.LowRank(Map.of()), Map.of()).checkBase(() -> "abd", false, notes::add);
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new LowRankSettings(0, 1, 0, ""));
        assertThrows(IllegalArgumentException.class, () -> new LowRankSettings(1, 0, 0, ""));
        assertThrows(IllegalArgumentException.class, () -> new LowRankSettings(1, 1, 1, ""));
    }
}
