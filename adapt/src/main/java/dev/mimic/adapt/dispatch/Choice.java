package dev.mimic.adapt.dispatch;

import dev.mimic.engine.Adapter;
import java.util.Map;
import java.util.Optional;

/**
 * What the first pass decided for a question.
 *
 * @param kind the class that the first pass named; empty if there was no first pass or no class in its reply
 * @param alpha weights of the experts in use: one, or one for each layer; empty for the base model
 * @param adapter what answers
 * @param seconds from asking for the kind to knowing it; 0 without a first pass
 */
public record Choice(Optional<String> kind, Map<String, double[]> alpha, Adapter adapter, double seconds) {}
