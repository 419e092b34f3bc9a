package dev.mimic.bench;

import dev.mimic.loader.json.Json;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A runtime whose tokens a second are compared: each run is a process of its own. */
sealed interface Peer {
    /** What is run. */
    record Setting(ModelFiles files, String type, int threads, int prompt, int reply) {}

    /** Tokens a second. */
    record Speeds(double prompt, double decode) {}

    String name();

    /** One run; empty where the peer has no such type or cannot read such a model. */
    Optional<Speeds> run(Setting setting) throws IOException, InterruptedException;

    /** This project, its engine as it is opened by everybody. */
    record Mimic(List<String> java) implements Peer {
        @Override
        public String name() {
            return "mimic";
        }

        @Override
        public Optional<Speeds> run(Setting setting) throws IOException, InterruptedException {
            boolean plain = setting.type.equals("F32") || setting.type.equals("BF16");
            List<String> command = new ArrayList<>(java);
            command.addAll(List.of(
                    "dev.mimic.bench.EndToEnd",
                    setting.files.folder(plain ? setting.type : "BF16").toString(),
                    String.valueOf(setting.threads),
                    String.valueOf(setting.prompt),
                    String.valueOf(setting.reply)));
            if (!plain) {
                command.add(setting.type);
            }
            return Optional.of(speeds(output(command)));
        }
    }

    /** llama.cpp: its llama-bench, one repetition after its own warm-up. */
    record LlamaCpp(Path bench) implements Peer {
        @Override
        public String name() {
            return "llama.cpp";
        }

        @Override
        public Optional<Speeds> run(Setting setting) throws IOException, InterruptedException {
            Path model = setting.files.gguf(setting.type, bench.resolveSibling("llama-quantize"), false);
            List<?> tests = (List<?>) Json.parse(
                    output(List.of(
                            bench.toString(),
                            "-m",
                            model.toString(),
                            "-p",
                            String.valueOf(setting.prompt),
                            "-n",
                            String.valueOf(setting.reply),
                            "-t",
                            String.valueOf(setting.threads),
                            "-r",
                            "1",
                            "-o",
                            "json")),
                    "llama-bench");
            double[] speeds = new double[2];
            for (Object test : tests) {
                Map<?, ?> values = (Map<?, ?>) test;
                speeds[((Number) values.get("n_gen")).intValue() > 0 ? 1 : 0] =
                        ((Number) values.get("avg_ts")).doubleValue();
            }
            return Optional.of(new Speeds(speeds[0], speeds[1]));
        }
    }

    /** llama3.java: what it prints of itself, compiling included, which is why replies should be long. */
    record Llama3Java(Path source, Path quantize) implements Peer {
        private static final Pattern SPEED =
                Pattern.compile("prompt: ([0-9.]+) tokens/s.*generation: ([0-9.]+) tokens/s");

        /** More than its chat template adds to a prompt: its limit of tokens is on both together. */
        private static final int TEMPLATE = 32;

        @Override
        public String name() {
            return "llama3.java";
        }

        @Override
        public Optional<Speeds> run(Setting setting) throws IOException, InterruptedException {
            if (!setting.files.hasTokenizer()) {
                return Optional.empty();
            }
            Path model = setting.files.gguf(setting.type, quantize, true);
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-preview",
                    "--add-modules=jdk.incubator.vector",
                    // the caller works too
                    "-Djava.util.concurrent.ForkJoinPool.common.parallelism=" + Math.max(1, setting.threads - 1)));
            if (source.toString().endsWith(".jar")) {
                command.add("-jar");
            } else {
                command.addAll(
                        List.of("--source", String.valueOf(Runtime.version().feature())));
            }
            command.addAll(List.of(
                    source.toString(),
                    "--model",
                    model.toString(),
                    "--prompt",
                    " a".repeat(setting.prompt),
                    "--temperature",
                    "0",
                    "--max-tokens",
                    String.valueOf(setting.prompt + TEMPLATE + setting.reply)));
            Matcher speed = SPEED.matcher(output(command));
            if (!speed.find()) {
                throw new IOException("llama3.java: printed no speeds");
            }
            return Optional.of(new Speeds(Double.parseDouble(speed.group(1)), Double.parseDouble(speed.group(2))));
        }
    }

    /** Jlama from Maven Central, through the few lines of bench/peers/JlamaSpeed.java. */
    record Jlama(Path jars, Path classes) implements Peer {
        private static final Map<String, String> TYPES = Map.of("F32", "F32", "BF16", "BF16", "Q8", "I8", "Q4", "Q4");

        @Override
        public String name() {
            return "Jlama";
        }

        @Override
        public Optional<Speeds> run(Setting setting) throws IOException, InterruptedException {
            if (!setting.files.hasTokenizer()) {
                return Optional.empty();
            }
            return Optional.of(speeds(output(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-preview",
                    "--enable-native-access=ALL-UNNAMED",
                    "--add-modules=jdk.incubator.vector",
                    "-Xmx8g",
                    "-cp",
                    classes + File.pathSeparator + jars + "/*",
                    "JlamaSpeed",
                    setting.files
                            .folder(setting.type.equals("F32") ? "F32" : "BF16")
                            .toString(),
                    String.valueOf(setting.threads),
                    String.valueOf(setting.prompt),
                    String.valueOf(setting.reply),
                    TYPES.get(setting.type)))));
        }
    }

    private static Speeds speeds(String output) {
        String last = output.lines()
                .filter(line -> line.startsWith("{\"prompt\""))
                .reduce((_, line) -> line)
                .orElseThrow(() -> new IllegalStateException("no speeds in: " + output));
        Map<?, ?> values = Json.parseObject(last.getBytes(StandardCharsets.UTF_8), "speeds")
                .asMap();
        return new Speeds(((Number) values.get("prompt")).doubleValue(), ((Number) values.get("decode")).doubleValue());
    }

    /** What a command prints on stdout, and on stderr where it has its speeds there. */
    private static String output(List<String> command) throws IOException, InterruptedException {
        Path errors = Files.createTempFile("peer", ".err");
        try {
            Process process =
                    new ProcessBuilder(command).redirectError(errors.toFile()).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            String err = Files.readString(errors, StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(command.getFirst() + " ended with " + process.exitValue() + ": "
                        + err.lines()
                                .filter(line -> !line.isBlank())
                                .reduce((_, line) -> line)
                                .orElse(""));
            }
            return command.contains("--max-tokens") ? out + err : out;
        } finally {
            Files.deleteIfExists(errors);
        }
    }
}
