package dev.mimic.adapt.svf;

import dev.mimic.engine.model.Factors;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A factors folder while it is being written. A weight counts as done when its shard is whole and says that it was made
 * with the same parameters; the index comes last. One process at a time: a lock file keeps others out.
 */
final class FactorsFolder implements AutoCloseable {
    /** The precision on the processor. */
    static final String DOUBLE = "double";

    /** The precision on a GPU; a weight that it cannot take is the processor's. */
    static final String SINGLE = "single";

    private static final Pattern OURS = Pattern.compile("factors-[0-9]+\\.safetensors|" + Pattern.quote(Factors.INDEX));
    private static final Pattern LEFTOVER =
            Pattern.compile("\\.(?:factors-[0-9]+\\.safetensors|" + Pattern.quote(Factors.INDEX) + ")\\..*\\.tmp");
    private static final String PRECISION = "precision";
    private static final String LOCK = ".decompose.lock";

    private final Path folder;
    private final Map<String, String> parameters;
    private final DType dtype;
    private final FileChannel lockFile;

    private FactorsFolder(Path folder, Map<String, String> parameters, DType dtype, FileChannel lockFile) {
        this.folder = folder;
        this.parameters = parameters;
        this.dtype = dtype;
        this.lockFile = lockFile;
    }

    /**
     * Opens or makes a folder.
     *
     * @param base fingerprint of the model
     * @param precision what weights are taken apart in, for the metadata; folders of old say nothing of it and count as
     *     {@value #DOUBLE}
     * @throws IllegalArgumentException if it holds other things, factors of other parameters, or is being written
     * @throws UncheckedIOException if it cannot be written
     */
    @SuppressWarnings("resource") // closed on failure here, else by close()
    static FactorsFolder open(Path folder, String base, DecomposeOptions options, String precision) {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("format", Factors.FORMAT);
        parameters.put("version", options.dtype() == DType.I8 ? Factors.VERSION_8_BIT : Factors.VERSION);
        parameters.put("base", base);
        parameters.putAll(options.asTexts());
        parameters.put(PRECISION, precision);
        try {
            if (Files.exists(folder)) {
                refuseStrangers(folder);
            }
            Files.createDirectories(folder);
            FactorsFolder result = new FactorsFolder(folder, parameters, options.dtype(), lock(folder));
            boolean opened = false;
            try {
                result.refuseOtherParameters();
                result.deleteLeftovers();
                opened = true;
                return result;
            } finally {
                if (!opened) {
                    result.close();
                }
            }
        } catch (IOException e) {
            throw AtomicFile.unwritable(folder, e);
        }
    }

    private static void refuseStrangers(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("decompose: " + folder + " is a file, expected a folder to write to");
        }
        try (Stream<Path> files = Files.list(folder)) {
            Optional<Path> stranger = files.map(Path::getFileName)
                    .filter(name -> !name.toString().startsWith("."))
                    .filter(name -> !OURS.matcher(name.toString()).matches())
                    .sorted()
                    .findFirst();
            if (stranger.isPresent()) {
                throw new IllegalArgumentException("decompose: " + folder + " holds '" + stranger.get()
                        + "', expected an empty folder or one of factors");
            }
        }
    }

    private static FileChannel lock(Path folder) throws IOException {
        FileChannel channel =
                FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null; // held by this process
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
        if (lock == null) {
            throw new IllegalArgumentException("decompose: " + folder + " is being written by another decomposition");
        }
        return channel;
    }

    private void refuseOtherParameters() throws IOException {
        Path index = folder.resolve(Factors.INDEX);
        if (Files.exists(index)) {
            JsonObject json = Json.readObject(index);
            JsonObject metadata = json.object("metadata").orElseThrow(() -> json.missing("metadata"));
            Map<String, String> found = new LinkedHashMap<>();
            metadata.names().forEach(name -> found.put(name, String.valueOf(metadata.get(name))));
            compare(found, Factors.INDEX);
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path shard : files.filter(FactorsFolder::isShard).sorted().toList()) {
                try (SafetensorsFile file = SafetensorsFile.open(shard)) {
                    compare(file.metadata(), String.valueOf(shard.getFileName()));
                } catch (InvalidModelException e) {
                    Files.delete(shard); // never whole, or no longer: it is done again
                }
            }
        }
    }

    private static boolean isShard(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith("factors-") && name.endsWith(".safetensors");
    }

    private void compare(Map<String, String> found, String file) {
        parameters.forEach((name, expected) -> {
            String value = name.equals(PRECISION) ? found.getOrDefault(name, DOUBLE) : found.get(name);
            if (!expected.equals(value)) {
                throw new IllegalArgumentException(
                        "decompose: " + folder + " holds factors of other parameters (" + file + ": " + name + " is "
                                + value + ", now " + expected + "): expected the same" + how(name, value)
                                + ", or another folder");
            }
        });
    }

    /** What gives the precision that is found; other parameters are options of the same name. */
    private static String how(String name, String found) {
        if (!name.equals(PRECISION)) {
            return "";
        }
        return found.equals(SINGLE) ? ", by --device cuda" : ", by --device cpu";
    }

    private void deleteLeftovers() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(
                            f -> LEFTOVER.matcher(f.getFileName().toString()).matches())
                    .toList()) {
                Files.delete(file);
            }
        }
    }

    /** The shard of a weight by its place among the targets, from 0. */
    private String shard(int index) {
        return String.format(Locale.ROOT, "factors-%05d.safetensors", index + 1);
    }

    /** The path of a shard. */
    Path path(int index) {
        return folder.resolve(shard(index));
    }

    /**
     * What an earlier run says of a weight, if its shard is whole and right.
     *
     * @param rank singular values expected
     */
    Optional<MatrixReport> finished(int index, String weight, int rows, int cols, int rank) {
        if (!Files.exists(path(index))) {
            return Optional.empty();
        }
        try (SafetensorsFile file = SafetensorsFile.open(path(index))) {
            Map<String, String> texts = file.metadata();
            boolean right = weight.equals(texts.get("weight"))
                    && is(file.tensor(weight + ".U"), dtype, rows, rank)
                    && is(file.tensor(weight + ".S"), DType.F32, rank)
                    && (dtype == DType.I8
                            ? is(file.tensor(weight + ".VT"), dtype, rank, cols)
                                    && is(file.tensor(weight + ".US"), DType.F32, rank)
                                    && is(file.tensor(weight + ".VS"), DType.F32, rank)
                            : is(file.tensor(weight + ".V"), dtype, cols, rank));
            return right
                    ? Optional.of(new MatrixReport(
                            weight,
                            rows,
                            cols,
                            rank,
                            Double.parseDouble(texts.get("error")),
                            Double.parseDouble(texts.get("orthogonality")),
                            Double.parseDouble(texts.get("seconds")),
                            true))
                    : Optional.empty();
        } catch (InvalidModelException | NumberFormatException | NullPointerException e) {
            return Optional.empty(); // not one of ours after all
        }
    }

    private static boolean is(Optional<TensorView> tensor, DType dtype, long... shape) {
        return tensor.isPresent()
                && tensor.get().dtype() == dtype
                && tensor.get()
                        .shape()
                        .equals(java.util.Arrays.stream(shape).boxed().toList());
    }

    /** Writes a shard; it is there whole or not at all. */
    void write(int index, Decomposition decomposition) {
        decomposition.write(path(index), parameters);
    }

    /** Writes the index: from now on the folder counts as finished. */
    void finish(List<MatrixReport> reports) {
        Map<String, String> weightMap = new LinkedHashMap<>();
        double worst = 0;
        for (int i = 0; i < reports.size(); i++) {
            String weight = reports.get(i).weight();
            worst = Math.max(worst, reports.get(i).relativeError());
            for (String part : Factors.parts(dtype == DType.I8)) {
                weightMap.put(weight + part, shard(i));
            }
        }
        Map<String, String> metadata = new LinkedHashMap<>(parameters);
        metadata.put("worst_error", Double.toString(worst));
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("metadata", metadata);
        index.put("weight_map", weightMap);
        AtomicFile.writeText(folder.resolve(Factors.INDEX), Json.writeIndented(index) + "\n");
    }

    /** Lets others in. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(folder.resolve(LOCK));
            lockFile.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
