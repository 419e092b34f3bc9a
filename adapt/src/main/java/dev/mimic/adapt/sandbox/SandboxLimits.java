package dev.mimic.adapt.sandbox;

import java.time.Duration;

/**
 * What one answer may use.
 *
 * @param wall time until everything is killed
 * @param cpuSeconds processor time of each process
 * @param memoryBytes address space of each process
 * @param processes processes and threads at once, the answer's own included
 * @param outputBytes standard output and error together; more ends the run
 * @param fileBytes the temporary folder as a whole, and each file in it
 */
public record SandboxLimits(
        Duration wall, int cpuSeconds, long memoryBytes, int processes, int outputBytes, long fileBytes) {
    /** 10 s of processor, 30 s of wall clock, 512 MiB a process, 8 processes, 256 KiB of output, 16 MiB of files. */
    public static final SandboxLimits DEFAULT =
            new SandboxLimits(Duration.ofSeconds(30), 10, 512L << 20, 8, 256 << 10, 16L << 20);

    public SandboxLimits {
        if (wall.isNegative() || wall.isZero() || cpuSeconds < 1 || memoryBytes < 1 || processes < 1) {
            throw new IllegalArgumentException("SandboxLimits: expected positive limits, got wall " + wall + ", "
                    + cpuSeconds + " s, " + memoryBytes + " bytes, " + processes + " processes");
        }
        if (outputBytes < 1 || fileBytes < 1) {
            throw new IllegalArgumentException("SandboxLimits: expected positive limits, got " + outputBytes
                    + " bytes of output, " + fileBytes + " bytes of files");
        }
    }

    /** The same with another wall clock. */
    public SandboxLimits withWall(Duration newWall) {
        return new SandboxLimits(newWall, cpuSeconds, memoryBytes, processes, outputBytes, fileBytes);
    }

    /** The same with other processor seconds. */
    public SandboxLimits withCpuSeconds(int seconds) {
        return new SandboxLimits(wall, seconds, memoryBytes, processes, outputBytes, fileBytes);
    }
}
