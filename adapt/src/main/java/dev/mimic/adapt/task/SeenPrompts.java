package dev.mimic.adapt.task;

import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.InvalidModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.Normalizer;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Hashes of the prompts that training, validation or selection saw, so that none of them is evaluated on. A file holds one
 * a line, sorted: SHA-256 in hexadecimal of the normalised text in UTF-8. Normalised: NFC, runs of white space as one
 * blank, trimmed; case and digits kept. Of an example whose question stands in instructions both are kept, prompt and
 * question: a question that a dispatcher was trained on is then known when another task asks it. Rewording is not noticed.
 */
public final class SeenPrompts {
    private static final Pattern BLANKS = Pattern.compile("[\\s\\x1c-\\x1f]+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private final Set<String> hashes;

    private SeenPrompts(Set<String> hashes) {
        this.hashes = hashes;
    }

    /** Those of examples. */
    public static SeenPrompts of(Collection<Example> examples) {
        Set<String> hashes = new TreeSet<>();
        for (Example example : examples) {
            hashes.add(hash(example.prompt()));
            hashes.add(hash(example.question()));
        }
        return new SeenPrompts(hashes);
    }

    /**
     * Reads a file.
     *
     * @throws InvalidModelException naming file and line, if a line is no hash
     * @throws UncheckedIOException if it cannot be read
     */
    public static SeenPrompts read(Path file) {
        try {
            Set<String> hashes = new TreeSet<>();
            int number = 0;
            for (String line :
                    (Iterable<String>) new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines()::iterator) {
                number++;
                if (!HASH.matcher(line).matches()) {
                    String found = line.length() <= 80 ? line : line.substring(0, 79) + "…";
                    throw new InvalidModelException(
                            file, "line " + number + ": expected 64 hexadecimal digits, found '" + found + "'");
                }
                hashes.add(line);
            }
            return new SeenPrompts(hashes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file that belongs to an expert's: its name with {@code .seen} behind it. */
    public static Path beside(Path expert) {
        return expert.resolveSibling(expert.getFileName() + ".seen");
    }

    /**
     * Writes the file whole or not at all.
     *
     * @throws UncheckedIOException if it cannot be written
     */
    public void write(Path file) {
        StringBuilder text = new StringBuilder();
        hashes.forEach(hash -> text.append(hash).append('\n'));
        AtomicFile.writeText(file, text.toString());
    }

    /** These and others. */
    public SeenPrompts and(SeenPrompts others) {
        Set<String> all = new TreeSet<>(hashes);
        all.addAll(others.hashes);
        return new SeenPrompts(all);
    }

    /** How many hashes. */
    public int size() {
        return hashes.size();
    }

    /** Whether others are the same. */
    public boolean sameAs(SeenPrompts others) {
        return hashes.equals(others.hashes);
    }

    /** Whether an example's prompt or question is among them. */
    public boolean contains(Example example) {
        return hashes.contains(hash(example.prompt())) || hashes.contains(hash(example.question()));
    }

    /**
     * Refuses examples that are among these.
     *
     * @param seen the file that these come from: data, or an expert's .seen
     * @param examples what is to be evaluated or selected on
     * @param data the file that the examples come from
     * @throws InvalidModelException naming both files, how many examples they share and where the first one stands
     */
    public void refuseOverlap(Path seen, List<Example> examples, Path data) {
        List<Example> shared = examples.stream().filter(this::contains).toList();
        if (!shared.isEmpty()) {
            throw new InvalidModelException(
                    data.toString(),
                    "expected no prompt that " + seen + " has seen, found " + shared.size() + " of " + examples.size()
                            + ", the first at " + shared.getFirst().record().file());
        }
    }

    /** The hash of a text. */
    public static String hash(String text) {
        String normal = BLANKS.matcher(Normalizer.normalize(text, Normalizer.Form.NFC))
                .replaceAll(" ")
                .strip();
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(normal.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
