package dev.mimic.loader.model;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.FuzzOutcomes;
import dev.mimic.testkit.Fuzzer;
import dev.mimic.testkit.JsonMutations;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broken configurations and indexes end in one line. */
final class ModelConfigFuzzTest {
    @TempDir
    private Path folder;

    @Test
    void aBrokenConfigIsRefusedInOneLine() {
        FuzzOutcomes outcomes = Fuzzer.run(
                "config.json",
                bytes(Configs.LLAMA32, Configs.SMOLLM2, Configs.MISTRAL, Configs.QWEN2, Configs.QWEN3),
                JsonMutations::any,
                input -> ModelConfig.of(Json.parseObject(input, "config.json")),
                InvalidModelException.class);
        if (Fuzzer.cases() >= 2000) {
            outcomes.assertSeen("missing", "expected an integer from N to N, found N", "not valid JSON");
        }
    }

    @Test
    void aBrokenGenerationConfigIsRefusedInOneLine() {
        Fuzzer.run(
                "generation_config.json",
                bytes(
                        "{\"eos_token_id\": [1, 2], \"do_sample\": true, \"temperature\": 0.6, \"top_p\": 0.9}",
                        "{\"bos_token_id\": 1, \"eos_token_id\": 2, \"top_k\": 5, \"stop_strings\": [\"a\"],"
                                + " \"num_beams\": 1, \"repetition_penalty\": 1.1, \"max_new_tokens\": 7}"),
                JsonMutations::any,
                input -> GenerationConfig.of(Json.parseObject(input, "generation_config.json")),
                InvalidModelException.class);
    }

    @Test
    void aBrokenIndexIsRefusedInOneLineAndOpensNothingOutsideTheFolder() throws IOException {
        Path inside = Files.createDirectories(folder.resolve("inside"));
        for (String name : List.of("one", "two")) {
            SafetensorsWriter.write(
                    inside.resolve(name + ".safetensors"),
                    List.of(TensorView.of(name, DType.U8, MemorySegment.ofArray(new byte[3]), 3)),
                    Map.of());
        }
        Path index = inside.resolve(WeightFiles.INDEX);
        Fuzzer.run(
                "model.safetensors.index.json",
                bytes("{\"metadata\": {\"total_size\": 6}, \"weight_map\": {\"one\": \"one.safetensors\","
                        + " \"two\": \"two.safetensors\"}}"),
                JsonMutations::any,
                input -> {
                    Files.write(index, input);
                    WeightFiles.open(inside).forEach(file -> {
                        if (!inside.equals(file.path().getParent())) {
                            throw new AssertionError("opened " + file.path());
                        }
                        file.close();
                    });
                },
                InvalidModelException.class);
    }

    private static List<byte[]> bytes(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }
}
