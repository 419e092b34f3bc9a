package dev.mimic.adapt.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.task.Example;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class McNemarTest {
    private static final JsonObject RECORD = Json.parseObject("{}".getBytes(StandardCharsets.UTF_8), "record");

    private static List<Answer> answers(String right) {
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < right.length(); i++) {
            answers.add(new Answer(new Example("question " + i, "x", RECORD), "reply", right.charAt(i) == '1'));
        }
        return answers;
    }

    @Test
    void pIsTheExactBinomialSum() {
        int[][] counts = {
            {0, 0}, {0, 1}, {5, 0}, {1, 9}, {9, 1}, {3, 3}, {4, 5}, {2, 12}, {40, 61}, {0, 300}, {130, 170}
        };
        for (int[] count : counts) {
            int n = count[0] + count[1];
            BigInteger sum = BigInteger.ZERO;
            BigInteger choose = BigInteger.ONE;
            for (int k = 0; k <= Math.min(count[0], count[1]); k++) {
                sum = sum.add(choose);
                choose = choose.multiply(BigInteger.valueOf(n - k)).divide(BigInteger.valueOf(k + 1));
            }
            double exact = new BigDecimal(sum.shiftLeft(1))
                    .divide(new BigDecimal(BigInteger.ONE.shiftLeft(n)), MathContext.DECIMAL128)
                    .min(BigDecimal.ONE)
                    .doubleValue();
            // each of up to 131 terms takes up to 2·131 logarithms and one exponential, each to one unit in the last
            // place
            // of at most n·ln 2
            double bound = exact * 2 * 131 * n * Math.ulp(1.0);
            assertEquals(exact, new McNemar(count[0], count[1]).p(), bound, count[0] + " against " + count[1]);
        }
    }

    @Test
    void onlyWhatOneAloneGetsRightCounts() {
        assertEquals(new McNemar(3, 1), McNemar.of(answers("1101001"), answers("1010000")));
        assertEquals(new McNemar(0, 0), McNemar.of(answers("101"), answers("101")));
    }

    @Test
    void answersToOtherExamplesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> McNemar.of(answers("11"), answers("1")));
        List<Answer> turned = answers("10").reversed();
        String message = assertThrows(IllegalArgumentException.class, () -> McNemar.of(answers("11"), turned))
                .getMessage();
        assertTrue(message.contains("answer 0"), message);
    }
}
