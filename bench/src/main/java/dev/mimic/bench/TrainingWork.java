package dev.mimic.bench;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.loader.model.ModelConfig;
import java.util.List;

/**
 * The multiply-adds that a step of training needs, from shapes: every weight that is trained in factored form, causal
 * attention over what each position sees, the head for the tokens of completions alone. In the last layer only the rows
 * that predict those tokens need more than keys and values, in the lowest the gradient goes no further than its own
 * factors. Padding, recomputation and what is done by element do not count.
 *
 * @param forward of scoring
 * @param backward of the gradient of z, beyond scoring
 */
record TrainingWork(double forward, double backward) {

    /**
     * Counts.
     *
     * @param sequences sequences of the step
     * @param rows positions of each that are run
     * @param completion of these, the last ones, that predict a token
     */
    static TrainingWork of(ModelConfig config, TransformerWeights weights, int sequences, int rows, int completion) {
        double forward = 0;
        double backward = 0;
        List<TransformerWeights.Block> blocks = weights.blocks();
        double head = (double) completion * config.vocabularySize() * config.hiddenSize();
        for (int layer = 0; layer < blocks.size(); layer++) {
            int most = layer == blocks.size() - 1 ? completion : rows;
            TransformerWeights.Attention attention = blocks.get(layer).attention();
            TransformerWeights.Gated gated = blocks.get(layer).feedForward();
            boolean lowest = layer == 0;
            forward += rows * (all(attention.k()) + all(attention.v()));
            backward += rows * (back(attention.k(), lowest) + back(attention.v(), lowest));
            forward += most * all(attention.q());
            backward += most * back(attention.q(), lowest);
            for (Linear linear : List.of(attention.o(), gated.gate(), gated.up(), gated.down())) {
                forward += most * all(linear);
                backward += most * all(linear);
            }
            // pairs of a query and a position it sees: each once for the score and once for the value
            double pairs = most * (rows - (most - 1) / 2.0);
            double product = pairs * config.heads() * config.headSize();
            forward += 2 * product;
            backward += 4 * product;
        }
        return new TrainingWork(sequences * (forward + head), sequences * (backward + head));
    }

    private static double all(Linear linear) {
        return switch (linear) {
            case Linear.Dense dense -> (double) dense.in() * dense.out();
            case Linear.Svf svf -> (double) svf.factors().rank() * (svf.in() + svf.out());
        };
    }

    /** Of the gradient of a layer's factors and, unless it goes no further, of its input. */
    private static double back(Linear linear, boolean end) {
        return end && linear instanceof Linear.Svf svf ? (double) svf.factors().rank() * svf.out() : all(linear);
    }

    double sum() {
        return forward + backward;
    }
}
