package dev.mimic.bench;

import dev.mimic.loader.model.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Runs mimic and its peers on the same random weights, in turn, run by run, and prints tokens a second and ratios as a
 * Markdown table: medians. A peer that is not given, has no such type or fails is named and left out.
 */
public final class Compare {
    private final Map<String, String> options;
    private final List<Peer> peers = new ArrayList<>();

    private Compare(Map<String, String> options) {
        this.options = options;
    }

    /**
     * Compares.
     *
     * @param args {@code --llama-bench FILE --llama3-java FILE --jlama JARS_FOLDER --jlama-classes FOLDER --tokenizer FOLDER
     *     --work FOLDER --shapes 135m,1.2b --types F32,BF16,Q8,Q4 --threads 1,2 --prompt N --reply N --rounds N}
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Map<String, String> options = new LinkedHashMap<>(Map.of(
                "--shapes", "135m,1.2b",
                "--types", "F32,BF16,Q8,Q4",
                "--threads", "1," + Runtime.getRuntime().availableProcessors(),
                "--prompt", "512",
                "--reply", "128",
                "--rounds", "3"));
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
        new Compare(options).run();
    }

    private Optional<Path> file(String option) {
        return Optional.ofNullable(options.get(option)).map(Path::of).filter(Files::exists);
    }

    private List<String> list(String option) {
        return List.of(options.get(option).split(","));
    }

    private void run() throws IOException, InterruptedException {
        peers.add(new Peer.Mimic(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0", // as the launcher has it
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"))));
        Optional<Path> llama = file("--llama-bench");
        llama.ifPresentOrElse(p -> peers.add(new Peer.LlamaCpp(p)), () -> missing("llama.cpp", "--llama-bench FILE"));
        Path quantize = llama.map(p -> p.resolveSibling("llama-quantize")).orElse(null);
        file("--llama3-java")
                .ifPresentOrElse(
                        p -> peers.add(new Peer.Llama3Java(p, quantize)),
                        () -> missing("llama3.java", "--llama3-java Llama3.java"));
        file("--jlama")
                .ifPresentOrElse(
                        p -> peers.add(new Peer.Jlama(p, file("--jlama-classes").orElseThrow())),
                        () -> missing("Jlama", "--jlama VERSION"));
        Path work = Path.of(options.get("--work"));
        Files.createDirectories(work);
        System.out.println("| shape | dtype | threads | runtime | prompt, tokens/s | decode, tokens/s"
                + " | mimic's prompt to its | mimic's decode to its |");
        System.out.println("| --- | --- | ---: | --- | ---: | ---: | ---: | ---: |");
        for (String shape : list("--shapes")) {
            ModelFiles files = new ModelFiles(
                    shape.equals("1.2b") ? RandomModel.LARGE : RandomModel.SMALL,
                    work,
                    file("--tokenizer").orElse(null));
            for (String type : list("--types")) {
                for (String threads : list("--threads")) {
                    compare(new Peer.Setting(
                            files,
                            type,
                            Integer.parseInt(threads),
                            Integer.parseInt(options.get("--prompt")),
                            Integer.parseInt(options.get("--reply"))));
                }
            }
        }
    }

    private static void missing(String peer, String option) {
        System.err.println("note: " + peer + " is left out: give " + option);
    }

    private void compare(Peer.Setting setting) throws InterruptedException {
        Map<Peer, List<Peer.Speeds>> all = new LinkedHashMap<>();
        List<Peer> running = new ArrayList<>(peers);
        for (int round = 0; round < Integer.parseInt(options.get("--rounds")); round++) {
            for (Peer peer : List.copyOf(running)) {
                try {
                    Optional<Peer.Speeds> speeds = peer.run(setting);
                    speeds.ifPresent(s ->
                            all.computeIfAbsent(peer, _ -> new ArrayList<>()).add(s));
                    if (speeds.isEmpty()) {
                        running.remove(peer);
                        leftOut(peer, setting, "it has no such type, or no vocabulary of that size was given");
                    }
                } catch (IOException | RuntimeException e) {
                    running.remove(peer);
                    leftOut(peer, setting, e.getMessage());
                }
            }
        }
        Peer own = peers.getFirst();
        all.forEach((peer, speeds) -> System.out.printf(
                Locale.ROOT,
                "| %s | %s | %d | %s | %.1f | %.1f | %s | %s |%n",
                setting.files().name(),
                setting.type(),
                setting.threads(),
                peer.name(),
                median(speeds, Peer.Speeds::prompt),
                median(speeds, Peer.Speeds::decode),
                ratio(all.get(own), speeds, Peer.Speeds::prompt),
                ratio(all.get(own), speeds, Peer.Speeds::decode)));
    }

    private static void leftOut(Peer peer, Peer.Setting setting, String why) {
        System.err.println("note: " + peer.name() + " is left out at "
                + setting.files().name() + " " + setting.type() + ", " + setting.threads() + " threads: " + why);
    }

    private static String ratio(List<Peer.Speeds> own, List<Peer.Speeds> its, ToDoubleFunction<Peer.Speeds> speed) {
        return own == null || own == its
                ? ""
                : String.format(Locale.ROOT, "%.2f", median(own, speed) / median(its, speed));
    }

    private static double median(List<Peer.Speeds> all, ToDoubleFunction<Peer.Speeds> speed) {
        double[] sorted = all.stream().mapToDouble(speed).sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
