package dev.mimic.bench;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Compares the shares of fresh {@code mimic bench --json} lists with the table that is kept for this processor. Ends with 0
 * if none has fallen by more than a tenth, 1 if one has, 3 if no table is of this processor.
 */
public final class Gate {
    private static final double LEAST = 0.9;

    private static final int FALLEN = 1;
    private static final int USAGE = 2;
    private static final int NO_TABLE = 3;

    private Gate() {}

    /**
     * Compares, or with {@code save} keeps a list as the table of this processor.
     *
     * @param args {@code compare TABLES_FOLDER FALLEN_FILE FRESH.json…}: of several lists the best share of each case
     *     counts; the cases that fell are written to FALLEN_FILE as a pattern for {@code mimic bench --only}. Or
     *     {@code save TABLE.json FRESH.json}
     */
    public static void main(String[] args) throws IOException {
        System.exit(run(args, System.out));
    }

    /** The same, ending with a status instead of the process. */
    static int run(String[] args, PrintStream out) throws IOException {
        if (args.length >= 4 && args[0].equals("compare")) {
            List<Path> fresh = Stream.of(args).skip(3).map(Path::of).toList();
            return compare(Path.of(args[1]), Path.of(args[2]), fresh, out);
        }
        if (args.length == 3 && args[0].equals("save")) {
            Map<String, Object> table = new LinkedHashMap<>();
            table.put("processor", processor());
            table.put("cores", Runtime.getRuntime().availableProcessors());
            table.put("measurements", read(Path.of(args[2])));
            Files.writeString(Path.of(args[1]), Json.writeIndented(table) + "\n");
            return 0;
        }
        System.err.println("usage: gate compare TABLES FALLEN FRESH... | gate save TABLE FRESH");
        return USAGE;
    }

    private static int compare(Path folder, Path fallenFile, List<Path> freshFiles, PrintStream out)
            throws IOException {
        Optional<Path> table = table(folder);
        if (table.isEmpty()) {
            out.println("gate: no table in " + folder + " is of this processor (" + processor() + ", "
                    + Runtime.getRuntime().availableProcessors()
                    + " cores), so there is nothing to compare with; keep one with bench/gate.sh --save NAME");
            return NO_TABLE;
        }
        Map<String, Double> fresh = new LinkedHashMap<>();
        for (Path file : freshFiles) {
            shares(read(file)).forEach((name, share) -> fresh.merge(name, share, Math::max));
        }
        JsonObject kept = Json.readObject(table.get());
        Map<String, Double> before = shares(kept.list("measurements").orElseThrow());
        List<String> fallen = new ArrayList<>();
        before.forEach((name, share) -> {
            Double now = fresh.get(name);
            if (now == null || now < LEAST * share) {
                fallen.add(name);
                out.printf(
                        Locale.ROOT,
                        "fallen: %-56s %.2f of the limit, was %.2f%n",
                        name,
                        now == null ? Double.NaN : now,
                        share);
            }
        });
        Files.writeString(
                fallenFile, String.join("|", fallen.stream().map(n -> n + "$").toList()));
        long added = fresh.keySet().stream()
                .filter(name -> !before.containsKey(name))
                .count();
        out.printf(
                Locale.ROOT,
                "gate: %d of %d cases of %s fell by more than 10 %%, %d new ones are not in it%n",
                fallen.size(),
                before.size(),
                table.get(),
                added);
        return fallen.isEmpty() ? 0 : FALLEN;
    }

    private static Optional<Path> table(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .filter(Gate::isOfThisMachine)
                    .findFirst();
        }
    }

    private static boolean isOfThisMachine(Path file) {
        JsonObject table = Json.readObject(file);
        return table.text("processor").orElse("").equals(processor())
                && table.number("cores").orElse(0.0) == Runtime.getRuntime().availableProcessors();
    }

    private static List<?> read(Path file) throws IOException {
        return (List<?>) Json.parse(Files.readString(file), file.toString());
    }

    /** By the name that {@code --only} is matched with. */
    private static Map<String, Double> shares(List<?> measurements) {
        Map<String, Double> shares = new LinkedHashMap<>();
        for (Object measurement : measurements) {
            Map<?, ?> m = measurement instanceof JsonObject object ? object.asMap() : (Map<?, ?>) measurement;
            String name = m.get("kernel") + " " + m.get("dtype") + " " + m.get("shape") + " batch " + m.get("batch")
                    + " threads " + m.get("threads");
            // what two threads take to see each other's variable moves by five between runs, and the hand-off with it
            if (m.get("share") instanceof Number share && !Objects.equals(m.get("kernel"), "hand-off")) {
                shares.put(name, share.doubleValue());
            }
        }
        return shares;
    }

    /** What tells processors apart where a name does not: many virtual machines only say who made theirs. */
    private static String processor() {
        Path file = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(file)) {
            return System.getProperty("os.arch") + ", unknown";
        }
        try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
            Map<String, String> first = new LinkedHashMap<>();
            lines.map(line -> line.split("\\s*:\\s*", 2))
                    .filter(parts -> parts.length == 2)
                    .forEach(parts -> first.putIfAbsent(parts[0], parts[1]));
            return first.getOrDefault("vendor_id", System.getProperty("os.arch")) + ", family "
                    + first.getOrDefault("cpu family", "?") + ", model " + first.getOrDefault("model", "?");
        } catch (IOException e) {
            return System.getProperty("os.arch") + ", unknown";
        }
    }
}
