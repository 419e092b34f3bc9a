package dev.mimic.kernels.cuda;

/** How long a device takes for work that is queued. */
final class Stopwatch {
    private static final int RUNS = 3;

    private Stopwatch() {}

    /** Milliseconds of the fastest of some runs, each waited for. */
    static double millis(CudaDevice device, Runnable work) {
        double best = Double.POSITIVE_INFINITY;
        for (int i = 0; i < RUNS; i++) {
            best = Math.min(best, once(device, work));
        }
        return best;
    }

    /** Milliseconds of one run. */
    static double once(CudaDevice device, Runnable work) {
        device.synchronize();
        long start = System.nanoTime();
        work.run();
        device.synchronize();
        return (System.nanoTime() - start) * 1e-6;
    }
}
