package dev.mimic.app.command;

import dev.mimic.adapt.comparison.Method;
import dev.mimic.adapt.dispatch.DispatchPrompt;
import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.train.TrainingOptions;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a command line asks of a comparison.
 *
 * @param model as named
 * @param rows in the order of the table
 * @param training how missing experts are trained; its limit of a reply holds for all replies
 * @param lora how missing LoRA adapters are trained
 * @param perLayer whether a mixture has weights for each layer
 * @param shots examples of a search
 * @param limit of test rows; null for all
 * @param allowSeen whether test rows may have been seen
 * @param factors null for the model's own, or some made in the folder
 * @param classifier null for the folder's
 * @param transferFrom folder of another model's experts, or null
 * @param prompt asks for the kind of a question
 */
record ComparisonSettings(
        String model,
        List<Method> rows,
        TrainingOptions training,
        TrainingOptions lora,
        FewShotSettings search,
        boolean perLayer,
        ExpertMixture.Mode mix,
        int shots,
        Integer limit,
        boolean allowSeen,
        Path factors,
        Path classifier,
        Path transferFrom,
        DispatchPrompt prompt) {

    /** Whether some row is among these. */
    boolean has(Method... methods) {
        return List.of(methods).stream().anyMatch(rows::contains);
    }

    /** The rows that the model answers without factors. */
    List<Method> plainRows() {
        return rows.stream()
                .filter(row -> row == Method.BASE || row == Method.LORA)
                .toList();
    }

    /** Whether experts of the tasks are needed. */
    boolean needExperts() {
        return has(Method.SVF, Method.PROMPT, Method.CLASSIFIER, Method.FEWSHOT);
    }

    /** As JSON has it. */
    Map<String, Object> asMap() {
        Map<String, Object> searching = new LinkedHashMap<>();
        searching.put("population", search.population());
        searching.put("elite", search.eliteShare());
        searching.put("generations", search.generations());
        searching.put("range", List.of(search.low(), search.high()));
        searching.put("ema", search.ema());
        searching.put("result", search.pick().text());
        searching.put("per_layer", perLayer);
        searching.put("mix", mix.text());
        searching.put("shots", shots);
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("seed", training.seed());
        map.put("limit", limit);
        map.put("allow_seen", allowSeen);
        map.put("training", training.asMap());
        map.put("lora", lora.asMap());
        map.put("search", searching);
        map.put("transfer_from", transferFrom == null ? null : transferFrom.toString());
        map.put("dispatch_prompt", prompt.template());
        return map;
    }
}
