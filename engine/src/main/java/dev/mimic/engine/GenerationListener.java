package dev.mimic.engine;

/**
 * Hears a reply while it grows, on the engine's own thread: it should be quick and must not wait for the engine. What it
 * throws ends its own request alone, with that exception.
 */
@FunctionalInterface
public interface GenerationListener {
    /**
     * More text became certain. The pieces together are the result's text.
     *
     * @param piece not empty
     */
    void onText(String piece);

    /**
     * A token was drawn; comes before the text that it makes certain.
     *
     * @param index its place in the reply, from 0
     * @param id the token
     */
    default void onToken(int index, int id) {}
}
