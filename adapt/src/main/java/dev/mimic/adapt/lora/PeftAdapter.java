package dev.mimic.adapt.lora;

import dev.mimic.engine.Adapter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A LoRA adapter and where it comes from.
 *
 * @param name of its folder, for messages
 * @param adapter what a request carries
 * @param origin texts of the weights' file: base (a model's fingerprint), task, seed and others, where mimic wrote it
 */
public record PeftAdapter(String name, Adapter.LowRank adapter, Map<String, String> origin) {
    static final String BASE = "base";

    public PeftAdapter {
        origin = Collections.unmodifiableMap(new LinkedHashMap<>(origin));
    }

    /**
     * Checks the model it was trained on, where its folder says. Those that PEFT writes do not.
     *
     * @param fingerprint of the model that is to be adapted; asked for where it is needed
     * @param transfer whether another model is a note instead of an error
     * @param notes hears what the user should know, one line each
     * @throws IllegalArgumentException naming both fingerprints
     */
    public void checkBase(Supplier<String> fingerprint, boolean transfer, Consumer<String> notes) {
        String base = origin.get(BASE);
        if (base == null || base.equals(fingerprint.get())) {
            return;
        }
        String problem =
                name + ": it was trained on the model with fingerprint " + base + ", expected " + fingerprint.get();
        if (!transfer) {
            throw new IllegalArgumentException(problem);
        }
        notes.accept(problem);
    }

    /** Numbers that were trained. */
    public int parameters() {
        return adapter.weights().values().stream().mapToInt(one -> one.size()).sum();
    }
}
