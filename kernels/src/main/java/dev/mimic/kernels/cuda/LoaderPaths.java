package dev.mimic.kernels.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Where the system's loader looks for a library by its bare name (man 8 ld.so): LD_LIBRARY_PATH, its cache, the usual
 * folders. Reading them takes a millisecond; to ask the loader itself takes Java's linker, which takes tens to start, at
 * every start of a program on a machine without a GPU.
 *
 * @param environment the environment's variables
 * @param root the root of the file system
 */
record LoaderPaths(Map<String, String> environment, Path root) {
    private static final List<String> USUAL = List.of("lib64", "usr/lib64", "lib", "usr/lib");

    /** Whether the loader may find a library; where this says no it will not. */
    boolean mayFind(String soname) {
        return named(soname) || cached(soname) || usual(soname);
    }

    private boolean named(String soname) {
        for (String folder : environment.getOrDefault("LD_LIBRARY_PATH", "").split("[:;]", -1)) {
            try {
                if (folder.contains("$") || Files.exists(Path.of(folder).resolve(soname))) {
                    return true; // what $ORIGIN and others stand for is the loader's to say
                }
            } catch (InvalidPathException e) {
                return true;
            }
        }
        return false;
    }

    /** The cache holds the names as they are. */
    private boolean cached(String soname) {
        Path cache = root.resolve("etc/ld.so.cache");
        try {
            return Files.exists(cache)
                    && new String(Files.readAllBytes(cache), StandardCharsets.ISO_8859_1).contains(soname);
        } catch (IOException e) {
            return true;
        }
    }

    private boolean usual(String soname) {
        return USUAL.stream()
                .anyMatch(folder -> Files.exists(root.resolve(folder).resolve(soname)));
    }
}
