package dev.mimic.adapt.search;

import dev.mimic.adapt.task.Accuracy;
import dev.mimic.engine.Adapter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a few-shot search found.
 *
 * @param alpha [groups, experts]
 * @param layers that the groups stand for; none if the whole model is one
 * @param scaling the mixture's z
 * @param base right answers of the base model on the shots
 * @param onShots the same of the mixture; chosen on them, so no measure of how good it is elsewhere
 * @param generations how the search went
 * @param seconds it took
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record FewShotResult(
        double[] alpha,
        List<Integer> layers,
        Adapter.Scaling scaling,
        Accuracy base,
        Accuracy onShots,
        List<FewShotSearch.Generation> generations,
        double seconds) {

    /**
     * The weights of each expert: one, or one for each layer.
     *
     * @param experts names in the order of the search
     */
    public Map<String, double[]> weights(List<String> experts) {
        Map<String, double[]> weights = new LinkedHashMap<>();
        for (int k = 0; k < experts.size(); k++) {
            double[] column = new double[Math.max(1, layers.size())];
            int expert = k;
            Arrays.setAll(column, group -> alpha[group * experts.size() + expert]);
            weights.put(experts.get(k), column);
        }
        return weights;
    }
}
