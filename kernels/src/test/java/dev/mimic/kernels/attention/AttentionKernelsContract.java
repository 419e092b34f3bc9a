package dev.mimic.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every implementation of {@link AttentionKernels} must do; the oracle is a loop in double. */
abstract class AttentionKernelsContract {
    private static final int ALL = Integer.MAX_VALUE;

    /** Heads, kv heads and head size: groups of 1 to 8, around every vector width, sizes of models and none of them. */
    private static final int[][] SHAPES = {
        {1, 1, 1},
        {2, 1, 3},
        {4, 2, 8},
        {6, 2, 15},
        {3, 1, 16},
        {2, 2, 17},
        {8, 1, 32},
        {5, 1, 40},
        {9, 3, 64},
        {4, 4, 65},
        {4, 1, 80},
        {2, 1, 96},
        {8, 2, 128},
        {2, 1, 136},
        {2, 1, 256},
        {2, 1, 300}
    };

    abstract AttentionKernels kernels(WorkerPool pool);

    private final WorkerPool single = WorkerPool.of(1);
    private final WorkerPool two = WorkerPool.of(2);
    private final AttentionCases cases = new AttentionCases();

    @AfterEach
    void free() {
        cases.close();
        single.close();
        two.close();
    }

    private AttentionKernels kernels() {
        return kernels(single);
    }

    private static AttentionShape shape(int[] sizes) {
        return new AttentionShape(sizes[0], sizes[1], sizes[2], (float) (1 / Math.sqrt(sizes[2])));
    }

    @ParameterizedTest
    @EnumSource
    void storeWritesTheGivenRowsAndNothingElse(KeyValueType type) {
        for (int[] sizes : SHAPES) {
            AttentionShape shape = shape(sizes);
            RandomGenerator random = SeededCases.generator(sizes[2]);
            int row = shape.kvHeads() * shape.headSize();
            float[] k = AttentionCases.gaussian(random, 40 * row, 1);
            float[] v = AttentionCases.gaussian(random, 40 * row, 1);
            KeyValues cache = cases.cache(type, shape, 50, 0.25f);
            kernels().store(shape, 37, k, v, 2, cache, 11);
            float[] before = new float[shape.headSize()];
            Arrays.fill(before, 0.25f);
            for (int h = 0; h < shape.kvHeads(); h++) {
                for (int p = 0; p < 50; p++) {
                    float[] key = AttentionCases.key(cache, shape, h, p);
                    float[] value = AttentionCases.value(cache, shape, h, p);
                    if (p >= 11 && p < 48) {
                        int from = (p - 11 + 2) * row + h * shape.headSize();
                        assertHeld(type, Arrays.copyOfRange(k, from, from + shape.headSize()), key);
                        assertHeld(type, Arrays.copyOfRange(v, from, from + shape.headSize()), value);
                    } else {
                        assertHeld(type, before, key);
                        assertHeld(type, before, value);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void storesOfSeveralSequencesAreTheirStoresAlone(KeyValueType type) {
        for (int[] sizes : SHAPES) {
            AttentionShape shape = shape(sizes);
            RandomGenerator random = SeededCases.generator(sizes[2]);
            int row = shape.kvHeads() * shape.headSize();
            float[] k = AttentionCases.gaussian(random, 90 * row, 1);
            float[] v = AttentionCases.gaussian(random, 90 * row, 1);
            int[] begins = {3, 5, 6, 80};
            int[] ends = {5, 6, 80, 90};
            int[] positions = new int[90];
            positions[3] = 11;
            positions[5] = 99;
            positions[80] = 31;
            KeyValues[] alone = caches(type, shape, 4);
            for (int b = 0; b < 4; b++) {
                kernels().store(shape, ends[b] - begins[b], k, v, begins[b], alone[b], positions[begins[b]]);
            }
            for (WorkerPool pool : List.of(single, two)) {
                KeyValues[] together = caches(type, shape, 4);
                kernels(pool).store(shape, new PrefillBlocks(4, begins, ends, positions, together), k, v);
                assertSame(alone, together);
            }
            int batch = 40; // enough for two threads at the larger shapes
            KeyValues[] singly = caches(type, shape, batch);
            for (int i = 0; i < batch; i++) {
                kernels().store(shape, 1, k, v, i, singly[i], positions[i]);
            }
            for (WorkerPool pool : List.of(single, two)) {
                KeyValues[] atOnce = caches(type, shape, batch);
                kernels(pool).store(shape, batch, k, v, atOnce, positions);
                assertSame(singly, atOnce);
            }
        }
    }

    private KeyValues[] caches(KeyValueType type, AttentionShape shape, int count) {
        KeyValues[] caches = new KeyValues[count];
        Arrays.setAll(caches, i -> cases.cache(type, shape, 100, 0.25f));
        return caches;
    }

    private static void assertSame(KeyValues[] expected, KeyValues[] actual) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(-1, expected[i].keys().mismatch(actual[i].keys()), "keys of cache " + i);
            assertEquals(-1, expected[i].values().mismatch(actual[i].values()), "values of cache " + i);
        }
    }

    /** That held elements are as near to the given ones as their type can be. */
    private static void assertHeld(KeyValueType type, float[] given, float[] held) {
        double max = 0;
        for (float x : given) {
            max = Math.max(max, Math.abs(x));
        }
        for (int j = 0; j < given.length; j++) {
            double bound = switch (type) {
                case F32 -> 0;
                case BF16 -> Math.abs(given[j]) * 0x1p-8; // half an ulp of a significand of 8 bits
                case Q8 -> max / 254 * (1 + 260 * 0x1p-24); // half a step; the factor and two products are rounded
            };
            assertEquals(given[j], held[j], bound, type + ", element " + j);
        }
    }

    @Test
    void bfloat16RoundsToTheNearestAndTiesToEven() {
        AttentionShape shape = new AttentionShape(1, 1, 8, 1);
        float[] given = {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1p-8f + 0x1p-20f, -1 - 0x1p-8f, Float.MAX_VALUE, -0f, 0, 0
        };
        given[6] = Float.NEGATIVE_INFINITY;
        given[7] = Float.intBitsToFloat(0x7F800001); // a NaN whose bits all lie behind bfloat16's
        float[] expected = {1, 1 + 0x1p-6f, 1 + 0x1p-7f, -1, Float.POSITIVE_INFINITY, -0f, given[6], Float.NaN};
        KeyValues cache = cases.cache(KeyValueType.BF16, shape, 3, 0);
        kernels().store(shape, 1, given, given, 0, cache, 1);
        assertArrayEquals(expected, AttentionCases.key(cache, shape, 0, 1));
        assertArrayEquals(expected, AttentionCases.value(cache, shape, 0, 1));
    }

    @Test
    void eightBitsHoldZerosTinyNumbersAndWhatIsNotFinite() {
        AttentionShape shape = new AttentionShape(1, 1, 4, 1);
        KeyValues cache = cases.cache(KeyValueType.Q8, shape, 3, 0);
        kernels().store(shape, 1, new float[4], new float[] {0, Float.MIN_VALUE, 0, 0}, 0, cache, 0);
        assertArrayEquals(new float[4], AttentionCases.key(cache, shape, 0, 0));
        assertArrayEquals(new float[4], AttentionCases.value(cache, shape, 0, 0));
        float[] notFinite = {0, Float.NEGATIVE_INFINITY, 1, 2};
        kernels().store(shape, 1, notFinite, new float[] {1, 2, Float.NaN, 3}, 0, cache, 1);
        for (int j = 0; j < 4; j++) { // all of a head, since they have one factor
            assertTrue(Float.isNaN(cache.value(shape, 0, 1, j)));
            assertFalse(Float.isFinite(cache.key(shape, 0, 1, j)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void decodeMatchesTheOracleAndSeesNothingOutsideOfItsRange(KeyValueType type) {
        int[][] ranges = {{0, 1}, {2, 3}, {0, 3}, {1, 64}, {0, 65}, {5, 135}, {0, 256}, {1, 258}, {7, 519}};
        for (int[] sizes : SHAPES) {
            AttentionShape shape = shape(sizes);
            RandomGenerator random = SeededCases.generator(10 + sizes[2]);
            float[] q = AttentionCases.gaussian(random, ranges.length * shape.querySize(), 2);
            KeyValues[] caches = new KeyValues[ranges.length];
            int[] begin = new int[ranges.length];
            int[] end = new int[ranges.length];
            for (int i = 0; i < ranges.length; i++) {
                begin[i] = ranges[i][0];
                end[i] = ranges[i][1];
                caches[i] = cases.random(type, shape, 520, begin[i], end[i], random); // NaN elsewhere
            }
            float[] out = AttentionCases.guarded(ranges.length * shape.querySize());
            kernels().decode(shape, ranges.length, q, caches, begin, end, out);
            for (int i = 0; i < ranges.length; i++) {
                AttentionCases.check(shape, q, i, caches[i], begin[i], end[i], out);
            }
            AttentionCases.assertGuards(out, ranges.length * shape.querySize());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDecodedRowIsTheSameAloneAndInABatchWhateverTheThreads(KeyValueType type) {
        for (int[] sizes : SHAPES) {
            AttentionShape shape = shape(sizes);
            RandomGenerator random = SeededCases.generator(20 + sizes[2]);
            int batch = 8;
            int row = shape.querySize();
            float[] q = AttentionCases.gaussian(random, batch * row, 2);
            KeyValues[] caches = new KeyValues[batch];
            int[] begin = new int[batch];
            int[] end = new int[batch];
            for (int i = 0; i < batch; i++) {
                begin[i] = random.nextInt(40);
                end[i] = begin[i] + 1 + random.nextInt(i % 2 == 0 ? 100 : 600);
                caches[i] = cases.random(type, shape, 700, begin[i], end[i], random);
            }
            for (int threads = 1; threads <= 3; threads++) {
                try (WorkerPool pool = WorkerPool.of(threads)) {
                    float[] together = new float[batch * row];
                    kernels(pool).decode(shape, batch, q, caches, begin, end, together);
                    for (int i = 0; i < batch; i++) {
                        float[] alone = new float[row];
                        float[] query = Arrays.copyOfRange(q, i * row, (i + 1) * row);
                        KeyValues[] cache = {caches[i]};
                        kernels().decode(shape, 1, query, cache, new int[] {begin[i]}, new int[] {end[i]}, alone);
                        assertArrayEquals(alone, Arrays.copyOfRange(together, i * row, (i + 1) * row));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void prefillMatchesTheOracleAndSeesNoLaterPosition(KeyValueType type) {
        for (int[] sizes : SHAPES) {
            AttentionShape shape = shape(sizes);
            for (int[] block : new int[][] {{0, 1}, {0, 17}, {5, 3}, {60, 70}, {129, 40}}) {
                for (int window : new int[] {ALL, 1, 5, 64, 100}) {
                    RandomGenerator random = SeededCases.generator(block[0] + window + sizes[2]);
                    int position = block[0];
                    int batch = block[1];
                    float[] q = AttentionCases.gaussian(random, batch * shape.querySize(), 2);
                    int begin = Math.max(0, position - window + 1);
                    KeyValues cache = cases.random(type, shape, 220, begin, position + batch, random);
                    float[] out = AttentionCases.guarded(batch * shape.querySize());
                    kernels().prefill(shape, batch, q, 0, cache, position, window, out);
                    for (int i = 0; i < batch; i++) {
                        int end = position + i + 1;
                        AttentionCases.check(shape, q, i, cache, Math.max(0, end - window), end, out);
                    }
                    AttentionCases.assertGuards(out, batch * shape.querySize());
                    cases.close();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void decodeAndPrefillOfTheSameRowsAgree(KeyValueType type) {
        AttentionShape shape = shape(new int[] {6, 2, 64});
        RandomGenerator random = SeededCases.generator(6);
        int window = 77;
        int batch = 150;
        float[] q = AttentionCases.gaussian(random, batch * shape.querySize(), 2);
        KeyValues cache = cases.random(type, shape, batch, 0, batch, random);
        float[] prefilled = new float[q.length];
        kernels().prefill(shape, batch, q, 0, cache, 0, window, prefilled);
        KeyValues[] caches = new KeyValues[batch];
        Arrays.fill(caches, cache);
        int[] begin = new int[batch];
        int[] end = new int[batch];
        for (int i = 0; i < batch; i++) {
            begin[i] = Math.max(0, i + 1 - window);
            end[i] = i + 1;
        }
        float[] decoded = new float[q.length];
        kernels().decode(shape, batch, q, caches, begin, end, decoded);
        for (int i = 0; i < batch; i++) {
            AttentionCases.check(shape, q, i, cache, begin[i], end[i], prefilled);
            AttentionCases.check(shape, q, i, cache, begin[i], end[i], decoded);
        }
    }

    /** Stored piece by piece: what a later piece will write is still NaN when an earlier one is attended. */
    @ParameterizedTest
    @EnumSource
    void aPromptGivesTheSameHoweverItIsCutAndWhateverTheThreads(KeyValueType type) {
        for (int[] sizes : SHAPES) {
            AttentionShape shape = shape(sizes);
            for (int window : new int[] {ALL, 70, 9}) {
                RandomGenerator random = SeededCases.generator(30 + window + sizes[2]);
                int length = 171;
                int kvRow = shape.kvHeads() * shape.headSize();
                float[] q = AttentionCases.gaussian(random, length * shape.querySize(), 2);
                float[] k = AttentionCases.gaussian(random, length * kvRow, 1);
                float[] v = AttentionCases.gaussian(random, length * kvRow, 1);
                float[] whole = pieces(kernels(), type, shape, q, k, v, window, length);
                for (int piece : new int[] {1, 7, 64, 100}) {
                    assertArrayEquals(
                            whole, pieces(kernels(), type, shape, q, k, v, window, piece), "pieces of " + piece);
                }
                for (int threads = 2; threads <= 3; threads++) {
                    try (WorkerPool pool = WorkerPool.of(threads)) {
                        assertArrayEquals(whole, pieces(kernels(pool), type, shape, q, k, v, window, length));
                    }
                }
                cases.close();
            }
        }
    }

    private float[] pieces(
            AttentionKernels kernels,
            KeyValueType type,
            AttentionShape shape,
            float[] q,
            float[] k,
            float[] v,
            int window,
            int piece) {
        int length = q.length / shape.querySize();
        KeyValues cache = cases.cache(type, shape, length + 3, Float.NaN);
        float[] result = new float[q.length];
        for (int position = 0; position < length; position += piece) {
            int batch = Math.min(piece, length - position);
            int from = position * shape.querySize();
            float[] block = Arrays.copyOfRange(q, from, from + batch * shape.querySize());
            float[] out = new float[block.length];
            kernels.store(shape, batch, k, v, position, cache, position);
            kernels.prefill(shape, batch, block, 0, cache, position, window, out);
            System.arraycopy(out, 0, result, from, out.length);
        }
        return result;
    }

    /** Blocks of two sequences one behind the other in q and out. */
    @ParameterizedTest
    @EnumSource
    void aBlockFurtherDownIsTheSameAndLeavesTheRowsAround(KeyValueType type) {
        for (int[] sizes : SHAPES) {
            AttentionShape shape = shape(sizes);
            RandomGenerator random = SeededCases.generator(40 + sizes[2]);
            int size = shape.querySize();
            int batch = 37;
            float[] q = AttentionCases.gaussian(random, (5 + batch) * size, 2);
            KeyValues cache = cases.random(type, shape, 60, 0, 50, random);
            float[] alone = new float[batch * size];
            float[] block = Arrays.copyOfRange(q, 5 * size, q.length);
            kernels().prefill(shape, batch, block, 0, cache, 9, 20, alone);
            float[] out = AttentionCases.guarded((5 + batch) * size);
            float[] before = out.clone();
            kernels().prefill(shape, batch, q, 5, cache, 9, 20, out);
            assertArrayEquals(alone, Arrays.copyOfRange(out, 5 * size, (5 + batch) * size));
            assertArrayEquals(Arrays.copyOf(before, 5 * size), Arrays.copyOf(out, 5 * size));
            AttentionCases.assertGuards(out, (5 + batch) * size);
            cases.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void blocksOfSeveralSequencesAreAsEachByItself(KeyValueType type) {
        int[] begins = {0, 1, 40, 41, 300};
        int[] ends = {1, 40, 41, 300, 305};
        int[] starts = {7, 0, 0, 3, 90};
        for (int[] sizes : SHAPES) {
            AttentionShape shape = shape(sizes);
            RandomGenerator random = SeededCases.generator(50 + sizes[2]);
            int size = shape.querySize();
            float[] q = AttentionCases.gaussian(random, 305 * size, 2);
            KeyValues[] caches = new KeyValues[5];
            int[] positions = new int[305];
            float[] alone = new float[305 * size];
            for (int b = 0; b < 5; b++) {
                positions[begins[b]] = starts[b];
                int rows = ends[b] - begins[b];
                caches[b] = cases.random(type, shape, 400, 0, starts[b] + rows, random);
                kernels().prefill(shape, rows, q, begins[b], caches[b], starts[b], 50, alone);
            }
            PrefillBlocks blocks = new PrefillBlocks(5, begins, ends, positions, caches);
            for (int threads = 1; threads <= 3; threads++) {
                try (WorkerPool pool = WorkerPool.of(threads)) {
                    float[] together = AttentionCases.guarded(305 * size);
                    kernels(pool).prefill(shape, 50, blocks, q, together);
                    assertArrayEquals(alone, Arrays.copyOf(together, 305 * size), threads + " threads");
                    AttentionCases.assertGuards(together, 305 * size);
                }
            }
            cases.close();
        }
    }

    @Test
    void aValueThatIsNotANumberStaysWithTheRowsThatSeeIt() {
        AttentionShape shape = new AttentionShape(2, 1, 8, 0.35f);
        RandomGenerator random = SeededCases.generator(4);
        float[] q = AttentionCases.gaussian(random, 90 * shape.querySize(), 1);
        KeyValues cache = cases.random(KeyValueType.F32, shape, 90, 0, 90, random);
        float[] row = AttentionCases.value(cache, shape, 0, 40);
        row[3] = Float.NaN;
        cache.store(shape, 0, 40, AttentionCases.key(cache, shape, 0, 40), row, 0);
        float[] out = new float[q.length];
        kernels().prefill(shape, 90, q, 0, cache, 0, 30, out);
        for (int i = 0; i < 90; i++) {
            boolean sees = i >= 40 && i < 70;
            assertEquals(sees, Float.isNaN(out[i * shape.querySize() + 3]), "row " + i);
            assertTrue(Float.isFinite(out[i * shape.querySize() + 4]));
        }
    }

    @Test
    void equalKeysGiveTheMeanOfTheValues() {
        AttentionShape shape = new AttentionShape(2, 1, 20, 1);
        KeyValues cache = cases.cache(KeyValueType.F32, shape, 300, 0.75f);
        float[] row = AttentionCases.value(cache, shape, 0, 0);
        for (int p = 0; p < 300; p++) {
            row[19] = p;
            cache.store(shape, 0, p, AttentionCases.key(cache, shape, 0, p), row, 0);
        }
        float[] q = AttentionCases.gaussian(SeededCases.generator(8), 300 * shape.querySize(), 3);
        float[] out = new float[q.length];
        kernels().prefill(shape, 300, q, 0, cache, 0, ALL, out);
        for (int i = 0; i < 300; i++) {
            assertEquals(i / 2.0, out[i * shape.querySize() + 19], 301 * 0x1p-24 * (i / 2.0));
        }
        kernels().decode(shape, 1, q, new KeyValues[] {cache}, new int[1], new int[] {300}, out);
        assertEquals(299 / 2.0, out[19], 301 * 0x1p-24 * 150);
    }

    @Test
    void aKeyOfMinusInfinityGetsNoWeightAndOneThatIsNotANumberSpoilsTheRow() {
        AttentionShape shape = new AttentionShape(1, 1, 8, 1);
        float[] q = new float[3 * 8];
        Arrays.fill(q, 1);
        for (int at = 0; at < 3; at++) {
            KeyValues cache = cases.cache(KeyValueType.F32, shape, 3, 0.5f);
            float[] key = AttentionCases.key(cache, shape, 0, at);
            float[] value = AttentionCases.value(cache, shape, 0, at);
            key[2] = Float.NEGATIVE_INFINITY;
            value[7] = 1000;
            cache.store(shape, 0, at, key, value, 0);
            float[] prefilled = new float[3 * 8];
            kernels().prefill(shape, 3, q, 0, cache, 0, ALL, prefilled);
            float[] decoded = new float[8];
            kernels().decode(shape, 1, q, new KeyValues[] {cache}, new int[1], new int[] {3}, decoded);
            assertEquals(0.5f, prefilled[2 * 8 + 7], 4 * 0x1p-24f);
            assertEquals(0.5f, decoded[7], 4 * 0x1p-24f);
            assertEquals(at == 0, Float.isNaN(prefilled[7]), "alone it is 0 / 0");
            key[2] = Float.NaN;
            cache.store(shape, 0, at, key, value, 0);
            kernels().prefill(shape, 3, q, 0, cache, 0, ALL, prefilled);
            kernels().decode(shape, 1, q, new KeyValues[] {cache}, new int[1], new int[] {3}, decoded);
            assertTrue(Float.isNaN(prefilled[2 * 8 + 7]) && Float.isNaN(decoded[7]));
        }
    }

    /** Chunks of decoding begin at 512 and 1024: one key, or all keys of a chunk, the first or last among them. */
    @ParameterizedTest
    @EnumSource
    void scoresThatAreNotNumbersSpoilEveryRowThatSeesThemWhateverTheChunk(KeyValueType type) {
        AttentionShape shape = new AttentionShape(4, 1, 64, 0.125f);
        RandomGenerator random = SeededCases.generator(12);
        float[] q = AttentionCases.gaussian(random, shape.querySize(), 1);
        int[][] ranges = {{0, 1}, {37, 38}, {511, 512}, {512, 513}, {777, 778}, {1100, 1101}, {1299, 1300}, {512, 1024}
        };
        float[] notNumbers = new float[64];
        Arrays.fill(notNumbers, Float.NaN);
        for (int[] range : ranges) {
            KeyValues cache = cases.random(type, shape, 1300, 0, 1300, random);
            for (int p = range[0]; p < range[1]; p++) {
                cache.store(shape, 0, p, notNumbers, AttentionCases.value(cache, shape, 0, p), 0);
            }
            KeyValues[] caches = {cache};
            float[] sees = new float[q.length];
            kernels().decode(shape, 1, q, caches, new int[] {0}, new int[] {1300}, sees);
            for (int j = 0; j < sees.length; j++) {
                assertTrue(Float.isNaN(sees[j]), type + " " + Arrays.toString(range) + ": element " + j);
            }
            float[] out = new float[q.length];
            if (range[0] > 0) {
                kernels().decode(shape, 1, q, caches, new int[] {0}, new int[] {range[0]}, out);
                AttentionCases.check(shape, q, 0, cache, 0, range[0], out);
            }
            if (range[1] < 1300) {
                kernels().decode(shape, 1, q, caches, new int[] {range[1]}, new int[] {1300}, out);
                AttentionCases.check(shape, q, 0, cache, range[1], 1300, out);
            }
        }
    }

    @Test
    void wrongRangesAndSizesAreRefused() {
        AttentionShape shape = new AttentionShape(4, 2, 8, 1);
        KeyValues cache = cases.cache(KeyValueType.F32, shape, 10, 0);
        KeyValues small = new KeyValues(KeyValueType.F32, cache.keys().asSlice(0, 2000), cache.values(), 10);
        KeyValues[] caches = {cache};
        KeyValues[] twice = {cache, cache};
        float[] q = new float[64];
        AttentionKernels kernels = kernels();
        refused("decode: positions [3, 3) are empty", () -> kernels.decode(shape, 1, q, caches, ints(3), ints(3), q));
        refused("decode: positions [3, 11) are", () -> kernels.decode(shape, 1, q, caches, ints(3), ints(11), q));
        refused("decode: positions [-1, 3) are", () -> kernels.decode(shape, 1, q, caches, ints(-1), ints(3), q));
        refused("decode: q has length 64", () -> kernels.decode(shape, 3, q, caches, ints(0), ints(1), q));
        refused("decode: out has length 3", () -> kernels.decode(shape, 1, q, caches, ints(0), ints(1), new float[3]));
        refused("decode: caches has length 1", () -> kernels.decode(shape, 2, q, caches, ints(0), ints(1), q));
        refused(
                "decode: the cache's keys have 2000 bytes, expected at least 2048",
                () -> kernels.decode(shape, 1, q, new KeyValues[] {small}, ints(0), ints(1), q));
        KeyValues boundless = new KeyValues(KeyValueType.F32, cache.keys(), cache.values(), Integer.MAX_VALUE);
        assertThrows(
                ArithmeticException.class,
                () -> kernels.decode(shape, 1, q, new KeyValues[] {boundless}, ints(0), ints(1), q));
        refused("prefill: positions [9, 11) are", () -> kernels.prefill(shape, 2, q, 0, cache, 9, ALL, q));
        refused("prefill: window is 0", () -> kernels.prefill(shape, 2, q, 0, cache, 0, 0, q));
        refused("prefill: q has length 64", () -> kernels.prefill(shape, 3, q, 0, cache, 0, ALL, new float[99]));
        refused("prefill: out has length 3", () -> kernels.prefill(shape, 1, q, 0, cache, 0, ALL, new float[3]));
        refused("store: positions [8, 11) are", () -> kernels.store(shape, 3, q, q, 0, cache, 8));
        refused("store: k has length 64", () -> kernels.store(shape, 3, q, q, 2, cache, 0));
        refused("store: v has length 3", () -> kernels.store(shape, 1, q, new float[3], 0, cache, 0));
        refused("store: positions [10, 11) are", () -> kernels.store(shape, 1, q, q, caches, ints(10)));
        refused("store: positions [-1, 0) are", () -> kernels.store(shape, 1, q, q, caches, ints(-1)));
        refused("store: caches has length 1", () -> kernels.store(shape, 2, q, q, caches, ints(0)));
        refused("store: positions has length 1", () -> kernels.store(shape, 2, q, q, twice, ints(0)));
        refused("store: k has length 3", () -> kernels.store(shape, 1, new float[3], q, caches, ints(0)));
        refused("store: v has length 3", () -> kernels.store(shape, 1, q, new float[3], caches, ints(0)));
        PrefillBlocks late = new PrefillBlocks(1, ints(0), ints(2), ints(9), caches);
        refused("store: positions [9, 11) are", () -> kernels.store(shape, late, q, q));
        PrefillBlocks more = new PrefillBlocks(2, ints(0), ints(2), ints(9), caches);
        refused("store: begins has length 1", () -> kernels.store(shape, more, q, q));
        refused("AttentionShape: 65536 heads of 65536", () -> new AttentionShape(65536, 1, 65536, 1));
        refused("prefill: row is -1", () -> kernels.prefill(shape, 1, q, -1, cache, 0, ALL, q));
        refused("prefill: q has length 64", () -> kernels.prefill(shape, 1, q, 2, cache, 0, ALL, new float[99]));
        refused("store: row is -1", () -> kernels.store(shape, 1, q, q, -1, cache, 0));
    }

    private static int[] ints(int value) {
        return new int[] {value};
    }

    private static void refused(String message, Runnable call) {
        String actual = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(actual.startsWith(message), actual);
    }
}
