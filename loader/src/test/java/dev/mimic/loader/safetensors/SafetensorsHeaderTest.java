package dev.mimic.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every way in which a header can lie has its own line. */
final class SafetensorsHeaderTest {
    private static final String GOOD = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    /** Header, bytes of data behind it, message. */
    @SuppressWarnings("unused") // named by @FieldSource
    private static final List<Arguments> LIES = List.of(
            lie("[]", 0, "header: expected '{' as its first byte, found 0x5b"),
            lie(" {}", 0, "header: expected '{' as its first byte, found 0x20"),
            lie(
                    "{\"a\":}",
                    0,
                    "header: not valid JSON at character 5: Unexpected character ('}' (code 125)): expected a"),
            lie("{\"a\"", 0, "header: not valid JSON at character 4: Unexpected end-of-input"),
            lie("{}{}", 0, "header: expected nothing after the object, found an object"),
            lie("{} 1", 0, "header: expected nothing after the object, found 1"),
            lie("{}\u0000", 0, "header: not valid JSON at character 3: Illegal character ((CTRL-CHAR, code 0))"),
            lie("{\"a\":1}", 0, "tensor 'a': expected an object, found 1"),
            lie("{\"a\":[]}", 0, "tensor 'a': expected an object, found a list"),
            lie("{\"a\":null}", 0, "tensor 'a': expected an object, found null"),
            lie("{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4, "tensor 'a': dtype: missing"),
            lie("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "tensor 'a': shape: missing"),
            lie("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "tensor 'a': data_offsets: missing"),
            tensor(
                    "\"f32\"",
                    "[1]",
                    "[0,4]",
                    "dtype: expected one of [BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16,"
                            + " BF16, I32, U32, F32, I64, U64, F64], found 'f32'"),
            tensor("32", "[1]", "[0,4]", "dtype: expected a text, found 32"),
            tensor("\"F32\"", "4", "[0,4]", "shape: expected a list of integers, found 4"),
            tensor("\"F32\"", "[1.0]", "[0,4]", "shape: expected integers, found 1.0"),
            tensor("\"F32\"", "[[1]]", "[0,4]", "shape: expected integers, found a list"),
            tensor("\"F32\"", "[-1]", "[0,4]", "shape: expected integers from 0 to 9223372036854775807, found -1"),
            tensor(
                    "\"F32\"",
                    "[9223372036854775808]",
                    "[0,4]",
                    "shape: expected integers from 0 to 9223372036854775807, found 9223372036854775808"),
            tensor("\"F32\"", "[1" + ",1".repeat(64) + "]", "[0,4]", "shape: expected at most 64 numbers, found more"),
            tensor(
                    "\"F32\"",
                    "[4611686018427387904,4]",
                    "[0,4]",
                    "shape [4611686018427387904, 4] of F32 overflows 64 bits"),
            tensor("\"F32\"", "[4611686018427387904]", "[0,4]", "shape [4611686018427387904] of F32 overflows 64 bits"),
            tensor("\"F32\"", "[2]", "[0,4]", "shape [2] of F32 needs 8 bytes, offsets declare 4"),
            tensor("\"F32\"", "[0]", "[0,4]", "shape [0] of F32 needs 0 bytes, offsets declare 4"),
            tensor("\"F32\"", "[1]", "[4]", "data_offsets: expected [begin, end], found 1 numbers"),
            tensor("\"F32\"", "[1]", "[0,4,4]", "data_offsets: expected [begin, end], found 3 numbers"),
            tensor("\"F32\"", "[1]", "[4,0]", "data_offsets: expected begin <= end, found [4, 0]"),
            tensor(
                    "\"F32\"",
                    "[1]",
                    "[0,5]",
                    "data_offsets: expected an end within the 4 bytes of data that the file holds, found [0, 5]"),
            tensor(
                    "\"F32\"",
                    "[1]",
                    "[9223372036854775804,9223372036854775807]",
                    "data_offsets: expected an end within the 4 bytes of data"),
            tensor(
                    "\"F32\"",
                    "[1]",
                    "[-4,0]",
                    "data_offsets: expected integers from 0 to 9223372036854775807, found -4"),
            lie(
                    "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                    4,
                    "tensor 'a': dtype stands twice"),
            lie(
                    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}}",
                    4,
                    "tensor 'a': shape stands twice"),
            lie(
                    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"data_offsets\":[0,4]}}",
                    4,
                    "tensor 'a': data_offsets stands twice"),
            lie("{\"a\":" + GOOD + ",\"a\":" + GOOD + "}", 8, "tensor 'a': the name stands twice"),
            lie("{\"\\udc00\":1}", 0, "header: not valid JSON at character 8: Unexpected low surrogate in field name"),
            lie("{\"\\ud800\":1}", 0, "header: not valid JSON at character 8: Broken surrogate pair in field name"),
            lie("{\"a\":" + GOOD + "}", 9, "expected 8 bytes of data, as the header declares, found 9: trailing bytes"),
            lie("{}", 1, "expected 0 bytes of data, as the header declares, found 1: trailing bytes"),
            lie(
                    "{\"a\":" + GOOD + ",\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[10,11]}}",
                    11,
                    "tensor 'b': data_offsets: expected to begin at 8, found 10: a hole of 2 bytes"),
            lie(
                    "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                    2,
                    "tensor 'b': data_offsets: expected to begin at 0, found 1: a hole of 1 bytes"),
            lie(
                    "{\"a\":" + GOOD + ",\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[6,10]}}",
                    10,
                    "tensor 'b': data_offsets: expected to begin at 8, found 6: an overlap of 2 bytes"),
            lie(
                    "{\"a\":" + GOOD + ",\"b\":" + GOOD + "}",
                    8,
                    "tensor 'b': data_offsets: expected to begin at 8, found 0: an overlap of 8 bytes"),
            lie("{\"__metadata__\":[]}", 0, "__metadata__: expected an object of texts, found a list"),
            lie("{\"__metadata__\":null}", 0, "__metadata__: expected an object of texts, found null"),
            lie("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: 'a': expected a text, found 1"),
            lie("{\"__metadata__\":{\"a\":{}}}", 0, "__metadata__: 'a': expected a text, found an object"),
            lie("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "__metadata__: 'a' stands twice"),
            lie("{\"__metadata__\":{\"a\":\"\\udc00\"}}", 0, "__metadata__: 'a': half of a surrogate pair"),
            lie("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "header: __metadata__ stands twice"));

    @ParameterizedTest
    @FieldSource("LIES")
    void aHeaderThatLiesIsRefusedByName(String header, int dataBytes, String message) {
        assertRefused(message, Crafted.file(header, dataBytes));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void aFileWithoutALengthIsRefused(int size) {
        assertRefused("header length: expected at least 8 bytes in the file, found " + size, new byte[size]);
    }

    @Test
    void aLengthThatTheFileDoesNotHoldIsRefused() {
        byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
        assertRefused(
                "header length: expected at most 2 bytes, what the file holds, found 3", Crafted.file(3, header, 0));
        assertRefused(
                "header length: expected at most 6 bytes, what the file holds, found 9223372036854775808",
                Crafted.file(Long.MIN_VALUE, header, 4));
        assertRefused(
                "header length: expected at most 6 bytes, what the file holds, found 18446744073709551615",
                Crafted.file(-1, header, 4));
    }

    @Test
    void aHeaderShorterThanAnObjectIsRefused() {
        assertRefused("header length: expected at least 2 bytes, found 0", Crafted.file(0, new byte[0], 16));
        assertRefused("header length: expected at least 2 bytes, found 1", Crafted.file(1, new byte[] {'{'}, 0));
    }

    @Test
    void aHeaderOverTheLimitIsRefusedBeforeItIsRead() {
        byte[] start = Crafted.file(100_000_001, new byte[0], 0);
        InvalidModelException e = assertThrows(
                InvalidModelException.class,
                () -> SafetensorsHeader.read(new ByteArrayInputStream(start), 1L << 40, "x.safetensors"));
        assertEquals("x.safetensors: header length: expected at most 100000000 bytes, found 100000001", e.getMessage());
    }

    @Test
    void aHeaderThatIsNotUtf8IsRefused() {
        for (byte[] wrong : new byte[][] {
            {(byte) 0xff},
            {(byte) 0xc0, (byte) 0x80},
            {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
            {(byte) 0xe2, (byte) 0x82}
        }) {
            byte[] header = new byte[6 + wrong.length];
            System.arraycopy("{\"".getBytes(StandardCharsets.UTF_8), 0, header, 0, 2);
            System.arraycopy(wrong, 0, header, 2, wrong.length);
            System.arraycopy("\":1}".getBytes(StandardCharsets.UTF_8), 0, header, 2 + wrong.length, 4);
            assertRefused("header: bytes that are not UTF-8", Crafted.file(header.length, header, 0));
        }
    }

    @Test
    void aFileThatEndsWhileItIsReadIsRefused() throws IOException {
        byte[] file = Crafted.file("{\"a\":" + GOOD + "}", 8);
        for (int cut : new int[] {4, 8, 20}) {
            InputStream shorter = new ByteArrayInputStream(file, 0, cut);
            assertThrows(
                    InvalidModelException.class, () -> SafetensorsHeader.read(shorter, file.length, "x.safetensors"));
        }
    }

    @Test
    void veryDeepNestingIsRefused() {
        assertRefused("header: not valid JSON", Crafted.file("{\"a\":{\"x\":" + "[".repeat(100_000) + "}}", 0));
    }

    @Test
    void aLongNameIsShortenedInMessages() {
        String name = "n".repeat(500_000);
        assertRefused("tensor '" + "n".repeat(119) + "…': dtype: missing", Crafted.file("{\"" + name + "\":{}}", 0));
    }

    @Test
    void blanksAfterTheObjectAndFieldsUnknownAreAccepted() {
        String entry = "{\"note\":{\"x\":[1,{\"y\":2}]},\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
        SafetensorsHeader header = Crafted.read(Crafted.file("{\"a\":" + entry + "} \n\t\r  ", 8));
        assertEquals(List.of(new SafetensorsHeader.Entry("a", DType.F32, List.of(2L), 0, 8)), header.entries());
    }

    @Test
    void tensorsComeInTheOrderOfTheirBytesWhateverTheHeadersOrder() {
        String b = "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[8,9]}";
        String empty = "\"empty\":{\"dtype\":\"F64\",\"shape\":[3,0],\"data_offsets\":[8,8]}";
        SafetensorsHeader header = Crafted.read(Crafted.file("{" + b + ",\"a\":" + GOOD + "," + empty + "}", 9));
        assertEquals(
                List.of("a", "empty", "b"),
                header.entries().stream().map(SafetensorsHeader.Entry::name).toList());
    }

    @Test
    void anEmptyTensorMayHaveAWildDimension() {
        SafetensorsHeader header = Crafted.read(Crafted.file(
                "{\"a\":{\"dtype\":\"F64\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]}}", 0));
        assertEquals(List.of(0L, Long.MAX_VALUE), header.entries().getFirst().shape());
    }

    @Test
    void metadataAreReadInOrder() {
        SafetensorsHeader header = Crafted.read(Crafted.file("{\"__metadata__\":{\"b\":\"1\",\"a\":\"\\u00e9\"}}", 0));
        assertEquals(Map.of("b", "1", "a", "é"), header.metadata());
        assertEquals(List.of("b", "a"), List.copyOf(header.metadata().keySet()));
    }

    private static void assertRefused(String message, byte[] file) {
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> Crafted.read(file));
        assertTrue(e.getMessage().startsWith("x.safetensors: " + message), e.getMessage());
    }

    private static Arguments lie(String header, int dataBytes, String message) {
        return Arguments.of(header, dataBytes, message);
    }

    private static Arguments tensor(String dtype, String shape, String offsets, String message) {
        return lie(
                "{\"a\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}",
                4,
                "tensor 'a': " + message);
    }
}
