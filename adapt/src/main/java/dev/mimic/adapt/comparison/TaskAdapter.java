package dev.mimic.adapt.comparison;

import dev.mimic.engine.Adapter;

/**
 * What was trained for a task.
 *
 * @param file its name, for reports
 * @param kind the class of the task's questions
 * @param parameters numbers that were trained
 */
public record TaskAdapter(String file, String kind, Adapter adapter, int parameters) {}
