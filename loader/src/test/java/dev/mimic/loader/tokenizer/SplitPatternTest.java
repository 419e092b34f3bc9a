package dev.mimic.loader.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.testkit.SeededCases;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SplitPatternTest {
    private static final String[] PARTS = {
        "a", "Zz", "é", "e\u0301", "ſ", "'s", "'S", "'ſ", "'ll", "'RE", "'", "1", "٣", "½", "Ⅷ", "中", "😀", "𝔘", "𝟙",
        " ", "  ", "\n", "\r\n", "\t", "\u00A0", "\u2028", "\u0085", "\u3000", "\u200B", "\uFEFF", "\u001F", "!", "--",
        "_", "$", "\u0000"
    };

    private static List<String> pieces(SplitPattern pattern, String text) {
        List<String> pieces = new ArrayList<>();
        pattern.cut(text, (from, to, match) -> pieces.add((match ? "+" : "-") + text.substring(from, to)));
        return pieces;
    }

    private static RegexPattern regex(String regex) {
        return RegexPattern.of(regex, "tokenizer.json", "pre_tokenizer");
    }

    @ParameterizedTest
    @ValueSource(strings = {WordPattern.GPT2, WordPattern.LLAMA3, WordPattern.QWEN})
    void theCodeForAKnownExpressionCutsAsTheExpressionDoes(String known) {
        SplitPattern code = WordPattern.of(known).orElseThrow();
        SplitPattern expression = regex(known);
        SeededCases.run(3000, 1, random -> {
            String text = randomText(random);
            assertEquals(pieces(expression, text), pieces(code, text));
        });
    }

    private static String randomText(RandomGenerator random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(14); i > 0; i--) {
            text.append(PARTS[random.nextInt(PARTS.length)]);
        }
        return text.toString();
    }

    // what Oniguruma finds, where Java's syntax or classes would say something else
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "\\w+;a½_;[+a½_]",
                "[\\w]+;a½_;[+a, -½, +_]",
                "\\h+;xAFg;[-x, +AF, -g]",
                "\\p{^L}+;a1b;[-a, +1, -b]",
                "\\p{Han}+;a中b;[-a, +中, -b]",
                "[[:punct:]]+;a$°b;[-a, +$°, -b]",
                "[]a]+;b]a;[-b, +]a]",
                "(?m:.)b;ab;[+ab]",
                "a*;baac;[+, -b, +aa, -c, +]",
                "x{;ax{b;[-a, +x{, -b]",
                "(?i:s);ſ;[+ſ]",
                "\\s+;a\u00A0\u3000\u200Bb;[-a, +\u00A0\u3000, -\u200Bb]"
            })
    void oniguramasSyntaxIsUnderstood(String regex, String text, String pieces) {
        assertEquals(pieces, pieces(regex(regex), text).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"(", "\\p{Nonsense}", "a{1,3}+", "\\Ka", "(?:(?:a{1,1000}){1,1000}){1,1000}", "\\Qa\\E", "[a"})
    void anExpressionThatCannotBeMatchedTheSameWayIsRefused(String regex) {
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> regex(regex));
        assertTrue(e.getMessage().startsWith("tokenizer.json: pre_tokenizer: not a regular"), e.getMessage());
    }

    @Test
    void anExpressionThatWouldTakeForeverEndsInAnError() {
        SplitPattern catastrophe = regex("(?:x+x+)+y");
        InvalidModelException e =
                assertThrows(InvalidModelException.class, () -> pieces(catastrophe, "x".repeat(5000)));
        assertTrue(e.getMessage().contains("too many steps"), e.getMessage());
    }

    @Test
    void anExpressionThatNestsTooDeepEndsInAnError() {
        assertThrows(InvalidModelException.class, () -> regex("(".repeat(30_000) + ")".repeat(30_000)));
        SplitPattern recursive = regex("(?:a|b)+?c");
        assertThrows(InvalidModelException.class, () -> pieces(recursive, "ab".repeat(1_000_000)));
    }
}
