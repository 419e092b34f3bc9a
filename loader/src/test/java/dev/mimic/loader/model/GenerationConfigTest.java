package dev.mimic.loader.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class GenerationConfigTest {
    @Test
    void whatIsProposedIsRead() {
        assertEquals(
                new GenerationConfig(
                        Optional.of(true),
                        OptionalDouble.of(0.7),
                        OptionalInt.of(20),
                        OptionalDouble.of(0.8),
                        OptionalDouble.of(0.05),
                        OptionalDouble.of(1.1),
                        OptionalInt.of(512),
                        OptionalInt.of(151643),
                        OptionalInt.of(151643),
                        List.of(151645, 151643),
                        List.of("\n\n"),
                        List.of()),
                read("""
                        {"bos_token_id": 151643, "pad_token_id": 151643, "do_sample": true,
                         "eos_token_id": [151645, 151643, 151645], "repetition_penalty": 1.1, "temperature": 0.7,
                         "top_p": 0.8, "top_k": 20, "min_p": 0.05, "max_new_tokens": 512, "stop_strings": ["\\n\\n"],
                         "transformers_version": "4.37.0", "num_beams": 1, "suppress_tokens": [], "max_length": 4096}
                        """));
    }

    @Test
    void nothingIsProposedByAnEmptyFile() {
        assertEquals(GenerationConfig.none(), read("{}"));
        assertEquals(Optional.empty(), GenerationConfig.none().doSample());
        assertEquals(List.of(), GenerationConfig.none().eosIds());
    }

    @Test
    void oneIdOrOneTextStandsForAList() {
        GenerationConfig config = read("{\"eos_token_id\": 2, \"stop_strings\": \"x\"}");
        assertEquals(List.of(2), config.eosIds());
        assertEquals(List.of("x"), config.stopStrings());
    }

    @Test
    void keysThatAreNotHonouredAreListed() {
        assertEquals(
                List.of("num_beams", "no_repeat_ngram_size", "suppress_tokens"),
                read("{\"suppress_tokens\": [1], \"num_beams\": 4, \"no_repeat_ngram_size\": 2, \"typical_p\": 1.0}")
                        .unsupported());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "temperature": -0.1       | temperature: expected a finite number of at least 0, found -0.1
            "temperature": 1e999      | temperature: expected a finite number of at least 0, found Infinity
            "top_k": -1               | top_k: expected an integer from 0 to 2147483647, found -1
            "top_k": 1.5              | top_k: expected an integer of 32 bits, found 1.5
            "top_p": 1.01             | top_p: expected a number from 0 to 1, found 1.01
            "min_p": -1               | min_p: expected a number from 0 to 1, found -1.0
            "repetition_penalty": 0   | repetition_penalty: expected a finite number above 0, found 0.0
            "max_new_tokens": 0       | max_new_tokens: expected an integer from 1 to 2147483647, found 0
            "do_sample": "yes"        | do_sample: expected true or false, found the text "yes"
            "eos_token_id": [-2]      | eos_token_id: expected an id from 0 on or a list of them, found -2
            "stop_strings": [1]       | stop_strings: expected texts only
            """)
    void whatIsOutOfRangeIsRefusedByName(String member, String message) {
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> read("{" + member + "}"));
        assertTrue(e.getMessage().startsWith("generation_config.json: " + message), e.getMessage());
    }

    private static GenerationConfig read(String json) {
        return GenerationConfig.of(Json.parseObject(json.getBytes(StandardCharsets.UTF_8), "generation_config.json"));
    }
}
