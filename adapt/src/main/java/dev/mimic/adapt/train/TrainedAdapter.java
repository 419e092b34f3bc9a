package dev.mimic.adapt.train;

import dev.mimic.adapt.lora.LowRankSettings;
import dev.mimic.adapt.lora.PeftAdapter;
import dev.mimic.adapt.lora.PeftFolder;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.engine.Adapter;
import java.nio.file.Path;

/** What training made. */
public sealed interface TrainedAdapter {
    /**
     * Scales of singular values.
     *
     * @param expert holds z
     */
    record Scaling(Expert expert) implements TrainedAdapter {
        @Override
        public Adapter adapter() {
            return new Adapter.Scaling(expert.vectors());
        }

        @Override
        public void write(Path out) {
            expert.write(out);
        }
    }

    /**
     * A LoRA adapter.
     *
     * @param settings how it was made
     * @param layers of the model
     */
    record LowRank(PeftAdapter peft, LowRankSettings settings, int layers) implements TrainedAdapter {
        @Override
        public Adapter adapter() {
            return peft.adapter();
        }

        @Override
        public void write(Path out) {
            PeftFolder.write(out, peft, settings, layers);
        }
    }

    /** What a request carries. */
    Adapter adapter();

    /**
     * Writes it, whole or not at all: an expert file, or a folder as PEFT writes it.
     *
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    void write(Path out);
}
