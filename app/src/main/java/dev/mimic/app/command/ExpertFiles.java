package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.svf.Expert;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.WeightedName;
import dev.mimic.app.terminal.Console;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** From the experts named on a command line to what they hold. */
final class ExpertFiles {
    private static final String BASE = "base";

    private ExpertFiles() {}

    /**
     * Reads experts.
     *
     * @param names each {@code F[@W]}, {@code base[@W]}, or for the bundled model the name of one of its own; at least one
     */
    static ExpertMixture mixture(Console console, ModelSource source, List<String> names, ExpertMixture.Mode mode) {
        List<ExpertMixture.Part> parts = new ArrayList<>();
        for (String name : names) {
            WeightedName weighted = WeightedName.parse(name);
            if (weighted.name().equals(BASE)) {
                parts.add(ExpertMixture.Part.base(weighted.alpha()));
            } else {
                Expert expert = Expert.read(file(source, weighted.name()), note -> note(console, source, note));
                parts.add(ExpertMixture.Part.of(expert, weighted.alpha()));
            }
        }
        return new ExpertMixture(mode, parts);
    }

    /** Passes a note on. The bundled model's experts are known to be its own, whatever their files do not say. */
    static void note(Console console, ModelSource source, String note) {
        if (!source.isBundled()) {
            console.note(note);
        }
    }

    /** The files of experts named on a command line; none for {@code base}. */
    static List<Path> files(ModelSource source, List<String> names) {
        return names.stream()
                .map(name -> WeightedName.parse(name).name())
                .filter(name -> !name.equals(BASE))
                .map(name -> file(source, name))
                .toList();
    }

    private static Path file(ModelSource source, String name) {
        if (source.isBundled()) {
            Path own = source.bundled().experts().resolve("expert-" + name + ".safetensors");
            if (Files.exists(own)) {
                return own;
            }
            if (!Files.exists(Path.of(name))) {
                throw new IllegalArgumentException("expert '" + name + "': no such file, and " + BundledModel.NAME
                        + " has " + String.join(", ", BundledModel.EXPERTS));
            }
        }
        return Path.of(name);
    }
}
