package dev.mimic.engine.jinja;

import java.util.Map;

/**
 * jinja2's {@code namespace}: the one value that a template can change.
 *
 * @param attributes by name, in order of first assignment
 */
record Namespace(Map<Object, Object> attributes) {}
