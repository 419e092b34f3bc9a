package dev.mimic.adapt.train;

import dev.mimic.adapt.task.SeenPrompts;
import java.nio.file.Path;

/**
 * The files of a training.
 *
 * @param out the expert
 * @param log one line per step
 * @param curve a picture of the learning curve
 * @param seen hashes of all prompts that training saw
 * @param checkpoint a folder
 */
public record TrainingFiles(Path out, Path log, Path curve, Path seen, Path checkpoint) {
    /** Those beside the expert: its name with {@code .jsonl}, {@code .png}, {@code .seen} and {@code .ckpt} behind it. */
    public static TrainingFiles beside(Path out) {
        return new TrainingFiles(
                out, named(out, ".jsonl"), named(out, ".png"), SeenPrompts.beside(out), named(out, ".ckpt"));
    }

    private static Path named(Path out, String end) {
        return out.resolveSibling(out.getFileName() + end);
    }

    /** The same with another folder for the checkpoint. */
    public TrainingFiles withCheckpoint(Path folder) {
        return new TrainingFiles(out, log, curve, seen, folder);
    }
}
