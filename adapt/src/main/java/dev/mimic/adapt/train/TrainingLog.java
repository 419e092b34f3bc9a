package dev.mimic.adapt.train;

import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** One line of JSON per step. */
public final class TrainingLog implements AutoCloseable {
    private final Path file;
    private final BufferedWriter writer;

    TrainingLog(Path file, BufferedWriter writer) {
        this.file = file;
        this.writer = writer;
    }

    /**
     * Opens a log to go on after so many steps; what an earlier run wrote beyond them is dropped, a half line too.
     *
     * @param done steps that stand; 0 begins anew
     * @throws UncheckedIOException if it cannot be written
     */
    public static TrainingLog open(Path file, int done) {
        StringBuilder kept = new StringBuilder();
        if (done > 0 && Files.exists(file)) {
            for (TrainingStep step : read(file)) {
                if (step.step() <= done) {
                    kept.append(Json.write(step.asMap())).append('\n');
                }
            }
        }
        AtomicFile.writeText(file, kept.toString());
        try {
            return new TrainingLog(
                    file, Files.newBufferedWriter(file, StandardCharsets.UTF_8, StandardOpenOption.APPEND));
        } catch (IOException e) {
            throw AtomicFile.unwritable(file, e);
        }
    }

    /**
     * Reads a log; a last line without its end is left out.
     *
     * @throws dev.mimic.loader.InvalidModelException naming the line that is no step
     */
    public static List<TrainingStep> read(Path file) {
        String text;
        try {
            text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<TrainingStep> steps = new ArrayList<>();
        int begin = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
            byte[] line = text.substring(begin, end).getBytes(StandardCharsets.UTF_8);
            steps.add(TrainingStep.of(Json.parseObject(line, file + ": line " + (steps.size() + 1))));
            begin = end + 1;
        }
        return steps;
    }

    /** Adds a step and hands it to the system. */
    public void add(TrainingStep step) {
        try {
            writer.write(Json.write(step.asMap()) + "\n");
            writer.flush();
        } catch (IOException e) {
            throw AtomicFile.unwritable(file, e);
        }
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw AtomicFile.unwritable(file, e);
        }
    }
}
