package dev.mimic.engine.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.Allocations;
import dev.mimic.testkit.SeededCases;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** What is drawn, from which probabilities, and what is reported of it. */
final class SamplerTest {
    private static final int[] NO_PROMPT = {};
    private static final SamplingOptions PLAIN = SamplingOptions.GREEDY.withTemperature(1);

    private static int one(SamplingOptions options, float... logits) {
        return new Sampler(options, logits.length, NO_PROMPT).sample(logits.clone(), 0);
    }

    @Test
    void greedyTakesTheLargestLogitAndOfEqualOnesTheLowestId() {
        assertEquals(2, one(SamplingOptions.GREEDY, 1, -3, 5, 4.9f));
        assertEquals(1, one(SamplingOptions.GREEDY, 1, 7, 7, 7));
        assertEquals(0, one(SamplingOptions.GREEDY, -0.0f, 0.0f));
        assertEquals(0, one(SamplingOptions.GREEDY, -4));
    }

    @Test
    void greedyIgnoresTheLimits() {
        SamplingOptions options =
                SamplingOptions.GREEDY.withTopK(1).withTopP(0.1f).withMinP(1).withSeed(9);
        assertEquals(3, one(options, 0, 1, 2, 3, -1));
    }

    @Test
    void onlyTheRowsOwnRangeIsReadAndChanged() {
        float[] logits = {99, 99, 0, 1, 2, 99, Float.NaN};
        Sampler sampler = new Sampler(SamplingOptions.GREEDY.withLogitBias(Map.of(0, 5f)), 3, NO_PROMPT);
        assertEquals(0, sampler.sample(logits, 2));
        assertArrayEquals(new float[] {99, 99, 5, 1, 2, 99, Float.NaN}, logits);
    }

    @Test
    void repetitionPenaltyDividesPositiveAndMultipliesNegativeLogitsOfPromptAndReply() {
        SamplingOptions options = SamplingOptions.GREEDY.withRepetitionPenalty(2);
        Sampler sampler = new Sampler(options, 4, new int[] {0, 1, 1});
        float[] logits = {3, -1, 2, -1.5f};
        assertEquals(2, sampler.sample(logits, 0));
        assertArrayEquals(new float[] {1.5f, -2, 2, -1.5f}, logits);
        logits = new float[] {3, -1, 2, -1.5f};
        assertEquals(0, sampler.sample(logits, 0));
        assertArrayEquals(new float[] {1.5f, -2, 1, -1.5f}, logits);
    }

    @Test
    void presenceIsTakenOnceAndFrequencyPerGeneratedTokenAndThePromptDoesNotCount() {
        SamplingOptions options =
                SamplingOptions.GREEDY.withPresencePenalty(0.5f).withFrequencyPenalty(0.25f);
        Sampler sampler = new Sampler(options, 3, new int[] {1, 1, 2});
        for (int i = 0; i < 3; i++) {
            assertEquals(1, sampler.sample(new float[] {0, 9, 0}, 0));
        }
        float[] logits = {1, 2, 1};
        sampler.sample(logits, 0);
        assertArrayEquals(new float[] {1, 0.75f, 1}, logits);
    }

    @Test
    void biasComesBeforeTheRepetitionPenalty() {
        SamplingOptions options =
                SamplingOptions.GREEDY.withLogitBias(Map.of(0, 2f)).withRepetitionPenalty(2);
        float[] logits = {-1, 0.4f};
        assertEquals(0, new Sampler(options, 2, new int[] {0}).sample(logits, 0));
        assertArrayEquals(new float[] {0.5f, 0.4f}, logits);
    }

    @Test
    void aBiasMayBanAToken() {
        SamplingOptions options = PLAIN.withLogitBias(Map.of(1, -Float.MAX_VALUE));
        SeededCases.run(
                200,
                1,
                random -> assertEquals(
                        0, one(options.withSeed(random.nextLong()), -Float.MAX_VALUE / 4, -Float.MAX_VALUE)));
    }

    @Test
    void changedLogitsThatLeaveTheRangeOfFloatAreKeptInIt() {
        float[] logits = {Float.MAX_VALUE, 0};
        SamplingOptions options =
                PLAIN.withLogitBias(Map.of(0, Float.MAX_VALUE)).withTopP(0.5f);
        assertEquals(0, new Sampler(options, 2, NO_PROMPT).sample(logits, 0));
        assertEquals(Float.MAX_VALUE, logits[0]);
        SamplingOptions tiny = SamplingOptions.GREEDY.withRepetitionPenalty(Float.MIN_VALUE);
        logits = new float[] {1, 2};
        assertEquals(0, new Sampler(tiny, 2, new int[] {0}).sample(logits, 0));
        assertEquals(Float.MAX_VALUE, logits[0]);
    }

    @Test
    void topKKeepsTokensThatEqualTheKth() {
        SamplingOptions options = PLAIN.withTopK(2);
        boolean[] drawn = drawn(options, 3, 1, 1, 1, 0.9f);
        assertArrayEquals(new boolean[] {true, true, true, true, false}, drawn);
    }

    @Test
    void topPTakesTheLowerIdAmongEquals() {
        assertArrayEquals(new boolean[] {true, true, false, false}, drawn(PLAIN.withTopP(0.5f), 0, 0, 0, 0));
        assertArrayEquals(new boolean[] {true, true, true, false}, drawn(PLAIN.withTopP(0.51f), 0, 0, 0, 0));
    }

    @Test
    void minPComparesWithTheMostProbableToken() {
        float half = (float) Math.log(0.5);
        assertArrayEquals(new boolean[] {true, true, false}, drawn(PLAIN.withMinP(0.49f), 0, half, 2 * half));
        assertArrayEquals(new boolean[] {true, false, false}, drawn(PLAIN.withMinP(1), 0, half, 2 * half));
    }

    @Test
    void theMostProbableTokenIsAlwaysKept() {
        SamplingOptions strict = PLAIN.withTopP(Float.MIN_VALUE).withMinP(1).withTopK(1);
        assertArrayEquals(new boolean[] {false, true, false}, drawn(strict, 0, 0.1f, 0));
    }

    @Test
    void temperaturesNearZeroAndFarFromItStayFinite() {
        assertArrayEquals(
                new boolean[] {false, true, false},
                drawn(PLAIN.withTemperature(Float.MIN_VALUE), -3e38f, 1e-3f, -Float.MAX_VALUE));
        assertArrayEquals(
                new boolean[] {true, true, true}, drawn(PLAIN.withTemperature(Float.MAX_VALUE), -3e38f, 3e38f, 0));
    }

    /** Which tokens come up in 2000 draws. */
    private static boolean[] drawn(SamplingOptions options, float... logits) {
        boolean[] seen = new boolean[logits.length];
        Sampler sampler = new Sampler(options.withSeed(3), logits.length, NO_PROMPT);
        for (int i = 0; i < 2000; i++) {
            seen[sampler.sample(logits.clone(), 0)] = true;
        }
        return seen;
    }

    @Test
    void drawsFollowTheProbabilitiesOfTheOracle() {
        // the sum of squares of n - 1 normal numbers passes 4 standard deviations once in 10^4 or rarer
        SeededCases.run(24, 100, random -> {
            int vocabulary = 2 + random.nextInt(30);
            float[] logits = logits(random, vocabulary, 1.5);
            SamplingOptions options = limits(random).withSeed(random.nextLong());
            List<Integer> prompt = List.of(random.nextInt(vocabulary), 0);
            double[] expected =
                    SamplingOracle.probabilities(SamplingOracle.penalized(logits, options, prompt, List.of()), options);
            int draws = 20_000;
            int[] counts = new int[vocabulary];
            for (int i = 0; i < draws; i++) {
                // a sampler for each draw, so that none is penalized for what the others drew
                SamplingOptions own = options.withSeed(options.seed() + i);
                counts[new Sampler(own, vocabulary, ids(prompt)).sample(logits.clone(), 0)]++;
            }
            checkChiSquare(expected, counts, draws);
        });
    }

    private static void checkChiSquare(double[] expected, int[] counts, int draws) {
        double statistic = 0;
        int cells = 0;
        double restExpected = 0;
        double restCount = 0;
        for (int id = 0; id < counts.length; id++) {
            double mean = expected[id] * draws;
            if (expected[id] == 0) {
                assertEquals(0, counts[id], "token " + id + " has probability 0");
            } else if (mean < 10) {
                restExpected += mean;
                restCount += counts[id];
            } else {
                statistic += (counts[id] - mean) * (counts[id] - mean) / mean;
                cells++;
            }
        }
        if (restExpected >= 10) {
            statistic += (restCount - restExpected) * (restCount - restExpected) / restExpected;
            cells++;
        }
        int freedom = cells - 1;
        // Wilson and Hilferty: the cube root of chi-square over its freedom is near to normal
        double z = freedom == 0
                ? 0
                : (Math.cbrt(statistic / freedom) - (1 - 2.0 / (9 * freedom))) / Math.sqrt(2.0 / (9 * freedom));
        assertTrue(z < 4, () -> "chi-square of the draws is " + z + " standard deviations off");
    }

    @Test
    void whatIsKeptIsWhatTheOracleKeeps() {
        SeededCases.run(300, 1, random -> {
            int vocabulary = 1 + random.nextInt(200);
            // logits on a grid, so that many are equal
            float[] logits = new float[vocabulary];
            for (int i = 0; i < vocabulary; i++) {
                logits[i] = random.nextInt(8) * 0.5f;
            }
            SamplingOptions options = limits(random).withRepetitionPenalty(1);
            double[] expected = SamplingOracle.probabilities(
                    SamplingOracle.penalized(logits, options, List.of(), List.of()), options);
            Sampler sampler = new Sampler(options.withSeed(random.nextLong()), vocabulary, NO_PROMPT);
            for (int i = 0; i < 50; i++) {
                int id = sampler.sample(logits.clone(), 0);
                assertTrue(expected[id] > 0, () -> "token " + id + " should have fallen away under " + options);
            }
        });
    }

    @Test
    void penaltiesFollowTheOracleThroughAReply() {
        SeededCases.run(100, 7, random -> {
            int vocabulary = 1 + random.nextInt(20);
            SamplingOptions options = limits(random)
                    .withTemperature(random.nextInt(2))
                    .withPresencePenalty(random.nextFloat() * 2 - 1)
                    .withFrequencyPenalty(random.nextFloat() * 2 - 1)
                    .withLogitBias(bias(random, vocabulary))
                    .withSeed(random.nextLong());
            List<Integer> prompt =
                    random.ints(random.nextInt(5), 0, vocabulary).boxed().toList();
            List<Integer> generated = new ArrayList<>();
            Sampler sampler = new Sampler(options, vocabulary, ids(prompt));
            for (int i = 0; i < 20; i++) {
                float[] logits = logits(random, vocabulary, 3);
                double[] expected = SamplingOracle.penalized(logits, options, prompt, generated);
                generated.add(sampler.sample(logits, 0));
                for (int id = 0; id < vocabulary; id++) {
                    // five roundings of numbers below 64
                    assertEquals(expected[id], logits[id], 5 * 64 * 0x1p-24, "token " + id);
                }
            }
        });
    }

    private static SamplingOptions limits(RandomGenerator random) {
        return PLAIN.withTemperature(0.25f + 2 * random.nextFloat())
                .withTopK(random.nextBoolean() ? 0 : 1 + random.nextInt(20))
                .withTopP(random.nextBoolean() ? 1 : 0.05f + 0.9f * random.nextFloat())
                .withMinP(random.nextBoolean() ? 0 : 0.3f * random.nextFloat())
                .withRepetitionPenalty(random.nextBoolean() ? 1 : 0.5f + random.nextFloat());
    }

    private static Map<Integer, Float> bias(RandomGenerator random, int vocabulary) {
        Map<Integer, Float> bias = new HashMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            bias.put(random.nextInt(vocabulary), 4 * random.nextFloat() - 2);
        }
        return bias;
    }

    private static float[] logits(RandomGenerator random, int vocabulary, double spread) {
        float[] logits = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            logits[i] = (float) (spread * random.nextGaussian());
        }
        return logits;
    }

    private static int[] ids(List<Integer> ids) {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void theSameSeedDrawsTheSameTokensWhateverOtherRowsDo() {
        SamplingOptions options = PLAIN.withTopP(0.9f).withPresencePenalty(0.2f).withSeed(42);
        RandomGenerator random = SeededCases.generator(5);
        Sampler alone = new Sampler(options, 50, NO_PROMPT);
        Sampler beside = new Sampler(options, 50, NO_PROMPT);
        Sampler other = new Sampler(options.withSeed(43), 50, NO_PROMPT);
        List<Integer> first = new ArrayList<>();
        List<Integer> second = new ArrayList<>();
        List<Integer> third = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            float[] logits = logits(random, 50, 2);
            first.add(alone.sample(logits.clone(), 0));
            float[] block = new float[200];
            System.arraycopy(logits, 0, block, 100, 50);
            third.add(other.sample(block, 0));
            second.add(beside.sample(block, 100));
        }
        assertEquals(first, second);
        assertNotEquals(first, third);
    }

    @Test
    void logprobsAreThoseOfTheRawLogits() {
        SeededCases.run(100, 11, random -> {
            int vocabulary = 1 + random.nextInt(60);
            int top = random.nextInt(8);
            float[] logits = logits(random, vocabulary, 3);
            SamplingOptions options = PLAIN.withTemperature(0.1f)
                    .withRepetitionPenalty(3)
                    .withLogitBias(bias(random, vocabulary))
                    .withLogprobs(top);
            double[] expected = SamplingOracle.logSoftmax(logits);
            Sampler sampler = new Sampler(options, vocabulary, new int[] {0});
            int id = sampler.sample(logits, 0);
            TokenLogprobs result = sampler.logprobs();
            assertEquals(id, result.chosenId());
            assertEquals(expected[id], result.chosen(), 1e-12);
            assertEquals(Math.min(top, vocabulary), result.topCount());
            double[] sorted =
                    Arrays.stream(expected).map(x -> -x).sorted().map(x -> -x).toArray();
            for (int rank = 0; rank < result.topCount(); rank++) {
                assertEquals(sorted[rank], result.top(rank), 1e-12);
                assertEquals(expected[result.topId(rank)], result.top(rank), 1e-12);
            }
        });
    }

    @Test
    void topLogprobsGiveTheLowerIdFirstAmongEquals() {
        Sampler sampler = new Sampler(SamplingOptions.GREEDY.withLogprobs(3), 4, NO_PROMPT);
        sampler.sample(new float[] {1, 2, 1, 2}, 0);
        TokenLogprobs result = sampler.logprobs();
        assertArrayEquals(new int[] {1, 3, 0}, new int[] {result.topId(0), result.topId(1), result.topId(2)});
    }

    @Test
    void logprobsAreThoseOfTheRowsOwnRange() {
        Sampler sampler = new Sampler(SamplingOptions.GREEDY.withLogprobs(1), 2, NO_PROMPT);
        assertEquals(1, sampler.sample(new float[] {50, 40, 0, 0.5f, 60}, 2));
        assertEquals(
                SamplingOracle.logSoftmax(new float[] {0, 0.5f})[1],
                sampler.logprobs().chosen(),
                1e-12);
        assertEquals(1, sampler.logprobs().topId(0));
    }

    @Test
    void logprobsOfLargeLogitsStayFinite() {
        Sampler sampler = new Sampler(SamplingOptions.GREEDY.withLogprobs(2), 2, NO_PROMPT);
        sampler.sample(new float[] {3e38f, -3e38f}, 0);
        assertEquals(0, sampler.logprobs().chosen());
        assertEquals(-6e38, sampler.logprobs().top(1), 1e31);
    }

    @Test
    void logprobsThatWereNotAskedForAreAnError() {
        Sampler none = new Sampler(SamplingOptions.GREEDY, 2, NO_PROMPT);
        none.sample(new float[] {1, 2}, 0);
        assertThrows(IllegalStateException.class, none::logprobs);
        assertThrows(
                IllegalStateException.class,
                () -> new Sampler(SamplingOptions.GREEDY.withLogprobs(0), 2, NO_PROMPT).logprobs());
    }

    @Test
    void nonFiniteLogitsAreAnErrorThatNamesThem() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            Sampler sampler = new Sampler(PLAIN, 3, NO_PROMPT);
            IllegalStateException e =
                    assertThrows(IllegalStateException.class, () -> sampler.sample(new float[] {0, 1, bad}, 0));
            assertEquals("sampling: logit of token 2 is " + bad + ", expected a finite number", e.getMessage());
        }
    }

    @Test
    void idsBeyondTheVocabularyAreRefused() {
        assertEquals(
                "sampling: prompt: token id is 3, expected 0 to 2",
                assertThrows(IllegalArgumentException.class, () -> new Sampler(PLAIN, 3, new int[] {0, 3}))
                        .getMessage());
        SamplingOptions biased = PLAIN.withLogitBias(Map.of(7, 1f));
        assertEquals(
                "sampling: logit bias: token id is 7, expected 0 to 2",
                assertThrows(IllegalArgumentException.class, () -> new Sampler(biased, 3, NO_PROMPT))
                        .getMessage());
        assertThrows(IndexOutOfBoundsException.class, () -> new Sampler(PLAIN, 3, NO_PROMPT).sample(new float[3], 1));
    }

    @Test
    void samplingAllocatesNothing() {
        SamplingOptions options = PLAIN.withTopK(40)
                .withTopP(0.9f)
                .withMinP(0.01f)
                .withRepetitionPenalty(1.1f)
                .withPresencePenalty(0.1f)
                .withLogitBias(Map.of(3, 1f))
                .withLogprobs(5);
        Sampler sampler = new Sampler(options, 1000, new int[] {1, 2, 3});
        float[] logits = logits(SeededCases.generator(1), 1000, 2);
        float[] row = new float[1000];
        Runnable token = () -> {
            System.arraycopy(logits, 0, row, 0, 1000);
            sampler.sample(row, 0);
        };
        token.run();
        // as measured for nothing at all
        long nothing = Allocations.during("none", () -> {});
        assertEquals(nothing, Allocations.during("none", token));
    }
}
