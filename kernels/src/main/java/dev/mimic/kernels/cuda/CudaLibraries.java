package dev.mimic.kernels.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * The loaded libraries of one CUDA installation, all of one major version and from one place.
 *
 * @param major CUDA's major version, 12 or 13
 * @param place the folder, or a phrase for the system's loader
 * @param loaded the libraries; {@code CUDART} and {@code CUBLAS} are always among them
 * @param solverReason why {@code CUSOLVER} is not among them; empty if it is
 */
record CudaLibraries(int major, String place, Map<CudaLibrary, NativeLibrary> loaded, String solverReason) {
    /** First choice first. */
    private static final List<Integer> MAJORS = List.of(13, 12);

    private static final String SYSTEM = "the system's library path";

    /**
     * Loads the first installation that can be loaded.
     *
     * @throws CudaUnavailableException saying where was looked, and what kept the libraries there from being loaded
     */
    static CudaLibraries load(CudaSearch search) throws CudaUnavailableException {
        List<String> failures = new ArrayList<>();
        List<Path> folders = search.folders();
        for (Path folder : folders) {
            for (int major : MAJORS) {
                if (complete(folder, major, failures)) {
                    try {
                        return load(folder, major);
                    } catch (CudaUnavailableException e) {
                        failures.add(e.getMessage());
                    }
                }
            }
        }
        if (!search.named()) {
            LoaderPaths loader = search.loader();
            for (int major : MAJORS) {
                if (!loader.mayFind(CudaLibrary.CUDART.soname(major))) {
                    continue;
                }
                try {
                    return load(null, major);
                } catch (CudaUnavailableException e) {
                    // that the loader knows no library of this name is the usual case, and no reason to show
                    if (!e.getMessage().startsWith(CudaLibrary.CUDART.soname(major) + ":")) {
                        failures.add(e.getMessage());
                    }
                }
            }
        }
        if (!failures.isEmpty()) {
            throw new CudaUnavailableException("CUDA cannot be loaded: " + String.join("; ", failures));
        }
        throw new CudaUnavailableException("no CUDA 12 or 13 libraries (libcudart, libcublas) in "
                + joined(folders)
                + (search.named() ? "" : " or on " + SYSTEM));
    }

    private static String joined(List<Path> folders) {
        StringJoiner joined = new StringJoiner(", ");
        for (Path folder : folders) {
            joined.add(folder.toString());
        }
        return joined.toString();
    }

    /** Whether a folder has the required libraries; that it has only some of them is worth a note. */
    private static boolean complete(Path folder, int major, List<String> failures) {
        List<String> found = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (CudaLibrary library : CudaLibrary.values()) {
            if (library.required()) {
                String soname = library.soname(major);
                (Files.exists(folder.resolve(soname)) ? found : missing).add(soname);
            }
        }
        if (!found.isEmpty() && !missing.isEmpty()) {
            failures.add(folder + " has " + String.join(", ", found) + " but no " + String.join(", ", missing));
        }
        return missing.isEmpty();
    }

    /**
     * Loads what there is of one major.
     *
     * @param folder where; null for the system's loader
     */
    private static CudaLibraries load(Path folder, int major) throws CudaUnavailableException {
        Map<CudaLibrary, NativeLibrary> loaded = new EnumMap<>(CudaLibrary.class);
        String solverReason = "";
        for (CudaLibrary library : CudaLibrary.values()) {
            String soname = library.soname(major);
            try {
                loaded.put(library, NativeLibrary.load(folder == null ? soname : file(folder, soname)));
            } catch (CudaUnavailableException e) {
                if (library.required()) {
                    throw e;
                }
                solverReason = library == CudaLibrary.CUSOLVER ? e.getMessage() : solverReason;
            }
        }
        return new CudaLibraries(major, folder == null ? SYSTEM : folder.toString(), loaded, solverReason);
    }

    /** With a slash, so that the loader takes this file and no other. */
    private static String file(Path folder, String soname) {
        return folder.resolve(soname).toAbsolutePath().toString();
    }
}
