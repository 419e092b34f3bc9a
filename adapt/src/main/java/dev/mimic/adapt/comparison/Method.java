package dev.mimic.adapt.comparison;

import java.util.Arrays;
import java.util.List;

/** A way to answer; a row of a comparison. */
public enum Method {
    /** The model as it is. */
    BASE("base"),
    /** Low-rank matrices trained for the task. */
    LORA("LoRA"),
    /** The expert trained for the task. */
    SVF("SVF"),
    /** The base model names the expert. */
    PROMPT("prompt"),
    /** An expert trained for it names the expert. */
    CLASSIFIER("classifier"),
    /** The mixture of experts that answers some examples best. */
    FEWSHOT("few-shot"),
    /** Another model's expert for the task, as it is. */
    TRANSFER("transfer in order"),
    /** The same with each of its vectors in random order. */
    SHUFFLED("transfer shuffled");

    private final String text;

    Method(String text) {
        this.text = text;
    }

    /** The name in tables. */
    public String text() {
        return text;
    }

    /** The name in options: lower case, no blanks; both transfers are one. */
    public String option() {
        return switch (this) {
            case TRANSFER, SHUFFLED -> "transfer";
            case FEWSHOT -> "fewshot";
            case BASE, LORA, SVF, PROMPT, CLASSIFIER -> text.toLowerCase(java.util.Locale.ROOT);
        };
    }

    /**
     * The methods of an option's name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static List<Method> of(String option) {
        List<Method> found = Arrays.stream(values())
                .filter(method -> method.option().equals(option))
                .toList();
        if (found.isEmpty()) {
            List<String> names =
                    Arrays.stream(values()).map(Method::option).distinct().toList();
            throw new IllegalArgumentException(
                    "rows: expected some of " + String.join(", ", names) + ", got '" + option + "'");
        }
        return found;
    }
}
