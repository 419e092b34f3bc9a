package dev.mimic.kernels.gradient;

import dev.mimic.kernels.Shapes;

/**
 * Where the rows of whole sequences are: sequence s has the entries {@code [begins[s], ends[s])} of the places, one for
 * each of its positions 0, 1, …, and each names a row. Arrays are not copied, read only.
 *
 * @param count sequences
 * @param begins [count]
 * @param ends [count]
 * @param places the rows, no row twice
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record SequenceRows(int count, int[] begins, int[] ends, int[] places) {
    /** Sequences whose rows lie behind each other: {@code [begins[s], ends[s])} are the rows themselves. */
    public static SequenceRows packed(int count, int[] begins, int[] ends) {
        int rows = 0;
        for (int s = 0; s < Math.min(count, ends.length); s++) {
            rows = Math.max(rows, ends[s]);
        }
        int[] places = new int[rows];
        for (int i = 0; i < rows; i++) {
            places[i] = i;
        }
        return new SequenceRows(count, begins, ends, places);
    }

    /** Checks the ranges and returns one more than the largest row. */
    long check() {
        Shapes.atLeast("attention", "begins", begins.length, count);
        Shapes.atLeast("attention", "ends", ends.length, count);
        long rows = 0;
        for (int s = 0; s < count; s++) {
            if (begins[s] < 0 || begins[s] > ends[s]) {
                throw new IllegalArgumentException("attention: sequence " + s + " has places [" + begins[s] + ", "
                        + ends[s] + "), expected a range from 0 on");
            }
            Shapes.atLeast("attention", "places", places.length, ends[s]);
            for (int i = begins[s]; i < ends[s]; i++) {
                if (places[i] < 0) {
                    throw new IllegalArgumentException(
                            "attention: place " + i + " is row " + places[i] + ", expected one from 0 on");
                }
                rows = Math.max(rows, places[i] + 1L);
            }
        }
        return rows;
    }

    /**
     * Checks that no row comes twice.
     *
     * @param rows what {@link #check} gave, once arrays are known to have so many
     */
    void checkDistinct(int rows) {
        boolean[] seen = new boolean[rows];
        for (int s = 0; s < count; s++) {
            for (int i = begins[s]; i < ends[s]; i++) {
                if (seen[places[i]]) {
                    throw new IllegalArgumentException("attention: place " + i + " of sequence " + s + " is row "
                            + places[i] + ", expected one that is not taken yet");
                }
                seen[places[i]] = true;
            }
        }
    }
}
