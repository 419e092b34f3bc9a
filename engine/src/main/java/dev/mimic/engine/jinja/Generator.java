package dev.mimic.engine.jinja;

import java.util.Iterator;

/**
 * A Python generator or iterator: true even if empty, without length, and used up by the first who reads it. Many filters
 * of jinja2 give one.
 *
 * @param items what is left of it
 */
record Generator(Iterator<Object> items) {}
