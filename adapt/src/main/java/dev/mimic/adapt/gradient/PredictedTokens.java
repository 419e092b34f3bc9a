package dev.mimic.adapt.gradient;

/** What the wanted rows of a step predict: a completion's token each. */
final class PredictedTokens {
    /** The token that a row predicts, and the place of its sequence among those of the step. */
    final int[] tokens;

    final int[] owners;
    int count;

    /** Has room for so many. */
    PredictedTokens(int rows) {
        tokens = new int[rows];
        owners = new int[rows];
    }

    void add(int token, int owner) {
        tokens[count] = token;
        owners[count++] = owner;
    }
}
