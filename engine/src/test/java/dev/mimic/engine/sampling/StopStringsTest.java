package dev.mimic.engine.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class StopStringsTest {
    @Test
    void textBeforeTheStopStringIsGivenAndNothingAfterIt() {
        StopStrings stops = new StopStrings(List.of("END"));
        assertEquals("one ", stops.append("one ENDtwo"));
        assertEquals(Optional.of("END"), stops.found());
        assertEquals("", stops.append("three"));
        assertEquals("", stops.finish());
    }

    @Test
    void textIsWithheldWhileItCouldBecomeAStopString() {
        StopStrings stops = new StopStrings(List.of("\n\nUser:"));
        assertEquals("Hi", stops.append("Hi"));
        assertEquals("", stops.append("\n"));
        assertEquals("", stops.append("\nUse"));
        assertEquals("\n\nUse it", stops.append(" it"));
        assertEquals(" ", stops.append(" \n"));
        assertEquals("\n", stops.finish());
        assertEquals(Optional.empty(), stops.found());
    }

    @Test
    void aStopStringThatOverlapsItselfIsFound() {
        StopStrings stops = new StopStrings(List.of("aab"));
        assertEquals("", stops.append("aa"));
        assertEquals("a", stops.append("a"));
        assertEquals("", stops.append("b"));
        assertEquals(Optional.of("aab"), stops.found());
    }

    @Test
    void theStringThatIsCompleteFirstWins() {
        StopStrings stops = new StopStrings(List.of("abcd", "bc"));
        assertEquals("xa", stops.append("xabcd"));
        assertEquals(Optional.of("bc"), stops.found());
    }

    @Test
    void ofStringsThatEndTogetherTheLongestWins() {
        StopStrings stops = new StopStrings(List.of("c", "abc", "bc"));
        assertEquals("x", stops.append("xabc"));
        assertEquals(Optional.of("abc"), stops.found());
    }

    @Test
    void withoutStopStringsAllTextPasses() {
        StopStrings stops = new StopStrings(List.of());
        assertEquals("a😀", stops.append("a😀"));
        assertEquals("", stops.finish());
    }

    @Test
    void anEmptyStopStringIsRefused() {
        assertEquals(
                "sampling: stop string 1 is empty, expected a text",
                assertThrows(IllegalArgumentException.class, () -> new StopStrings(List.of("a", "")))
                        .getMessage());
    }

    @Test
    void theResultDoesNotDependOnThePiecesAndIsThatOfASearch() {
        SeededCases.run(3000, 1, random -> {
            String text = text(random, random.nextInt(30));
            List<String> strings = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                strings.add(text(random, 1 + random.nextInt(5)));
            }
            StopStrings stops = new StopStrings(strings);
            StringBuilder given = new StringBuilder();
            for (int at = 0; at < text.length(); ) {
                int to = Math.min(text.length(), at + random.nextInt(4));
                given.append(stops.append(text.substring(at, to)));
                at = to;
                checkWithheld(text.substring(0, at), given.toString(), strings, stops);
            }
            given.append(stops.finish());
            String expected = text;
            Optional<String> found = Optional.empty();
            for (int end = 1; end <= text.length() && found.isEmpty(); end++) {
                String read = text.substring(0, end);
                found = strings.stream().filter(read::endsWith).reduce((a, b) -> a.length() >= b.length() ? a : b);
                expected = found.map(stop -> read.substring(0, read.length() - stop.length()))
                        .orElse(text);
            }
            assertEquals(expected, given.toString());
            assertEquals(found, stops.found());
        });
    }

    /** Nothing is held back that could not begin a stop string. */
    private static void checkWithheld(String read, String given, List<String> strings, StopStrings stops) {
        if (stops.found().isPresent()) {
            return;
        }
        assertTrue(read.startsWith(given));
        String held = read.substring(given.length());
        assertTrue(held.isEmpty() || strings.stream().anyMatch(stop -> stop.startsWith(held)), () -> "held " + held);
    }

    private static String text(RandomGenerator random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(2)));
        }
        return text.toString();
    }
}
