package dev.mimic.testkit;

import java.util.random.RandomGenerator;

/** Makes a broken input from a sound one. Must not change the array it is given. */
@FunctionalInterface
public interface Mutator {
    /**
     * Makes one edit.
     *
     * @param input what to start from; read only
     * @param random the case's own generator
     * @return another array, or the same if no edit is possible
     */
    byte[] mutate(byte[] input, RandomGenerator random);

    /** One of several mutators, chosen for each edit. */
    static Mutator anyOf(Mutator... mutators) {
        return (input, random) -> mutators[random.nextInt(mutators.length)].mutate(input, random);
    }
}
