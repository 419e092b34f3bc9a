package dev.mimic.adapt.train;

import dev.mimic.adapt.task.Accuracy;
import dev.mimic.loader.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What happened in a step.
 *
 * @param step from 1
 * @param learningRate its rate
 * @param reward mean reward of its replies; NaN where there are no rewards
 * @param accuracy share of right replies; NaN where they are not checked
 * @param loss what was minimised
 * @param divergence mean KL from the base model; NaN where its weight is 0 and it is not measured
 * @param gradientNorm before clipping
 * @param tokens new tokens of the replies, stop tokens included
 * @param seconds of the step, without validation
 * @param rolloutSeconds of these, until the replies were there and checked
 * @param valid accuracy on the validation split after this step, where it was measured
 */
public record TrainingStep(
        int step,
        double learningRate,
        double reward,
        double accuracy,
        double loss,
        double divergence,
        double gradientNorm,
        long tokens,
        double seconds,
        double rolloutSeconds,
        Optional<Accuracy> valid) {

    /** New tokens per second, training included. */
    public double tokensPerSecond() {
        return seconds > 0 ? tokens / seconds : 0;
    }

    /** As one line of a log; what was not measured is null. */
    Map<String, Object> asMap() {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step);
        line.put("lr", learningRate);
        line.put("reward", ifNumber(reward));
        line.put("accuracy", ifNumber(accuracy));
        line.put("loss", ifNumber(loss));
        line.put("kl", ifNumber(divergence));
        line.put("gradient_norm", ifNumber(gradientNorm));
        line.put("tokens", tokens);
        line.put("seconds", seconds);
        line.put("rollout_seconds", rolloutSeconds);
        line.put("tokens_per_second", tokensPerSecond());
        line.put("valid", valid.map(TrainingStep::asMap).orElse(null));
        return line;
    }

    private static Map<String, Object> asMap(Accuracy valid) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("right", valid.right());
        map.put("examples", valid.examples());
        map.put("accuracy", valid.share());
        return map;
    }

    private static Object ifNumber(double value) {
        return Double.isFinite(value) ? value : null;
    }

    /** Reads a line of a log. */
    static TrainingStep of(JsonObject line) {
        return new TrainingStep(
                line.integer("step").orElseThrow(() -> line.missing("step")),
                number(line, "lr"),
                number(line, "reward"),
                number(line, "accuracy"),
                number(line, "loss"),
                number(line, "kl"),
                number(line, "gradient_norm"),
                (long) line.number("tokens").orElse(0.0).doubleValue(),
                line.number("seconds").orElse(0.0),
                line.number("rollout_seconds").orElse(0.0),
                line.object("valid").map(TrainingStep::accuracy));
    }

    private static Accuracy accuracy(JsonObject valid) {
        return new Accuracy(
                valid.integer("right").orElseThrow(() -> valid.missing("right")),
                valid.integer("examples").orElseThrow(() -> valid.missing("examples")));
    }

    private static double number(JsonObject line, String name) {
        return line.number(name).orElse(Double.NaN);
    }
}
