package dev.mimic.app.command;

import dev.mimic.app.terminal.Console;
import dev.mimic.app.terminal.Table;
import dev.mimic.engine.EngineOptions.CacheFormat;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.model.ModelConfig;
import dev.mimic.loader.model.ModelDirectory;
import dev.mimic.loader.model.RopeScaling;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorScan;
import dev.mimic.loader.safetensors.TensorView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "inspect",
        description = "Shows what a model folder or a safetensors file holds, and what it will need.",
        footer = {
            "",
            "  mimic inspect bundled",
            "  mimic inspect DIR --verify",
            "  mimic inspect model.safetensors --json"
        })
final class InspectCommand implements Callable<Integer> {
    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    @SuppressWarnings("UnusedVariable") // brings --threads, --debug and --help
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL|FILE", description = "Model folder, safetensors file, or `bundled`.")
    private String target;

    @Option(names = "--verify", description = "Read every byte and count numbers that are not finite.")
    private boolean verify;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        Path path = Path.of(target);
        if (Files.isRegularFile(path)) {
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                report(
                        new LinkedHashMap<>(Map.of("file", target)),
                        file.metadata(),
                        List.copyOf(file.tensors().values()));
            }
            return 0;
        }
        try (ModelSource source = ModelSource.of(target);
                ModelDirectory directory = ModelDirectory.open(source.folder())) {
            List<TensorView> tensors = new ArrayList<>();
            for (String name : directory.tensorNames()) {
                tensors.add(directory.tensor(name).orElseThrow());
            }
            report(about(directory), Map.of(), tensors);
        }
        return 0;
    }

    private Map<String, Object> about(ModelDirectory directory) {
        ModelConfig config = directory.config();
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("model", target);
        about.put("architecture", config.architecture().toString().toLowerCase(Locale.ROOT));
        about.put("layers", config.layers());
        about.put("hidden", config.hiddenSize());
        about.put("intermediate", config.intermediateSize());
        about.put("heads", config.heads());
        about.put("kv_heads", config.kvHeads());
        about.put("head_size", config.headSize());
        about.put("vocabulary", config.vocabularySize());
        about.put("context", config.maxPositions());
        about.put("sliding_window", config.slidingWindow() == Integer.MAX_VALUE ? null : config.slidingWindow());
        about.put("tied_head", config.tiedHead());
        about.put("rope_theta", config.ropeTheta());
        about.put("rope_scaling", scaling(config.ropeScaling()));
        about.put("fingerprint", directory.fingerprint());
        about.put("weight_bytes", directory.totalBytes());
        for (CacheFormat format : CacheFormat.values()) { // F32 is the default and goes without a name
            String suffix = format == CacheFormat.F32 ? "" : "_" + format.name().toLowerCase(Locale.ROOT);
            long full = format.bytes(config, config.maxPositions());
            about.put("kv_bytes_per_token" + suffix, full / config.maxPositions());
            about.put("kv_bytes_full_context" + suffix, full);
        }
        return about;
    }

    private static String scaling(RopeScaling scaling) {
        return switch (scaling) {
            case RopeScaling.None _ -> "none";
            case RopeScaling.Llama3 llama3 -> "llama3, factor " + llama3.factor();
            case RopeScaling.Linear linear -> "linear, factor " + linear.factor();
            case RopeScaling.Dynamic dynamic -> "dynamic, factor " + dynamic.factor();
        };
    }

    private void report(Map<String, Object> about, Map<String, String> metadata, List<TensorView> tensors) {
        Map<String, Long> notFinite = verify ? verify(tensors) : Map.of();
        if (json) {
            about.put("metadata", metadata);
            about.put(
                    "tensors", tensors.stream().map(t -> describe(t, notFinite)).toList());
            if (verify) {
                about.put(
                        "not_finite",
                        notFinite.values().stream().mapToLong(Long::longValue).sum());
            }
            mimic.console().out().println(Json.write(about));
        } else {
            print(about, metadata, tensors, notFinite);
        }
    }

    private static Map<String, Object> describe(TensorView tensor, Map<String, Long> notFinite) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", tensor.name());
        map.put("dtype", tensor.dtype().name());
        map.put("shape", tensor.shape());
        map.put("bytes", tensor.data().byteSize());
        if (notFinite.containsKey(tensor.name())) {
            map.put("not_finite", notFinite.get(tensor.name()));
        }
        return map;
    }

    private Map<String, Long> verify(List<TensorView> tensors) {
        Map<String, Long> counts = new TreeMap<>();
        long total = tensors.stream().mapToLong(t -> t.data().byteSize()).sum();
        return mimic.console().progress("verify", total, bar -> {
            long[] done = {0};
            for (TensorView tensor : tensors) {
                long count = TensorScan.nonFinite(tensor, bytes -> bar.at(done[0] += bytes, tensor.name()));
                if (count > 0) {
                    counts.put(tensor.name(), count);
                }
            }
            return counts;
        });
    }

    private void print(
            Map<String, Object> about,
            Map<String, String> metadata,
            List<TensorView> tensors,
            Map<String, Long> notFinite) {
        Console console = mimic.console();
        about.forEach((name, value) -> {
            String text = name.contains("bytes") ? value + " (" + bytes((Long) value) + ")" : String.valueOf(value);
            console.out().printf(Locale.ROOT, "%-27s %s%n", name.replace('_', ' '), value == null ? "none" : text);
        });
        metadata.forEach((name, value) -> console.out().printf(Locale.ROOT, "%-27s %s%n", "metadata " + name, value));
        console.out().println();
        Table table = new Table("tensor", "dtype", "shape", "bytes");
        for (TensorView tensor : tensors) {
            table.row(
                    tensor.name(), tensor.dtype(), tensor.shape(), tensor.data().byteSize());
        }
        console.out().print(table.render());
        long bytes = tensors.stream().mapToLong(t -> t.data().byteSize()).sum();
        console.out().printf(Locale.ROOT, "%n%d tensors, %s%n", tensors.size(), bytes(bytes));
        if (verify) {
            notFinite.forEach((name, count) -> console.out().println(name + ": " + count + " numbers are not finite"));
            long sum = notFinite.values().stream().mapToLong(Long::longValue).sum();
            console.out().println("every byte read, " + sum + " numbers are not finite");
        }
    }

    /** Bytes as a person reads them. */
    static String bytes(long bytes) {
        if (bytes < 10_000) {
            return bytes + " B";
        }
        return bytes < 10_000_000
                ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : bytes < 10_000_000_000L
                        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
                        : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }
}
