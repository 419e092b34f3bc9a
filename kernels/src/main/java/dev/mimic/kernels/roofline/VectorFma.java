package dev.mimic.kernels.roofline;

import dev.mimic.kernels.VectorWidth;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Multiply-adds in registers alone: twelve chains, which hide the latency of fma and fit 16 registers. */
final class VectorFma {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;

    /** Chains in flight. */
    static final int CHAINS = 12;

    /** Floats that {@link #chains} writes. */
    static final int LANES = SPECIES.length();

    private VectorFma() {}

    /**
     * Runs {@code length · CHAINS · LANES} multiply-adds, {@code x = 0.999 x + 0.001} from 0.001 on in every lane.
     *
     * @param lanes overwritten from {@code offset} on with the sum of the chains, {@link #LANES} elements
     */
    static void chains(int length, float[] lanes, int offset) {
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
        for (int n = 0; n < length; n++) {
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
        FloatVector first = a.add(b).add(c.add(d)).add(e.add(f));
        FloatVector second = g.add(h).add(i.add(j)).add(k.add(l));
        first.add(second).intoArray(lanes, offset);
    }
}
