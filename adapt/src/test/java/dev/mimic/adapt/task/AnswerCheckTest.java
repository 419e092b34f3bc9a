package dev.mimic.adapt.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mimic.loader.InvalidModelException;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AnswerCheckTest {
    @ParameterizedTest
    @CsvSource({
        "7+5=12., 12",
        "12-5=7., 7",
        "'it is -3', -3",
        "'3 - 4', 4",
        "'none', ",
        "'', ",
    })
    void theLastIntegerIsTheNumber(String reply, String found) {
        assertEquals(Optional.ofNullable(found), AnswerCheck.NUMBER.extract(reply));
    }

    @ParameterizedTest
    @CsvSource({"It is cat(B)., B", "'A or C', C", "'ABBA', ", "'B_', ", "'B1 (D)', D", "'äB', "})
    void theLastLetterThatStandsAloneIsTheLetter(String reply, String found) {
        assertEquals(Optional.ofNullable(found), AnswerCheck.LETTER.extract(reply));
    }

    @ParameterizedTest
    @CsvSource({"'\\boxed{math} \\boxed{code}', code", "'boxed{math}', ", "'\\boxed{m2}', "})
    void theLastBoxCounts(String reply, String found) {
        assertEquals(Optional.ofNullable(found), AnswerCheck.BOXED.extract(reply));
    }

    @ParameterizedTest
    @CsvSource({
        "x+2*3, 9",
        "(x+2)*3, 15",
        "-x % 5, 2",
        "'x % -2', -1",
        "'max(x,7)', 7",
        "'min( x , 7 , 1 )', 1",
        "abs(-x), 3",
        "- -x, 3",
        "x*-2, -6",
        "x**2, ",
        "x/2, ",
        "y, ",
        "x.0, ",
        "07, ",
        "max(x), ",
        "'x, x', ",
        "x%0, ",
        "(x, ",
        "9999999999999999999, ",
        "__import__(x), ",
    })
    void expressionsHavePythonsValue(String text, Long value) {
        assertEquals(Optional.ofNullable(value), ArithmeticExpression.evaluate(text, Map.of("x", 3L)));
    }

    @Test
    void deepNestingIsNoExpression() {
        assertEquals(Optional.empty(), ArithmeticExpression.evaluate("(".repeat(100_000), Map.of()));
    }

    @Test
    void anExpressionIsRightWhenEveryCaseIs() {
        String line =
                "{\"prompt\":\"p\",\"answer\":\"x+1\",\"tests\":[{\"given\":{\"x\":0},\"value\":1},{\"given\":{\"x\":3},\"value\":4}]}";
        Example example = Example.parse(line, "test").getFirst();
        assertEquals(true, AnswerCheck.EXPRESSION.isRight(" 1 + x\n", example));
        assertEquals(false, AnswerCheck.EXPRESSION.isRight("x*x+1", example));
        assertEquals(false, AnswerCheck.EXPRESSION.isRight("", example));
    }

    @Test
    void anUnknownCheckIsNamedWithItsLine() {
        Example example = Example.parse("\n{\"prompt\":\"p\",\"answer\":\"a\",\"check\":\"taste\"}", "t.jsonl")
                .getFirst();
        InvalidModelException e = assertThrows(InvalidModelException.class, () -> AnswerCheck.of(example));
        assertEquals(
                "t.jsonl line 2: check: expected number, letter, boxed, expression or exact, found 'taste'",
                e.getMessage());
    }

    @Test
    void theIntervalIsWilsons() {
        Accuracy accuracy = new Accuracy(135, 300);
        assertEquals(0.395, accuracy.low(), 5e-4);
        assertEquals(0.507, accuracy.high(), 5e-4);
        assertEquals(1, new Accuracy(300, 300).high(), 1e-12);
        assertEquals(0.987, new Accuracy(300, 300).low(), 5e-4);
    }
}
