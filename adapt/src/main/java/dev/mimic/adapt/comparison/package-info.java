/** One table of all ways to adapt a model. */
package dev.mimic.adapt.comparison;
