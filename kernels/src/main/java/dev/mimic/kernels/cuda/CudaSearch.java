package dev.mimic.kernels.cuda;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where CUDA's libraries are looked for: in the folder that the user names (property {@code mimic.cuda}, else environment
 * variable {@code MIMIC_CUDA_LIB}) and nowhere else; or below {@code CUDA_HOME} and {@code CUDA_PATH}, in the usual
 * folders, and then wherever the system's loader looks.
 *
 * @param property the value of {@code mimic.cuda}: a folder, {@code off}, or null
 * @param environment the environment's variables
 * @param root the root of the file system, another one in tests
 * @param architecture the value of {@code os.arch}
 */
record CudaSearch(String property, Map<String, String> environment, Path root, String architecture) {
    private static final String PROPERTY = "mimic.cuda";
    private static final String VARIABLE = "MIMIC_CUDA_LIB";

    /** Of this process. */
    static CudaSearch ofProcess() {
        return new CudaSearch(
                System.getProperty(PROPERTY), System.getenv(), Path.of("/"), System.getProperty("os.arch"));
    }

    /** Whether the user wants none. */
    boolean off() {
        return "off".equals(property);
    }

    /** Whether only {@link #folders} count, and not what the system's loader would find. */
    boolean named() {
        return property != null || environment.containsKey(VARIABLE);
    }

    /**
     * What is wrong with the name that the user gave, before anything is looked for there.
     *
     * @return one line; empty if there is nothing to say
     */
    Optional<String> misnamed() {
        if (!named() || off()) {
            return Optional.empty();
        }
        String source = property != null ? "-D" + PROPERTY : "environment variable " + VARIABLE;
        String name = property != null ? property : environment.get(VARIABLE);
        // a File, since a Path of a name that no file can have is an exception; an empty one would be the current
        // folder
        return !name.isEmpty() && new File(name).isDirectory()
                ? Optional.empty()
                : Optional.of(source + ": expected a folder with CUDA's libraries"
                        + (property != null ? " or off" : "") + ", found "
                        + (name.isEmpty() ? "an empty value" : "'" + name + "', which is no folder"));
    }

    /** Where the system's loader looks. */
    LoaderPaths loader() {
        return new LoaderPaths(environment, root);
    }

    /** The folders, first choice first, whether they exist or not. */
    List<Path> folders() {
        if (property != null) {
            return List.of(Path.of(property));
        }
        if (environment.containsKey(VARIABLE)) {
            return List.of(Path.of(environment.get(VARIABLE)));
        }
        boolean arm = architecture.equals("aarch64");
        List<Path> folders = new ArrayList<>();
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            if (environment.containsKey(variable)) {
                Path home = Path.of(environment.get(variable));
                folders.add(home.resolve("lib64"));
                folders.add(home.resolve("lib"));
                folders.add(home.resolve(arm ? "targets/sbsa-linux/lib" : "targets/x86_64-linux/lib"));
            }
        }
        for (Path toolkit : toolkits()) {
            folders.add(toolkit.resolve("lib64"));
        }
        folders.add(root.resolve(arm ? "usr/lib/aarch64-linux-gnu" : "usr/lib/x86_64-linux-gnu"));
        folders.add(root.resolve("usr/lib64"));
        return List.copyOf(new LinkedHashSet<>(folders));
    }

    /** {@code /usr/local/cuda} first, which is the administrator's choice, then the others, newest first. */
    private List<Path> toolkits() {
        Path local = root.resolve("usr/local");
        List<Path> toolkits = new ArrayList<>();
        if (Files.isDirectory(local)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(local)) {
                for (Path path : found) {
                    if (path.getFileName().toString().startsWith("cuda-")) {
                        toolkits.add(path);
                    }
                }
            } catch (IOException e) {
                return List.of(local.resolve("cuda"));
            }
        }
        if (toolkits.size() > 1) {
            toolkits.sort(Comparator.comparingInt(CudaSearch::version).reversed());
        }
        toolkits.addFirst(local.resolve("cuda"));
        return toolkits;
    }

    /** The number behind {@code cuda-}, 12004 for 12.4; 0 for a name of another form. */
    private static int version(Path toolkit) {
        String[] parts =
                toolkit.getFileName().toString().substring("cuda-".length()).split("\\.", -1);
        boolean numbers = parts.length == 2 && parts[0].matches("\\d{1,3}") && parts[1].matches("\\d{1,3}");
        return numbers ? Integer.parseInt(parts[0]) * 1000 + Integer.parseInt(parts[1]) : 0;
    }
}
