package dev.mimic.app.demo;

import dev.mimic.adapt.evaluation.Answer;
import dev.mimic.adapt.search.FewShotResult;
import dev.mimic.adapt.task.Accuracy;
import dev.mimic.adapt.task.SeenPrompts;
import dev.mimic.adapt.train.TrainingOutcome;
import dev.mimic.adapt.train.TrainingStep;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the demo found.
 *
 * @param skills the trained experts, on questions of their own skill
 * @param ways tasks, and how each way of adapting answers them
 * @param mixtures few-shot searches for the variants that no expert was trained on
 * @param seconds by part, in order, then in all
 */
record Findings(List<Skill> skills, List<Ways> ways, List<Mixture> mixtures, Map<String, Double> seconds) {
    /**
     * The model, opened and taken apart.
     *
     * @param architecture of the model
     * @param numbers of all its weights
     * @param layers how many
     * @param load seconds of opening
     * @param matrices taken apart
     * @param singularValues of them all: the numbers of an expert
     * @param worstError largest relative error of a matrix
     * @param decompose seconds of taking apart
     */
    record Opened(
            String architecture,
            long numbers,
            int layers,
            double load,
            int matrices,
            int singularValues,
            double worstError,
            double decompose) {}

    /**
     * A training.
     *
     * @param name of the skill
     * @param seen prompts that it saw
     * @param steps all
     * @param seconds validation included
     */
    record Training(String name, SeenPrompts seen, TrainingOutcome outcome, List<TrainingStep> steps, double seconds) {}

    /**
     * An expert on held-out questions of its skill.
     *
     * @param base the base model's answers
     * @param adapted the expert's, to the same questions
     */
    record Skill(Training training, List<Answer> base, List<Answer> adapted) {
        String name() {
            return training.name();
        }
    }

    /**
     * The ways of adapting, on held-out questions of a task.
     *
     * @param name of the task
     * @param fewShot empty where nothing was searched
     */
    record Ways(String name, Accuracy base, Accuracy prompt, Accuracy classifier, Optional<Accuracy> fewShot) {}

    /**
     * A mixture found on a few shots.
     *
     * @param name of the variant
     * @param experts in the order of the search
     * @param base the base model on held-out questions
     * @param mixed the mixture on the same
     */
    record Mixture(String name, List<String> experts, FewShotResult found, Accuracy base, Accuracy mixed) {
        /** Whether the mixture's interval lies above the base's. */
        boolean beatsBase() {
            return mixed.low() > base.high();
        }
    }
}
