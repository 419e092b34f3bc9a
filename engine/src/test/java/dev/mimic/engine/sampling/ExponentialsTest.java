package dev.mimic.engine.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The sampler's exponentials against those of the platform. */
final class ExponentialsTest {
    /** 8192 times the rounding of the inner exponential, and that of the arguments. */
    private static final double RELATIVE = 1e-11;

    @Test
    void zeroGivesOneAndTheDeepestGiveTheLeast() {
        assertEquals(1, Exponentials.exp(0));
        assertEquals(Exponentials.exp(-708), Exponentials.exp(-1e30));
        assertTrue(Exponentials.exp(-708) >= Double.MIN_NORMAL);
    }

    @Test
    void allArgumentsAgreeWithTheExponentialOfThePlatform() {
        SeededCases.run(20_000, 1, random -> {
            double x = random.nextBoolean() ? -700 * random.nextDouble() : -Math.exp(-30 * random.nextDouble());
            double exact = Math.exp(x);
            assertEquals(exact, Exponentials.exp(x), RELATIVE * exact, () -> "exp(" + x + ")");
        });
    }

    @Test
    void manyAtOnceHaveTheBitsOfOneAloneAndNothingElseIsWritten() {
        SeededCases.run(50, 2, random -> {
            int count = random.nextInt(300);
            int offset = random.nextInt(4);
            float[] logits = new float[offset + count];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = 5 * (float) random.nextGaussian() - 40;
            }
            double[] weights = new double[count + 3];
            Arrays.fill(weights, 7);
            Exponentials.fill(logits, offset, count, 0, 1.25, weights);
            for (int i = 0; i < count; i++) {
                assertEquals(Exponentials.exp(logits[offset + i] * 1.25), weights[i]);
            }
            assertEquals(7, weights[count]);
        });
    }
}
