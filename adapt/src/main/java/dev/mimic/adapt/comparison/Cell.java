package dev.mimic.adapt.comparison;

import dev.mimic.adapt.AdaptedAnswers;
import java.util.Optional;

/**
 * A method's answers to a column's examples.
 *
 * @param contender what answered, or why nothing could
 * @param result empty where nothing could
 */
public record Cell(Method method, Column column, Contender contender, Optional<AdaptedAnswers> result) {}
