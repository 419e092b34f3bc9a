package dev.mimic.app.command;

import dev.mimic.adapt.task.SeenPrompts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What the experts in use have seen in training and selection. */
final class SeenFiles {
    private final Map<Path, SeenPrompts> byFile = new LinkedHashMap<>();

    private SeenFiles() {}

    /**
     * Finds what experts have seen: the file beside each, for the bundled model's own the rows they were trained on.
     *
     * @param notes hears where it is not known
     * @param experts expert files
     */
    static SeenFiles of(Consumer<String> notes, ModelSource source, List<Path> experts) {
        SeenFiles seen = new SeenFiles();
        for (Path expert : experts) {
            Path file = SeenPrompts.beside(expert);
            if (source.isBundled() && expert.startsWith(source.bundled().experts())) {
                String name = String.valueOf(expert.getFileName()).replaceAll("^expert-|\\.safetensors$", "");
                for (String split : List.of("train", "valid")) {
                    seen.add(TaskData.bundled(name, split));
                }
            } else if (Files.exists(file)) {
                seen.byFile.put(file, SeenPrompts.read(file));
            } else {
                notes.accept(expert.getFileName() + ": no " + file.getFileName()
                        + " beside it, so whether it has seen these examples is not known");
            }
        }
        return seen;
    }

    /** Adds examples that were selected on. */
    void add(TaskData data) {
        byFile.put(data.file(), SeenPrompts.of(data.examples()));
    }

    /**
     * Refuses examples that were seen.
     *
     * @throws dev.mimic.loader.InvalidModelException naming both files
     */
    void refuse(TaskData data) {
        byFile.forEach((file, seen) -> seen.refuseOverlap(file, data.examples(), data.file()));
    }

    /** All of it, and more examples. */
    SeenPrompts and(TaskData data) {
        SeenPrompts all = SeenPrompts.of(data.examples());
        for (SeenPrompts each : byFile.values()) {
            all = all.and(each);
        }
        return all;
    }
}
