package dev.mimic.app.command;

import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.WeightedName;
import dev.mimic.engine.EngineOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Options that say how an engine is opened: which experts are in use and how, and what it caches. */
final class ExpertFlags implements CheckedOptions {
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

    @Option(names = "--factors", paramLabel = "DIR", description = "Folder that `mimic decompose` made of this model.")
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

    @Option(
            names = "--kv",
            paramLabel = "T",
            description = {
                "Cache keys and values as f32 (default), bf16 or q8: half or about a quarter of the memory,",
                "for answers that differ a little."
            })
    private EngineOptions.CacheFormat keyValueType = EngineOptions.CacheFormat.F32;

    private boolean later;

    @Override
    public void check() {
        mix();
        experts.forEach(WeightedName::parse);
    }

    List<String> experts() {
        return experts;
    }

    /** Whether factors are needed: experts are named now, or will be. */
    boolean adapts() {
        return later || !experts.isEmpty();
    }

    /** Says that experts may be named later on. */
    void maybeLater() {
        later = true;
    }

    /** How experts are mixed. */
    ExpertMixture.Mode mix() {
        return ExpertMixture.Mode.of(mix);
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

    /** How keys and values are cached. */
    EngineOptions.CacheFormat keyValueType() {
        return keyValueType;
    }
}
