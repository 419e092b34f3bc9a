package dev.mimic.app.command;

import dev.mimic.engine.EngineOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** Options that say which experts are in use and how. */
final class ExpertFlags {
    /** How experts are mixed. */
    enum Mix {
        DELTA,
        SUM,
        SAKANA_RAW
    }

    @Option(
            names = "--expert",
            paramLabel = "F[@W]",
            description = {
                "Expert file, with its weight in a mixture (1 if not given); repeatable.",
                "`base` is the base model; for `bundled` also math, code, reasoning, dispatch."
            })
    private List<String> experts = new ArrayList<>();

    @Option(
            names = "--mix",
            paramLabel = "M",
            description = {
                "delta: z = 1 + sum of w (z_k - 1), the default; sum: z = sum of w z_k, as in the paper;",
                "sakana-raw: as in the authors' code, on the raw parameters."
            })
    private String mix = "delta";

    @Option(
            names = "--factors",
            paramLabel = "DIR",
            description = "Folder that `mimic decompose` made of this model.")
    private Path factors;

    @Option(
            names = "--form",
            paramLabel = "FORM",
            description = {
                "factored: U and V replace W; residual: they correct it.",
                "Default: factored if the factors are of full rank."
            })
    private EngineOptions.Form form = EngineOptions.Form.AUTO;

    @Option(names = "--transfer", description = "Accept experts and factors that were made for another base model.")
    private boolean transfer;

    List<String> experts() {
        return experts;
    }

    /**
     * How experts are mixed.
     *
     * @throws IllegalArgumentException if the name is not known
     */
    Mix mix() {
        return mix(mix);
    }

    /** The kind of mixture of that name, in the words of the command line. */
    static Mix mix(String name) {
        for (Mix each : Mix.values()) {
            if (each.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(name)) {
                return each;
            }
        }
        throw new IllegalArgumentException("--mix: expected delta, sum or sakana-raw, got " + name);
    }

    Path factors() {
        return factors;
    }

    EngineOptions.Form form() {
        return form;
    }

    boolean transfer() {
        return transfer;
    }
}
