package dev.mimic.adapt.gradient;

import dev.mimic.adapt.svf.Parametrisation;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * The numbers that are trained, one flat array for all weights, and their two ways: forward to z, and a gradient of z
 * back to them. {@code PLAIN} trains z; {@code SAKANA} trains p with {@code m = sigmoid(p) · max_mult},
 * {@code z = m · S / Sm}, {@code S = Σ sigma}, {@code Sm = Σ sigma · m}, and the gradient goes through the quotient too.
 */
public final class ScalingParameters implements TrainedParameters {
    private final Parametrisation parametrisation;
    private final double maxMult;
    private final List<Factor> factors = new ArrayList<>();
    private final int size;

    /**
     * Chooses the weights.
     *
     * @param weights whole names, in the order of the flat array
     * @param maxMult the largest m; of no effect for {@code PLAIN}
     * @throws IllegalArgumentException naming a weight that is not among the factors
     */
    public ScalingParameters(
            Factors factors, Collection<String> weights, Parametrisation parametrisation, double maxMult) {
        this.parametrisation = parametrisation;
        this.maxMult = maxMult;
        int count = 0;
        for (String name : weights) {
            Factor factor = factors.factor(name)
                    .orElseThrow(() -> new IllegalArgumentException("train: '" + name + "' is not among the factors"));
            this.factors.add(factor);
            count = Math.addExact(count, factor.sigma().length);
        }
        size = count;
    }

    @Override
    public int size() {
        return size;
    }

    /** 1, or {@code 0.1 + 0.01 · N(0, 1)} as the authors' code does. */
    @Override
    public double[] initial(RandomGenerator random) {
        double[] parameters = new double[size];
        for (int i = 0; i < size; i++) {
            parameters[i] = parametrisation == Parametrisation.PLAIN ? 1 : 0.1 + 0.01 * random.nextGaussian();
        }
        return parameters;
    }

    /**
     * One flat array of vectors by weight name.
     *
     * @throws IllegalArgumentException if one is missing or of another length
     */
    public double[] flat(Map<String, float[]> vectors) {
        double[] parameters = new double[size];
        int at = 0;
        for (Factor factor : factors) {
            float[] vector = vectors.get(factor.weight());
            int rank = factor.sigma().length;
            if (vector == null || vector.length != rank) {
                throw new IllegalArgumentException("train: '" + factor.weight() + "' has "
                        + (vector == null ? "no vector" : vector.length + " numbers") + ", expected " + rank);
            }
            for (float value : vector) {
                parameters[at++] = value;
            }
        }
        return parameters;
    }

    /**
     * The multipliers z.
     *
     * @param parameters [size]
     * @return by whole weight name, each [rank held]
     */
    public Map<String, float[]> z(double[] parameters) {
        Map<String, float[]> all = new LinkedHashMap<>();
        int at = 0;
        for (Factor factor : factors) {
            int rank = factor.sigma().length;
            float[] z = new float[rank];
            Sakana sakana = sakana(factor, parameters, at);
            for (int i = 0; i < rank; i++) {
                z[i] = (float) (sakana == null ? parameters[at + i] : sakana.z(i));
            }
            all.put(factor.weight(), z);
            at += rank;
        }
        return all;
    }

    @Override
    public Adapter.Scaling adapter(double[] parameters) {
        return new Adapter.Scaling(z(parameters));
    }

    @Override
    public double[] gradient(double[] parameters, Map<String, double[]> dz) {
        double[] gradient = new double[size];
        int at = 0;
        for (Factor factor : factors) {
            double[] q = dz.get(factor.weight());
            Sakana sakana = sakana(factor, parameters, at);
            if (sakana == null) {
                System.arraycopy(q, 0, gradient, at, q.length);
            } else {
                sakana.back(q, factor.sigma(), maxMult, gradient, at);
            }
            at += factor.sigma().length;
        }
        return gradient;
    }

    private Sakana sakana(Factor factor, double[] parameters, int at) {
        if (parametrisation == Parametrisation.PLAIN) {
            return null;
        }
        float[] sigma = factor.sigma();
        double[] m = new double[sigma.length];
        double sum = 0;
        double scaled = 0;
        for (int i = 0; i < m.length; i++) {
            m[i] = maxMult / (1 + Math.exp(-parameters[at + i]));
            sum += sigma[i];
            scaled += sigma[i] * m[i];
        }
        return new Sakana(m, sum, scaled);
    }

    /** m, {@code S} and {@code Sm} of a weight. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Sakana(double[] m, double sum, double scaled) {
        double z(int i) {
            return sum > 0 ? m[i] * sum / scaled : 1; // a zero weight stays zero whatever z is
        }

        /**
         * With c = S/Sm and q = dL/dz: {@code dL/dm_i = c (q_i - sigma_i (q·m)/Sm)},
         * {@code dL/dp_i = dL/dm_i · m_i (1 - m_i/max_mult)}.
         */
        void back(double[] q, float[] sigma, double maxMult, double[] gradient, int at) {
            if (!(sum > 0)) {
                return;
            }
            double product = 0;
            for (int i = 0; i < m.length; i++) {
                product += q[i] * m[i];
            }
            for (int i = 0; i < m.length; i++) {
                double slope = sum / scaled * (q[i] - sigma[i] * product / scaled);
                gradient[at + i] = slope * m[i] * (1 - m[i] / maxMult);
            }
        }
    }
}
