package dev.mimic.loader.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.testkit.FuzzOutcomes;
import dev.mimic.testkit.Fuzzer;
import dev.mimic.testkit.SeededCases;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFuzzTest {
    @TempDir
    Path folder;

    @Test
    void brokenFilesAreRefusedInOneLine() {
        RandomGenerator random = SeededCases.generator(1);
        TestGguf quantized = new TestGguf().put("general.alignment", 32);
        for (GgufType type : GgufType.values()) {
            quantized.tensor(type.name(), type, BlockOracle.randomBlocks(type, 2, random), 2, type.blockSize());
        }
        List<byte[]> seeds = List.of(
                TestModels.model("llama", 2, random).bytes(),
                TestModels.model("qwen2", 1, random).bytes(),
                TestModels.model("qwen3", 1, random)
                        .put("tokenizer.chat_template", "{{ x }}")
                        .bytes(),
                TestModels.sentencePiece(TestModels.model("llama", 1, random), random)
                        .bytes(),
                quantized.bytes());
        FuzzOutcomes outcomes =
                Fuzzer.run("GGUF import", seeds, GgufFields.mutator(), this::read, InvalidModelException.class);
        assertTrue(outcomes.accepted() > 0, outcomes.toString());
        outcomes.assertSeen("expected at most", "is not supported", "stands twice", "missing");
    }

    /** All of an import but the writing; a file without an architecture is only read. */
    private void read(byte[] input) throws Exception {
        Path file = Files.write(folder.resolve("fuzzed.gguf"), input);
        try (GgufFile gguf = GgufFile.open(file);
                Arena arena = Arena.ofConfined()) {
            if (!gguf.metadata().has("general.architecture") && gguf.metadata().has("general.alignment")) {
                for (GgufTensor tensor : gguf.tensors().values()) {
                    float[] row = new float[Math.toIntExact(tensor.rowLength())];
                    for (long r = 0; r < tensor.rows(); r++) {
                        tensor.readRow(r, new byte[tensor.rowBytes()], row);
                    }
                }
                return;
            }
            GgufImport.Prepared prepared = GgufImport.prepare(gguf, DType.F32);
            prepared.texts().forEach((name, text) -> Json.parseObject(text.getBytes(StandardCharsets.UTF_8), name));
            for (TensorConversion tensor : prepared.tensors()) {
                assertEquals(
                        tensor.byteSize(),
                        4 * tensor.shape().stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b));
                tensor.run(arena.allocate(tensor.byteSize()));
            }
        }
    }
}
