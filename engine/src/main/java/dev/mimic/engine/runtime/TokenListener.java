package dev.mimic.engine.runtime;

/** Hears of a row's tokens as they are drawn, on the scheduler's thread. What it throws ends its own request alone. */
public interface TokenListener {
    /**
     * A token was drawn.
     *
     * @param index its place in the reply, from 0
     * @param id the token
     */
    void token(int index, int id);

    /**
     * Text became certain.
     *
     * @param piece not empty
     */
    void text(String piece);
}
