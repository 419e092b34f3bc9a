package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.adapt.dispatch.Dispatcher;
import dev.mimic.adapt.dispatch.ExpertFolder;
import dev.mimic.adapt.lora.PeftAdapter;
import dev.mimic.adapt.lora.PeftFolder;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.adapt.svf.WeightedName;
import dev.mimic.adapt.task.Task;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.model.Factors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** An open model with the experts that a command line asks for. */
final class Session implements AutoCloseable {
    private final Console console;
    private final ModelSource source;
    private final ExpertFlags flags;
    private final Engine engine;
    private Adapter adapter = Adapter.NONE;
    private Optional<Path> lora = Optional.empty();

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
            Console console,
            CommandSpec spec,
            CommonOptions common,
            DeviceFlags device,
            String model,
            Integer context,
            ExpertFlags flags) {
        return open(console, spec, common, device, model, context, flags, EngineOptions.DEFAULTS.maxBatch());
    }

    /**
     * Opens a model that may adapt itself.
     *
     * @param context positions a sequence may have; null for all the model has
     * @param lora a LoRA adapter instead
     * @param adapt how it adapts itself; see {@link #adaptation}
     * @param batch rows decoded together
     * @throws ParameterException if options do not go together
     */
    static Session open(
            Console console,
            CommandSpec spec,
            CommonOptions common,
            DeviceFlags device,
            String model,
            Integer context,
            ExpertFlags flags,
            LoraFlags lora,
            AdaptFlags adapt,
            TaskFlags task,
            QuantizeFlags quantize,
            int batch) {
        lora.check(spec, flags.experts(), adapt.active());
        adapt.check(spec, model, model.equals(BundledModel.NAME), flags, task);
        if (adapt.active()) {
            flags.maybeLater();
        }
        return open(console, spec, common, device, model, context, flags, quantize, batch)
                .with(lora);
    }

    /**
     * Opens a model that experts or a LoRA adapter may adapt.
     *
     * @throws ParameterException if options do not go together
     */
    static Session open(
            Console console,
            CommandSpec spec,
            CommonOptions common,
            DeviceFlags device,
            String model,
            ExpertFlags flags,
            LoraFlags lora,
            QuantizeFlags quantize) {
        lora.check(spec, flags.experts(), false);
        int batch = EngineOptions.DEFAULTS.maxBatch();
        return open(console, spec, common, device, model, null, flags, quantize, batch)
                .with(lora);
    }

    /**
     * Opens a model.
     *
     * @param context positions a sequence may have; null for all the model has
     * @param batch rows decoded together
     * @throws ParameterException if experts are asked for without factors
     */
    static Session open(
            Console console,
            CommandSpec spec,
            CommonOptions common,
            DeviceFlags device,
            String model,
            Integer context,
            ExpertFlags flags,
            int batch) {
        return open(console, spec, common, device, model, context, flags, new QuantizeFlags(), batch);
    }

    private static Session open(
            Console console,
            CommandSpec spec,
            CommonOptions common,
            DeviceFlags device,
            String model,
            Integer context,
            ExpertFlags flags,
            QuantizeFlags quantize,
            int batch) {
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
            EngineOptions options =
                    device.on(console, options(common, flags, context).withMaxBatch(batch));
            if (source.isBundled() && flags.factors() == null && flags.adapts()) {
                options = options.withFactors(source.bundledFactors(common.threads()));
            }
            session = new Session(console, source, flags, quantize.open(console, source.folder(), options));
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

    /** This session with a LoRA adapter, where one is given; closed if it does not fit. */
    private Session with(LoraFlags flag) {
        boolean fits = false;
        try {
            lora = flag.folder();
            lora.ifPresent(folder -> {
                PeftAdapter read = PeftFolder.read(folder, engine.config(), console::note);
                read.checkBase(engine::fingerprint, flags.transfer(), console::note);
                engine.check(read.adapter());
                adapter = read.adapter();
            });
            fits = true;
            return this;
        } finally {
            if (!fits) {
                close();
            }
        }
    }

    /** Bytes of keys and values at most: a quarter of the machine's memory. */
    static long cacheBytes() {
        return DoctorCommand.physicalMemory() / 4;
    }

    private static EngineOptions options(CommonOptions common, ExpertFlags flags, Integer context) {
        EngineOptions options = EngineOptions.DEFAULTS
                .withThreads(common.threads())
                .withCacheBytes(cacheBytes())
                .withKeyValueType(flags.keyValueType())
                .withForm(flags.form())
                .withTransfer(flags.transfer());
        if (context != null) {
            options = options.withContextLength(context);
        }
        return flags.factors() == null ? options : options.withFactors(flags.factors());
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
        Factors factors = factors();
        ExpertMixture mixture = ExpertFiles.mixture(console, source, names, mode);
        mixture.check(factors, flags.transfer(), note -> ExpertFiles.note(console, source, note));
        Adapter scaling = new Adapter.Scaling(mixture.scaling(factors));
        engine.check(scaling);
        return scaling;
    }

    /**
     * How the model adapts itself; by the experts of the command line, or the base model, where it does not.
     *
     * @param task for few-shot; else null
     * @param shots for few-shot; else null
     */
    Adaptation adaptation(AdaptFlags adapt, Task task, TaskData shots, long seed) {
        if (adapt.active()) {
            return Adaptation.of(this, adapt, flags, task, shots, seed);
        }
        Map<String, Double> alpha = new LinkedHashMap<>();
        for (String name : flags.experts()) {
            WeightedName weighted = WeightedName.parse(name);
            alpha.put(weighted.name(), weighted.alpha());
        }
        return new Adaptation(new Dispatcher.Fixed(adapter, alpha), expertFiles(), Optional.empty());
    }

    /** How the model adapts itself in run and chat: a few-shot search reads its shots here. */
    Adaptation adaptation(AdaptFlags adapt, CommandSpec spec, TaskFlags tasks, long seed) {
        if (adapt.mode() != AdaptFlags.Mode.FEWSHOT) {
            return adaptation(adapt, (Task) null, null, seed);
        }
        Task task = tasks.task(spec, console);
        return adaptation(adapt, task, TaskData.read(spec, task, adapt.shots(), "shots", "--shots"), seed);
    }

    /** Files of the experts that the command line names, or the folder of its LoRA adapter. */
    List<Path> expertFiles() {
        if (lora.isPresent()) {
            return List.of(lora.get());
        }
        return ExpertFiles.files(source, flags.experts());
    }

    /** Files of the experts that the command line names or may choose from. */
    List<Path> expertFiles(AdaptFlags adapt) {
        if (!adapt.active()) {
            return expertFiles();
        }
        Path folder = adapt.experts() == null ? source.bundled().experts() : adapt.experts();
        List<String> names = new ArrayList<>(ExpertFolder.CLASSES);
        if (adapt.mode() == AdaptFlags.Mode.CLASSIFIER) {
            names.add(ExpertFolder.CLASSIFIER);
        }
        return names.stream()
                .map(name -> ExpertFolder.file(folder, name))
                .filter(Files::exists)
                .toList();
    }

    Engine engine() {
        return engine;
    }

    Console console() {
        return console;
    }

    ModelSource source() {
        return source;
    }

    /** The factors in use; only where experts are. */
    Factors factors() {
        return engine.factors()
                .orElseThrow(
                        () -> new IllegalArgumentException("experts need factors; start again with --factors DIR"));
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
        if (lora.isPresent()) {
            return Map.of("mode", "lora", "adapter", lora.get().toString());
        }
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
