package dev.mimic.app.demo;

import dev.mimic.adapt.search.FewShotSettings;
import dev.mimic.adapt.train.TrainingOptions;

/**
 * How much the demo does.
 *
 * @param training of each expert; its seed is the demo's
 * @param search of each mixture; its seed is the demo's
 * @param questions held-out questions of each task at most
 */
public record DemoSettings(TrainingOptions training, FewShotSettings search, int questions) {
    /** What docs/bundled-model.md reports of: 40 steps of 64 replies, 10 rounds of 32 candidates, 300 questions. */
    public static final DemoSettings FULL = new DemoSettings(TrainingOptions.BUNDLED, FewShotSettings.BUNDLED, 300);

    /** The same with another seed. */
    public DemoSettings withSeed(long seed) {
        return new DemoSettings(training.withSeed(seed), search.withSeed(seed), questions);
    }
}
