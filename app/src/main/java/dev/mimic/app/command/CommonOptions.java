package dev.mimic.app.command;

import picocli.CommandLine.Option;

/** Options of every command. */
final class CommonOptions implements CheckedOptions {
    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that compute at once (default: one per core).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--debug", description = "Show the stack trace of an error.")
    boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    /** Threads that compute at once. */
    int threads() {
        return threads;
    }

    @Override
    public void check() {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("--threads: expected 1 to 1024, got " + threads);
        }
    }
}
