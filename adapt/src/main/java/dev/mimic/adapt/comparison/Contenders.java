package dev.mimic.adapt.comparison;

import dev.mimic.adapt.dispatch.DispatchPrompt;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.engine.Adapter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that was trained and found, by the name of the column that it is for.
 *
 * @param lora low-rank adapters
 * @param experts vectors of singular values; without the classifier
 * @param classifier the expert that names the kind of a question
 * @param mixtures of few-shot searches
 * @param transferred another model's experts
 * @param shuffled the same, each vector in random order
 * @param prompt asks for the kind
 */
public record Contenders(
        Map<String, TaskAdapter> lora,
        Map<String, TaskAdapter> experts,
        Optional<TaskAdapter> classifier,
        Map<String, Mixture> mixtures,
        Map<String, TaskAdapter> transferred,
        Map<String, TaskAdapter> shuffled,
        DispatchPrompt prompt) {
    public Contenders {
        lora = ordered(lora);
        experts = ordered(experts);
        mixtures = ordered(mixtures);
        transferred = ordered(transferred);
        shuffled = ordered(shuffled);
    }

    /** Those that need no factors. */
    public static Contenders plain(Map<String, TaskAdapter> lora, DispatchPrompt prompt) {
        return new Contenders(lora, Map.of(), Optional.empty(), Map.of(), Map.of(), Map.of(), prompt);
    }

    private static <T> Map<String, T> ordered(Map<String, T> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    /** What answers for a method in a column; without an expert of its own that of its kind, if there is one. */
    public Contender of(Method method, Column column) {
        return switch (method) {
            case BASE -> new Contender.Ready(Dispatcher.none(), 0, List.of(), Optional.empty());
            case LORA -> fixed(lora, column, "LoRA");
            case SVF -> fixed(experts, column, "expert");
            case TRANSFER -> fixed(transferred, column, "expert to transfer");
            case SHUFFLED -> fixed(shuffled, column, "expert to transfer");
            case PROMPT -> routed(Optional.empty());
            case CLASSIFIER ->
                classifier.isPresent()
                        ? routed(classifier)
                        : new Contender.Missing("no classifier: --classifier FILE names one,"
                                + " --task dispatch=TRAIN,VALID trains one");
            case FEWSHOT -> {
                Mixture mixture = mixtures.get(column.name());
                yield mixture == null
                        ? new Contender.Missing(
                                experts.isEmpty()
                                        ? "no expert to mix"
                                        : "no examples to search on: --task T=SHOTS,TEST or T=TRAIN,VALID,TEST")
                        : new Contender.Ready(
                                new Dispatcher.Fixed(mixture.scaling(), Map.of()),
                                mixture.parameters(),
                                mixture.experts(),
                                Optional.of(mixture));
            }
        };
    }

    private static Contender fixed(Map<String, TaskAdapter> trained, Column column, String what) {
        TaskAdapter own = trained.get(column.name());
        TaskAdapter found = own != null ? own : byKind(trained).get(column.kind());
        return found == null
                ? new Contender.Missing("no " + what + " of the task " + column.name() + " or its kind")
                : new Contender.Ready(
                        new Dispatcher.Fixed(found.adapter(), Map.of(column.name(), 1.0)),
                        found.parameters(),
                        List.of(found.file()),
                        Optional.empty());
    }

    private Contender routed(Optional<TaskAdapter> first) {
        Map<String, TaskAdapter> byKind = byKind(experts);
        if (byKind.isEmpty()) {
            return new Contender.Missing("no expert to choose");
        }
        Map<String, Adapter> adapters = new LinkedHashMap<>();
        byKind.forEach((kind, trained) -> adapters.put(kind, trained.adapter()));
        List<TaskAdapter> used = new ArrayList<>(byKind.values());
        first.ifPresent(used::add);
        Dispatcher dispatcher = first.isPresent()
                ? new Dispatcher.Classifier(prompt, first.get().adapter(), adapters)
                : new Dispatcher.Prompt(prompt, adapters);
        return new Contender.Ready(
                dispatcher,
                parameters(used),
                used.stream().map(TaskAdapter::file).toList(),
                Optional.empty());
    }

    /** Numbers that were trained, in all. */
    public static int parameters(Collection<TaskAdapter> used) {
        return used.stream().mapToInt(TaskAdapter::parameters).sum();
    }

    /** One for each kind: that of a column of the kind's own name, else the first. */
    private static Map<String, TaskAdapter> byKind(Map<String, TaskAdapter> trained) {
        Map<String, TaskAdapter> byKind = new LinkedHashMap<>();
        trained.values().forEach(one -> byKind.putIfAbsent(one.kind(), one));
        for (String kind : ExpertFolder.CLASSES) {
            if (trained.containsKey(kind)) {
                byKind.put(kind, trained.get(kind));
            }
        }
        return byKind;
    }
}
