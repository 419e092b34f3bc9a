package dev.mimic.bench;

import dev.mimic.kernels.WorkerPool;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The multiply-adds that this machine's cores do at once when nothing else is in their way: the limit to compare with. */
final class FmaPeak {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    /** Sums in flight: they hide the latency of fma, and fit 16 registers. */
    private static final int SUMS = 12;

    private static final int LENGTH = 4_000_000;

    private FmaPeak() {}

    /** Multiply-adds a second of all threads of a pool, over some ten milliseconds. */
    static double measure(WorkerPool pool) {
        int threads = pool.threads();
        float[] results = new float[threads * LANES];
        long start = System.nanoTime();
        pool.run(threads, 1, (begin, end) -> {
            for (int i = begin; i < end; i++) {
                sums(results, i * LANES);
            }
        });
        double seconds = (System.nanoTime() - start) / 1e9;
        for (float result : results) {
            if (!(result > 0)) { // also keeps the compiler from leaving out what nobody reads
                throw new IllegalStateException("fma: a sum is " + result + ", expected more than 0");
            }
        }
        return (double) LENGTH * SUMS * LANES * threads / seconds;
    }

    private static void sums(float[] results, int offset) {
        FloatVector factor = FloatVector.broadcast(SPECIES, 0.999f);
        FloatVector one = FloatVector.broadcast(SPECIES, 1e-3f);
        FloatVector a = one;
        FloatVector b = one;
        FloatVector c = one;
        FloatVector d = one;
        FloatVector e = one;
        FloatVector f = one;
        FloatVector g = one;
        FloatVector h = one;
        FloatVector i = one;
        FloatVector j = one;
        FloatVector k = one;
        FloatVector l = one;
        for (int n = 0; n < LENGTH; n++) {
            a = a.fma(factor, one);
            b = b.fma(factor, one);
            c = c.fma(factor, one);
            d = d.fma(factor, one);
            e = e.fma(factor, one);
            f = f.fma(factor, one);
            g = g.fma(factor, one);
            h = h.fma(factor, one);
            i = i.fma(factor, one);
            j = j.fma(factor, one);
            k = k.fma(factor, one);
            l = l.fma(factor, one);
        }
        a.add(b)
                .add(c)
                .add(d)
                .add(e)
                .add(f)
                .add(g)
                .add(h)
                .add(i)
                .add(j)
                .add(k)
                .add(l)
                .intoArray(results, offset);
    }
}
