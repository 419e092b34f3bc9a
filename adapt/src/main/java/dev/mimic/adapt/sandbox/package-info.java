/** Python answers, run where they can do no harm. Linux only; elsewhere nothing is run unless the caller allows it. */
package dev.mimic.adapt.sandbox;
