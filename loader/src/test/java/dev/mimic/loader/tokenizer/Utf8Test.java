package dev.mimic.loader.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mimic.testkit.SeededCases;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class Utf8Test {
    // Unicode 16, tables 3-8 to 3-11, and the ends of the ranges
    @ParameterizedTest
    @CsvSource({
        "C0AFE080BFF0818241,????????A",
        "EDA080EDBFBFEDAF41,????????A",
        "F4919293FF4180BF42,?????A??B",
        "E180E2F09192F1BF41,????A",
        "C3A9,é",
        "EFBFBF,\uFFFF",
        "F09F98,?",
        "F48FBFBF,\uDBFF\uDFFF",
        "C3C3A9,?é"
    })
    void everyMaximalPartOfABrokenSequenceIsOneReplacement(String hex, String expected) {
        LenientUtf8 characters = new LenientUtf8();
        for (byte b : HexFormat.of().parseHex(hex)) {
            characters.add(b);
        }
        characters.end();
        assertEquals(expected.replace('?', '\uFFFD'), characters.take());
    }

    @Test
    void everyCharacterIsReadAndWrittenAsJavaDoes() {
        byte[] buffer = new byte[4];
        for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint += codePoint < 0x3000 ? 1 : 97) {
            if (codePoint >= 0xD800 && codePoint < 0xE000) {
                continue;
            }
            int length = Utf8.put(codePoint, buffer, 0);
            String text = Character.toString(codePoint);
            assertEquals(text, new String(buffer, 0, length, StandardCharsets.UTF_8));
            assertEquals(length, Utf8.sequenceLength(buffer, 0, length));
        }
    }

    @Test
    void validityIsWhatJavaSaysOfRandomBytes() {
        SeededCases.run(20_000, 1, random -> {
            byte[] bytes = new byte[1 + random.nextInt(4)];
            random.nextBytes(bytes);
            bytes[0] |= (byte) 0xC0;
            for (int i = 1; i < bytes.length; i++) {
                bytes[i] = (byte) ((bytes[i] & (random.nextInt(8) == 0 ? 0xFF : 0xBF)) | 0x80);
            }
            int length = Utf8.sequenceLength(bytes, 0, bytes.length);
            boolean valid = length > 0;
            int lead = bytes[0] & 0xFF;
            int claimed = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
            boolean java = claimed <= bytes.length
                    && new String(bytes, 0, claimed, StandardCharsets.UTF_8).indexOf('\uFFFD') < 0;
            boolean replacementItself = claimed == 3
                    && claimed <= bytes.length
                    && HexFormat.of().formatHex(bytes, 0, 3).equals("efbfbd");
            assertEquals(java || replacementItself, valid);
        });
    }
}
