package dev.mimic.app.command;

/**
 * Options that know which of their values have a meaning. A command and its mixins that are one are asked before the
 * command starts, by {@link CommandRunner}; what they refuse is a usage error.
 */
interface CheckedOptions {
    /**
     * Checks what was given, by itself: no file is read for it.
     *
     * @throws IllegalArgumentException naming the first value without a meaning, and what was expected
     */
    void check();
}
