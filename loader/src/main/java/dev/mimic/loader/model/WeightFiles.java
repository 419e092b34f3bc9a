package dev.mimic.loader.model;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Finds and opens the weight files of a folder: one file, or an index and its shards. */
public final class WeightFiles {
    /** The whole model in one file. */
    public static final String SINGLE = "model.safetensors";

    /** Which shard holds which tensor. */
    public static final String INDEX = "model.safetensors.index.json";

    private WeightFiles() {}

    /**
     * Opens model.safetensors, or where it is absent every shard that the index names, in the order in which it names
     * them first. A shard may hold tensors that the index leaves out; two shards may not hold the same tensor.
     *
     * @return files that the caller closes
     * @throws InvalidModelException in one line, if one is missing or not what it claims to be; nothing stays open
     */
    public static List<SafetensorsFile> open(Path folder) {
        Path single = folder.resolve(SINGLE);
        if (Files.exists(single)) {
            return List.of(SafetensorsFile.open(single));
        }
        Path index = folder.resolve(INDEX);
        if (!Files.isRegularFile(index)) {
            throw new InvalidModelException(
                    folder, "expected " + SINGLE + " or " + INDEX + " in the folder, found neither");
        }
        return openShards(folder, weightMap(Json.readObject(index)));
    }

    /**
     * The index's map from tensor to shard.
     *
     * @throws InvalidModelException if it is missing, or a shard is not a plain file name
     */
    static Map<String, String> weightMap(JsonObject index) {
        JsonObject map = index.object("weight_map").orElseThrow(() -> index.missing("weight_map"));
        Map<String, String> shards = new LinkedHashMap<>();
        for (String tensor : map.names()) {
            String shard = map.text(tensor).orElseThrow(() -> map.missing(tensor));
            if (!isPlainName(shard) || !isPath(shard)) {
                throw map.invalid(tensor, "expected the name of a file in this folder, found '" + shard + "'");
            }
            shards.put(tensor, shard);
        }
        if (shards.isEmpty()) {
            throw index.invalid("weight_map", "expected at least one tensor, found none");
        }
        return shards;
    }

    /** Whether a name stays in its folder: no separator of any system, no drive, no name for a folder. */
    private static boolean isPlainName(String name) {
        return !name.isEmpty()
                && !name.equals(".")
                && !name.equals("..")
                && name.length() <= 255
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || Character.isISOControl(c));
    }

    /** Whether the system's own rules and encoding of names allow it. */
    private static boolean isPath(String name) {
        try {
            return Path.of(name).getNameCount() == 1;
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static List<SafetensorsFile> openShards(Path folder, Map<String, String> weightMap) {
        Map<String, SafetensorsFile> open = new LinkedHashMap<>();
        boolean complete = false;
        try {
            for (Map.Entry<String, String> entry : weightMap.entrySet()) {
                String shard = entry.getValue();
                if (!open.containsKey(shard)) {
                    Path file = folder.resolve(shard);
                    if (!Files.isRegularFile(file)) {
                        throw new InvalidModelException(
                                INDEX,
                                "tensor '" + entry.getKey() + "': expected its shard '" + shard
                                        + "', found no such file");
                    }
                    open.put(shard, SafetensorsFile.open(file));
                }
                if (open.get(shard).tensor(entry.getKey()).isEmpty()) {
                    throw new InvalidModelException(
                            shard, "tensor '" + entry.getKey() + "': expected here by " + INDEX + ", found none");
                }
            }
            refuseTwins(open);
            complete = true;
            return List.copyOf(open.values());
        } finally {
            if (!complete) {
                open.values().forEach(SafetensorsFile::close);
            }
        }
    }

    private static void refuseTwins(Map<String, SafetensorsFile> open) {
        Map<String, String> holders = new HashMap<>();
        open.forEach((shard, file) -> file.tensors().keySet().forEach(tensor -> {
            String other = holders.put(tensor, shard);
            if (other != null) {
                throw new InvalidModelException(
                        shard, "tensor '" + tensor + "': expected in one shard, found in '" + other + "' too");
            }
        }));
    }
}
