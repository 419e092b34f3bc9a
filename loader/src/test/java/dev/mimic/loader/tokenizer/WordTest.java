package dev.mimic.loader.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.mimic.testkit.SeededCases;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class WordTest {
    private record Pair(int left, int right) {}

    @Test
    void shortAndLongWordsMergeAsTheDefinitionSays() {
        SeededCases.run(400, 1, random -> {
            Map<Pair, Integer> ranks = new HashMap<>();
            List<Integer> merged = new ArrayList<>();
            MergeTable table = table(random, ranks, merged);
            List<Integer> symbols = new ArrayList<>();
            Word word = new Word();
            for (int i = 1 + random.nextInt(120); i > 0; i--) {
                int id = random.nextInt(4);
                symbols.add(id);
                word.add(id);
            }
            word.merge(table);
            IdList ids = new IdList(8);
            word.addTo(ids);
            define(symbols, ranks, merged);
            assertArrayEquals(symbols.stream().mapToInt(i -> i).toArray(), ids.toArray());
        });
    }

    /** Random merges; every pair makes a token of its own. */
    private static MergeTable table(RandomGenerator random, Map<Pair, Integer> ranks, List<Integer> merged) {
        MergeTable table = new MergeTable(1);
        for (int rank = 0; rank < 60; rank++) {
            Pair pair = new Pair(random.nextInt(4 + merged.size()), random.nextInt(4 + merged.size()));
            int id = 4 + merged.size();
            merged.add(id);
            table.put(pair.left, pair.right, rank, id);
            ranks.put(pair, rank);
        }
        return table;
    }

    private static void define(List<Integer> symbols, Map<Pair, Integer> ranks, List<Integer> merged) {
        while (true) {
            int best = -1;
            int bestRank = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                Integer rank = ranks.get(new Pair(symbols.get(i), symbols.get(i + 1)));
                if (rank != null && rank < bestRank) {
                    bestRank = rank;
                    best = i;
                }
            }
            if (best < 0) {
                return;
            }
            symbols.set(best, merged.get(bestRank));
            symbols.remove(/* index */ best + 1);
        }
    }
}
