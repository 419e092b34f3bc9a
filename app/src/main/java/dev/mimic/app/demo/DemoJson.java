package dev.mimic.app.demo;

import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.task.Accuracy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The demo's findings for scripts. */
final class DemoJson {
    private DemoJson() {}

    /** {@code skills}, {@code dispatch}, {@code few_shot} and {@code seconds}; accuracies are shares from 0 to 1. */
    static Map<String, Object> of(Findings findings) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("skills", findings.skills().stream().map(DemoJson::skill).toList());
        map.put("dispatch", dispatch(findings));
        map.put("few_shot", findings.mixtures().stream().map(DemoJson::mixture).toList());
        map.put("seconds", findings.seconds());
        return map;
    }

    private static Map<String, Object> skill(Findings.Skill skill) {
        Map<String, Object> map =
                compared(skill.name(), Answer.accuracy(skill.base()), Answer.accuracy(skill.adapted()));
        Findings.Training training = skill.training();
        map.put("steps", training.outcome().steps());
        map.put("step", training.outcome().step());
        map.put("parameters", training.outcome().parameters());
        map.put("seconds", training.seconds());
        return map;
    }

    private static Map<String, Object> compared(String name, Accuracy base, Accuracy adapted) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", name);
        map.put("examples", adapted.examples());
        map.put("base", base.share());
        map.put("base_interval", interval(base));
        map.put("adapted", adapted.share());
        map.put("interval", interval(adapted));
        return map;
    }

    /** How often the kind is named right, and how often the answer is right in each way. */
    private static Map<String, Object> dispatch(Findings findings) {
        Map<String, Object> map = new LinkedHashMap<>();
        findings.skills().stream()
                .filter(skill -> skill.name().equals("dispatch"))
                .forEach(skill -> {
                    map.put("prompt", accuracy(Answer.accuracy(skill.base())));
                    map.put("classifier", accuracy(Answer.accuracy(skill.adapted())));
                });
        List<Map<String, Object>> tasks = new ArrayList<>();
        for (Findings.Ways way : findings.ways()) {
            Map<String, Object> task = new LinkedHashMap<>();
            task.put("name", way.name());
            task.put("base", accuracy(way.base()));
            task.put("prompt", accuracy(way.prompt()));
            task.put("classifier", accuracy(way.classifier()));
            task.put("few_shot", way.fewShot().map(DemoJson::accuracy).orElse(null));
            tasks.add(task);
        }
        map.put("tasks", tasks);
        return map;
    }

    private static Map<String, Object> mixture(Findings.Mixture mixture) {
        Map<String, Object> map = compared(mixture.name(), mixture.base(), mixture.mixed());
        map.put("beats_base", mixture.beatsBase());
        Map<String, Object> alpha = new LinkedHashMap<>();
        for (int k = 0; k < mixture.experts().size(); k++) {
            alpha.put(mixture.experts().get(k), mixture.found().alpha()[k]);
        }
        map.put("alpha", alpha);
        map.put("shots", mixture.found().onShots().examples());
        map.put("base_on_shots", mixture.found().base().share());
        map.put("on_shots", mixture.found().onShots().share());
        map.put("rounds", mixture.found().generations().size());
        map.put("seconds", mixture.found().seconds());
        return map;
    }

    private static Map<String, Object> accuracy(Accuracy accuracy) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("examples", accuracy.examples());
        map.put("accuracy", accuracy.share());
        map.put("interval", interval(accuracy));
        return map;
    }

    private static List<Double> interval(Accuracy accuracy) {
        return List.of(accuracy.low(), accuracy.high());
    }
}
