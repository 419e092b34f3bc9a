package dev.mimic.engine;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.loader.model.ModelConfig;

/** Hands the hidden states that a pass shows to a sink, row by row. */
final class SinkTrace implements ForwardTrace {
    private final ForwardSink sink;
    private final int layers;
    private final float[] row;

    SinkTrace(ModelConfig config, ForwardSink sink) {
        this.sink = sink;
        this.layers = config.layers();
        this.row = new float[config.hiddenSize()];
    }

    @Override
    public void embeddings(int rows, int[] positions, float[] x) {
        hand(0, rows, positions, x);
    }

    @Override
    public void layer(int layer, int rows, int[] positions, float[] x) {
        hand(layer + 1, rows, positions, x);
    }

    @Override
    public void finalNorm(int rows, int[] positions, float[] x) {
        hand(layers + 1, rows, positions, x);
    }

    private void hand(int stage, int rows, int[] positions, float[] x) {
        for (int i = 0; i < rows; i++) {
            System.arraycopy(x, i * row.length, row, 0, row.length);
            sink.hidden(stage, positions[i], row);
        }
    }
}
