package dev.mimic.bench;

import dev.mimic.loader.model.RandomModel;
import dev.mimic.loader.safetensors.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Writes a folder of a real model's shape with random weights and somebody else's tokenizer. */
public final class RandomModelFolder {
    private RandomModelFolder() {}

    /**
     * Writes the folder.
     *
     * @param args OUT, {@code 135m} or {@code 1.2b}, a folder with tokenizer.json and tokenizer_config.json or
     *     {@code -}, and {@code f32} or {@code bf16}, which is what it is without
     */
    public static void main(String[] args) throws IOException {
        boolean known = args.length >= 3 && args.length <= 4 && (args[1].equals("135m") || args[1].equals("1.2b"));
        if (!known) {
            System.err.println("usage: random-model OUT 135m|1.2b TOKENIZER_FOLDER|- [f32|bf16]");
            System.exit(2);
        }
        Path out = Files.createDirectories(Path.of(args[0]));
        if (!args[2].equals("-")) {
            for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
                Files.write(
                        out.resolve(file), Files.readAllBytes(Path.of(args[2]).resolve(file)));
            }
        }
        DType dtype = args.length == 3 ? DType.BF16 : DType.valueOf(args[3].toUpperCase(Locale.ROOT));
        RandomModel.write(out, args[1].equals("1.2b") ? RandomModel.LARGE : RandomModel.SMALL, dtype);
    }
}
