package dev.mimic.engine.runtime;

/** Why a reply ended. */
public enum StopCause {
    /** A stop id or a stop string. */
    STOP,
    /** As many tokens as were asked for, or as the context holds. */
    LENGTH,
    /** The caller took the request back. */
    CANCELLED,
    /** Its time was up. */
    DEADLINE
}
