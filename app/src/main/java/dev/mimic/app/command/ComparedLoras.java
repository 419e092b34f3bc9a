package dev.mimic.app.command;

import dev.mimic.adapt.comparison.ComparisonFolder;
import dev.mimic.adapt.comparison.TaskAdapter;
import dev.mimic.adapt.lora.PeftAdapter;
import dev.mimic.adapt.lora.PeftFolder;
import dev.mimic.adapt.train.TrainingOptions;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The LoRA adapters of a comparison: what lies in its folder is used, the rest is trained.
 *
 * @param engine without factors, as for any LoRA
 * @param work trains, and keeps the list of what is used
 */
record ComparedLoras(
        Console console, Engine engine, ComparisonFolder folder, ComparisonTraining work, TrainingOptions options) {

    /** Those of the tasks; of tasks without training rows only where they exist, and all others in the folder. */
    Map<String, TaskAdapter> adapters(List<ComparedTask> tasks) {
        Map<String, TaskAdapter> adapters = new LinkedHashMap<>();
        for (ComparedTask task : tasks) {
            if (task.train().isPresent() || Files.exists(folder.lora(task.name()))) {
                adapters.put(task.name(), adapter(folder.lora(task.name()), task.kind(), task));
            }
        }
        for (String name : folder.loras()) {
            if (!adapters.containsKey(name)) {
                adapters.put(name, adapter(folder.lora(name), name, null));
            }
        }
        return adapters;
    }

    private TaskAdapter adapter(Path file, String kind, ComparedTask task) {
        Map<String, Object> entry = work.made(engine, file, task, options);
        PeftAdapter read = PeftFolder.read(file, engine.config(), console::note);
        read.checkBase(engine::fingerprint, false, console::note);
        engine.check(read.adapter());
        entry.put("parameters", read.parameters());
        entry.put("origin", new LinkedHashMap<>(read.origin()));
        work.noteOtherTraining(entry, file, read.origin(), task, options);
        return new TaskAdapter(String.valueOf(file.getFileName()), kind, read.adapter(), read.parameters());
    }
}
