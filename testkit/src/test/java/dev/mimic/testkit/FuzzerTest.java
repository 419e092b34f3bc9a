package dev.mimic.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** The fuzzer itself finds what it is there to find. */
final class FuzzerTest {
    private static final List<byte[]> SEEDS =
            List.of("{\"name\": [1, 2.5, \"text\"], \"b\": {\"c\": null}}".getBytes(StandardCharsets.UTF_8));

    @Test
    void whatIsAcceptedAndRefusedIsCountedByKind() {
        FuzzOutcomes outcomes = run("counting", input -> {
            if (!sound(input)) {
                throw new IllegalStateException("file.json: field 'x" + input.length + "' has " + input.length);
            }
        });
        assertEquals(List.of("field _ has N"), List.copyOf(outcomes.refused().keySet()));
        assertEquals(Fuzzer.cases(), outcomes.accepted() + outcomes.refused().get("field _ has N"));
        outcomes.assertSeen("has N");
        assertThrows(AssertionError.class, () -> outcomes.assertSeen("never"));
    }

    @Test
    void anExceptionThatIsNotAllowedIsAFailure() {
        assertFails("ended in java.lang.ArithmeticException", () -> {
            throw new ArithmeticException("x");
        });
    }

    @Test
    void anErrorIsAFailure() {
        assertFails("ended in java.lang.StackOverflowError", () -> {
            throw new StackOverflowError();
        });
    }

    @Test
    void aMessageOfTwoLinesIsAFailure() {
        assertFails("has no message of one line", () -> {
            throw new IllegalStateException("one\ntwo");
        });
    }

    @Test
    void allocatingTooMuchIsAFailure() {
        assertFails("allocated", () -> assertEquals(300 << 20, new byte[300 << 20].length));
    }

    @Test
    void aSeedThatIsRefusedIsAFailure() {
        AssertionError e = assertThrows(
                AssertionError.class,
                () -> run("bad seed", input -> {
                    throw new IllegalStateException("no");
                }));
        assertTrue(e.getMessage().contains("seed 0 is not accepted: no"), e.getMessage());
    }

    @Test
    void mutatorsAreSeededAndLeaveTheirInputAlone() {
        byte[] seed = SEEDS.getFirst();
        byte[] copy = seed.clone();
        List<Mutator> mutators = List.of(
                JsonMutations::any,
                ByteMutations::any,
                JsonMutations::behindLength,
                ByteMutations.withSplices(SEEDS),
                TextMutations.words(List.of("{", "name", "]")));
        for (Mutator mutator : mutators) {
            int changed = 0;
            for (int i = 0; i < 500; i++) {
                byte[] once = mutator.mutate(seed, generator(i));
                assertEquals(text(once), text(mutator.mutate(seed, generator(i))));
                changed += text(once).equals(text(seed)) ? 0 : 1;
            }
            assertEquals(text(copy), text(seed));
            assertTrue(changed > 250, "only " + changed + " of 500 edits change anything");
        }
    }

    private static void assertFails(String expected, Runnable onBroken) {
        AssertionError e = assertThrows(
                AssertionError.class,
                () -> run("failing " + expected, input -> {
                    if (!sound(input)) {
                        onBroken.run();
                    }
                }));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    private static FuzzOutcomes run(String target, Fuzzer.Check check) {
        return Fuzzer.run(target, SEEDS, JsonMutations::any, check, IllegalStateException.class);
    }

    private static boolean sound(byte[] input) {
        return text(input).equals(text(SEEDS.getFirst()));
    }

    private static RandomGenerator generator(int seed) {
        return SeededCases.generator(seed);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
