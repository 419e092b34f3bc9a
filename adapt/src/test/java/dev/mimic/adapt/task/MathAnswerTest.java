package dev.mimic.adapt.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MathAnswerTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            \\frac43            | \\frac{4}{3}
            \\dfrac 43          | \\tfrac{4}{3}
            \\frac{270}7\\text{ degrees} | \\frac{270}{7}
            \\frac9{19}         | 9/19
            \\frac{\\frac12}3   | \\frac{\\frac{1}{2}}{3}
            -\\frac{3}{2}       | \\frac{-3}{2}
            \\frac{1}{2}        | 0.5
            .5                  | 0.50
            11\\sqrt2           | 11 \\sqrt{2}
            \\frac{1}{\\sqrt2}  | \\frac1{\\sqrt{2}}
            x=5                 | 5
            y = 2x + 3          | 2x+3
            58,500              | 58500
            10,\\!080           | 10080
            \\$32,\\!348        | 32348
            90^\\circ           | 90^{\\circ}
            90^\\circ           | 90
            864 \\mbox{ inches}^2 | 864
            5.4 \\text{ cents}  | 5.4
            \\text{Evelyn}      | Evelyn
            \\text{(C)}         | C
            4210_{5}            | 4210_5
            \\left( 3, \\frac{\\pi}{2} \\right) | (3,\\frac{\\pi}2)
            \\left(\\frac{1}{2}, 3\\right]     | (0.5, 3]
            1, -2               | 1,-2
            50\\%               | 50
            $7$                 | 7
            7.                  | 7
            """)
    void theseAreTheSame(String one, String other) {
        assertEquals(true, MathAnswer.same(latex(one), latex(other)), MathAnswer.normal(latex(one)));
        assertEquals(true, MathAnswer.same(latex(other), latex(one)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            5                   | 500
            0.5                 | 50
            1,-2                | -2,1
            (3,4]               | [3,4]
            (3,4)               | 3,4
            2k+2                | 2k+3
            2(x+1)              | 2x+1
            \\frac{1}{2}        | \\frac{2}{1}
            \\sqrt{2}           | 2
            \\text{east}        | \\text{west}
            x^{12}              | x^12
            \\frac{1}{0}        | \\frac{2}{0}
            3.14                | \\pi
            ''                  | ''
            \\text{ }           | 3
            """)
    void theseAreNot(String one, String other) {
        assertEquals(false, MathAnswer.same(latex(one), latex(other)));
        assertEquals(false, MathAnswer.same(latex(other), latex(one)));
    }

    @Test
    void wildNestingEndsInNo() {
        assertEquals(false, MathAnswer.same("\\frac{".repeat(20_000), "1"));
        assertEquals(false, MathAnswer.same("\\frac{".repeat(5_000) + "1" + "}".repeat(5_000), "1"));
        assertEquals(false, MathAnswer.same("(1,".repeat(5_000) + "1" + ")".repeat(5_000), "(1,2)"));
    }

    private static String latex(String text) {
        return text.replace("\\\\", "\\");
    }
}
