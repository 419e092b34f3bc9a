package dev.mimic.loader.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTest {
    @Test
    void whatIsWrittenReadsBackTheSame() {
        String text = "{\"a\":[1,-2.5,true,null,\"\\u00e4\\n\"],\"b\":{\"c\":12345678901234567890}}";
        assertEquals(text.replace("\\u00e4", "ä"), Json.write(Json.parse(text, "test")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{\"a\":1,\"a\":2}", "[1] 2", "nul", "{\"a\":01}", "\"\u0001\"", "[NaN]"})
    void whatIsNotStrictJsonIsRefused(String text) {
        assertThrows(InvalidModelException.class, () -> Json.parse(text, "test"));
    }

    @Test
    void deepNestingIsRefused() {
        assertThrows(InvalidModelException.class, () -> Json.parse("[".repeat(5000), "test"));
    }

    @Test
    void aFieldOfTheWrongKindIsNamed() {
        JsonObject object =
                new JsonObject("config.json", "", java.util.Map.of("rope", java.util.Map.of("factor", "x")));
        InvalidModelException e = assertThrows(
                InvalidModelException.class,
                () -> object.object("rope").orElseThrow().number("factor"));
        assertTrue(e.getMessage().startsWith("config.json: rope.factor: expected a number"), e.getMessage());
    }

    @Test
    void theLineAndColumnOfAMistakeAreNamed() {
        InvalidModelException e =
                assertThrows(InvalidModelException.class, () -> Json.parse("{\"a\": 1,\n \"b\": x}", "config.json"));
        assertTrue(e.getMessage().startsWith("config.json: not valid JSON at line 2, column 7: "), e.getMessage());
    }

    @Test
    void aFileTooLargeIsRefusedUnread(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("large.json");
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            large.setLength(3L << 30); // sparse
        }
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> Json.readObject(file));
        assertEquals("large.json: expected at most 268435456 bytes of JSON, found 3221225472", e.getMessage());
    }

    @Test
    void aNumberBeyondADoubleIsDescribedAsInfinity() {
        JsonObject object = new JsonObject("config.json", "", java.util.Map.of("size", Double.POSITIVE_INFINITY));
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> object.integer("size"));
        assertEquals("config.json: size: expected an integer of 32 bits, found Infinity", e.getMessage());
    }
}
