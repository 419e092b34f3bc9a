package dev.mimic.adapt.train;

/**
 * A reply that is learned from.
 *
 * @param prompt its tokens
 * @param completion the reply's tokens; its stop token is among them if it counts
 * @param reward 1 for a right reply, -1 for a wrong one
 * @param tokens new tokens that were computed, the stop token included
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Rollout(int[] prompt, int[] completion, double reward, int tokens) {}
