package dev.mimic.engine.model;

import dev.mimic.loader.model.RopeScaling;
import java.util.Arrays;

/**
 * Angles of the rotary position embedding (Su et al. 2021): position p turns pair j by {@code p · theta^(-2j/headSize)},
 * the frequencies changed as the model's scaling asks. Computed in double for the rows of each step.
 */
final class RotaryTable {
    /** Positions whose angles are kept at most. */
    private static final int KEPT = 4096;

    private final int half;
    private final double theta;
    private final RopeScaling scaling;
    private final double[] frequencies;
    private int frequenciesLength = -1;

    /** Angles of the first positions, computed once: [kept, half]. */
    private float[] keptCos = {};

    private float[] keptSin = {};
    private int kept;

    /**
     * Makes the table.
     *
     * @param headSize elements of a head; even
     * @param theta base of the frequencies
     */
    RotaryTable(int headSize, double theta, RopeScaling scaling) {
        this.half = headSize / 2;
        this.theta = theta;
        this.scaling = scaling;
        this.frequencies = new double[half];
    }

    /**
     * Computes the angles of a step's rows.
     *
     * @param rows rows
     * @param positions [rows]
     * @param lengths [rows]: positions of the sequence that the row belongs to, as far as it is known; for dynamic scaling
     * @param cos [rows, headSize / 2]; overwritten
     * @param sin [rows, headSize / 2]; overwritten
     */
    void fill(int rows, int[] positions, int[] lengths, float[] cos, float[] sin) {
        for (int i = 0; i < rows; i++) {
            select(lengths[i]);
            int position = positions[i];
            if (position < KEPT && !(scaling instanceof RopeScaling.Dynamic)) { // there each length has its own
                keep(position);
                System.arraycopy(keptCos, position * half, cos, i * half, half);
                System.arraycopy(keptSin, position * half, sin, i * half, half);
            } else {
                angles(position, cos, sin, i * half);
            }
        }
    }

    /** Computes what is not there up to a position. */
    private void keep(int position) {
        if (keptCos.length <= position * half) {
            int room = Math.min(KEPT, Math.max(64, 2 * (position + 1)));
            keptCos = Arrays.copyOf(keptCos, room * half);
            keptSin = Arrays.copyOf(keptSin, room * half);
        }
        for (; kept <= position; kept++) {
            angles(kept, keptCos, keptSin, kept * half);
        }
    }

    private void angles(int position, float[] cos, float[] sin, int offset) {
        for (int j = 0; j < half; j++) {
            double angle = position * frequencies[j];
            cos[offset + j] = (float) Math.cos(angle);
            sin[offset + j] = (float) Math.sin(angle);
        }
    }

    /** Makes the frequencies those of a sequence of that length. */
    private void select(int length) {
        int effective =
                scaling instanceof RopeScaling.Dynamic dynamic ? Math.max(length, dynamic.originalMaxPositions()) : 0;
        if (effective == frequenciesLength) {
            return;
        }
        frequenciesLength = effective;
        double base = theta;
        if (scaling instanceof RopeScaling.Dynamic dynamic) {
            // transformers, modeling_rope_utils._compute_dynamic_ntk_parameters
            double stretch = dynamic.factor() * effective / dynamic.originalMaxPositions() - (dynamic.factor() - 1);
            base = theta * Math.pow(stretch, half / (half - 1.0));
        }
        for (int j = 0; j < half; j++) {
            frequencies[j] = scaled(Math.pow(base, -(double) j / half));
        }
    }

    private double scaled(double frequency) {
        return switch (scaling) {
            case RopeScaling.None _, RopeScaling.Dynamic _ -> frequency;
            case RopeScaling.Linear linear -> frequency / linear.factor();
            case RopeScaling.Llama3 llama3 -> llama3(frequency, llama3);
        };
    }

    /** transformers, modeling_rope_utils._compute_llama3_parameters: long waves are stretched, short ones kept. */
    private static double llama3(double frequency, RopeScaling.Llama3 scaling) {
        double turns = scaling.originalMaxPositions() * frequency / (2 * Math.PI);
        if (turns > scaling.highFreqFactor()) {
            return frequency;
        }
        if (turns < scaling.lowFreqFactor()) {
            return frequency / scaling.factor();
        }
        double smooth = (turns - scaling.lowFreqFactor()) / (scaling.highFreqFactor() - scaling.lowFreqFactor());
        return (1 - smooth) * frequency / scaling.factor() + smooth * frequency;
    }
}
