/** JMH benchmarks, one class per kernel family. */
package dev.mimic.bench;
