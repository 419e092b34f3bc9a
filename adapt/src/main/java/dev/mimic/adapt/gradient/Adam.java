package dev.mimic.adapt.gradient;

/**
 * Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019) and clipping by the global norm, step
 * by step as torch.optim.AdamW and clip_grad_norm_ compute them, in double precision. With weight decay 0 it is Adam.
 */
public final class Adam {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final double weightDecay;
    private final double[] first;
    private final double[] second;
    private long steps;

    /**
     * Starts with moments of zero.
     *
     * @param size number of parameters
     * @param weightDecay share of the learning rate by which a step shrinks every parameter
     */
    public Adam(int size, double weightDecay) {
        this.weightDecay = weightDecay;
        this.first = new double[size];
        this.second = new double[size];
    }

    /**
     * Scales a gradient so that its norm is at most {@code maxNorm}: {@code coef = min(1, maxNorm / (norm + 1e-6))}.
     *
     * @param gradient overwritten
     * @param maxNorm 0 for no clipping
     * @return the norm before
     */
    public static double clip(double[] gradient, double maxNorm) {
        double squares = 0;
        for (double g : gradient) {
            squares += g * g;
        }
        double norm = Math.sqrt(squares);
        double coefficient = maxNorm / (norm + 1e-6);
        if (maxNorm > 0 && coefficient < 1) {
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] *= coefficient;
            }
        }
        return norm;
    }

    /**
     * One step against a gradient.
     *
     * @param parameters [size]; overwritten
     * @param gradient [size]
     * @param rate learning rate of this step
     */
    public void step(double[] parameters, double[] gradient, double rate) {
        if (parameters.length != first.length || gradient.length != first.length) {
            throw new IllegalArgumentException("step: " + parameters.length + " parameters and " + gradient.length
                    + " gradients, expected " + first.length);
        }
        steps++;
        double correction1 = 1 - Math.pow(BETA1, steps);
        double correction2 = Math.sqrt(1 - Math.pow(BETA2, steps));
        for (int i = 0; i < first.length; i++) {
            double g = gradient[i];
            first[i] = BETA1 * first[i] + (1 - BETA1) * g;
            second[i] = BETA2 * second[i] + (1 - BETA2) * g * g;
            double denominator = Math.sqrt(second[i]) / correction2 + EPSILON;
            parameters[i] -= rate * weightDecay * parameters[i];
            parameters[i] -= rate / correction1 * first[i] / denominator;
        }
    }

    /** Steps taken. */
    public long steps() {
        return steps;
    }

    /** The moments and the count of steps, for a checkpoint: first, then second moment. */
    public double[][] state() {
        return new double[][] {first.clone(), second.clone()};
    }

    /**
     * Goes on where a checkpoint left off.
     *
     * @param state as {@link #state()} gave it
     */
    public void restore(double[][] state, long stepsTaken) {
        System.arraycopy(state[0], 0, first, 0, first.length);
        System.arraycopy(state[1], 0, second, 0, second.length);
        steps = stepsTaken;
    }
}
