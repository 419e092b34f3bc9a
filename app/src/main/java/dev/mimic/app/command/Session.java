package dev.mimic.app.command;

import dev.mimic.adapt.svf.DecomposeOptions;
import dev.mimic.adapt.svf.Decomposer;
import dev.mimic.adapt.svf.DecompositionListener;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.Targets;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.model.Factors;
import dev.mimic.loader.model.ModelDirectory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** An open model with the experts that a command line asks for. */
final class Session implements AutoCloseable {
    private final Console console;
    private final ModelSource source;
    private final ExpertFlags flags;
    private final Engine engine;
    private Adapter adapter = Adapter.NONE;

    private Session(Console console, ModelSource source, ExpertFlags flags, Engine engine) {
        this.console = console;
        this.source = source;
        this.flags = flags;
        this.engine = engine;
    }

    /**
     * Opens a model.
     *
     * @param context positions a sequence may have; null for all the model has
     * @throws ParameterException if experts are asked for without factors
     */
    static Session open(
            Console console, CommandSpec spec, CommonOptions common, String model, Integer context, ExpertFlags flags) {
        ExpertMixture.Mode mode = flags.mix();
        ModelSource source = ModelSource.of(model);
        Session session = null;
        boolean opened = false;
        try {
            if (!flags.experts().isEmpty() && flags.factors() == null && !source.isBundled()) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--expert needs --factors DIR; make them once with: mimic decompose " + model + " DIR");
            }
            EngineOptions options = options(common, flags, context);
            if (source.isBundled() && flags.factors() == null && flags.adapts()) {
                options = options.withFactors(bundledFactors(source, common.threads()));
            }
            session = new Session(console, source, flags, Engine.open(source.folder(), options));
            session.adapter = session.adapter(flags.experts(), mode);
            opened = true;
            return session;
        } finally {
            if (!opened && session != null) {
                session.close();
            } else if (!opened) {
                source.close();
            }
        }
    }

    private static EngineOptions options(CommonOptions common, ExpertFlags flags, Integer context) {
        EngineOptions options = EngineOptions.DEFAULTS
                .withThreads(common.threads())
                .withForm(flags.form())
                .withTransfer(flags.transfer());
        if (context != null) {
            options = options.withContextLength(context);
        }
        return flags.factors() == null ? options : options.withFactors(flags.factors());
    }

    /** The bundled model's own factors: full rank, F32, all 28 matrices, made where it is unpacked. */
    static Path bundledFactors(ModelSource source, int threads) {
        Path folder = source.bundled().scratch("factors");
        DecomposeOptions options = DecomposeOptions.defaults().withTargets(new Targets("all"));
        try (ModelDirectory directory = ModelDirectory.open(source.folder());
                Decomposer decomposer = Decomposer.open(options, threads)) {
            decomposer.decompose(directory, folder, DecompositionListener.NONE);
        }
        return folder;
    }

    /**
     * The adapter of some experts.
     *
     * @param names each {@code F[@W]}; none is the base model
     * @throws RuntimeException in one line, if an expert cannot be read or does not fit
     */
    Adapter adapter(List<String> names, ExpertMixture.Mode mode) {
        if (names.isEmpty()) {
            return Adapter.NONE;
        }
        Factors factors = engine.factors()
                .orElseThrow(
                        () -> new IllegalArgumentException("experts need factors; start again with --factors DIR"));
        ExpertMixture mixture = ExpertFiles.mixture(console, source, names, mode);
        mixture.check(factors, flags.transfer(), note -> ExpertFiles.note(console, source, note));
        Adapter scaling = new Adapter.Scaling(mixture.scaling(factors));
        engine.check(scaling);
        return scaling;
    }

    Engine engine() {
        return engine;
    }

    Adapter adapter() {
        return adapter;
    }

    /** Seconds from opening the model's folder to the engine being ready. */
    double loadSeconds() {
        return engine.loadSeconds();
    }

    /** Says what of generation_config.json would change the text but is not honoured. */
    void noteUnsupported() {
        for (String key : engine.generationConfig().unsupported()) {
            console.note("generation_config.json: " + key + " is not honoured");
        }
    }

    /** What adapts the model, for reports; null for the base model. */
    Map<String, Object> adaptation() {
        if (flags.experts().isEmpty()) {
            return null;
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("mode", "fixed");
        report.put("experts", flags.experts());
        report.put("mix", flags.mix().text());
        return report;
    }

    /** A message of a conversation. */
    Map<String, Object> message(String role, String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    @Override
    public void close() {
        engine.close();
        source.close();
    }
}
