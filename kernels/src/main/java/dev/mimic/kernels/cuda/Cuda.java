package dev.mimic.kernels.cuda;

import java.util.Locale;
import java.util.Optional;

/** What CUDA offers to this process. Nothing is looked for or loaded before {@link #probe()} is called. */
public sealed interface Cuda {
    /**
     * CUDA can be used: its libraries are loaded, there is a device, and cuBLAS works on it.
     *
     * @param libraries where they lie
     * @param runtime libcudart's functions
     * @param blas libcublas's functions
     * @param solver libcusolver's functions, or null
     * @param devices how many devices there are, at least 1
     * @param description versions and place, without what is missing
     * @param solverReason why {@code solver} is null; empty if it is not
     */
    record Available(
            CudaLibraries libraries,
            CudaRuntime runtime,
            Cublas blas,
            Cusolver solver,
            int devices,
            String description,
            String solverReason)
            implements Cuda {}

    /**
     * CUDA cannot be used.
     *
     * @param reason one line: where was looked, or which call returned what
     * @param found whether there is an installation that its owner may expect to work
     */
    record Unavailable(String reason, boolean found) implements Cuda {}

    /**
     * Looks for CUDA and tries it. Costs some milliseconds where there is none; where there is a GPU, up to a second and,
     * until the process ends, the memory that the driver takes for a process.
     */
    static Cuda probe() {
        return probe(CudaSearch.ofProcess());
    }

    /** As {@link #probe()}, looking elsewhere. */
    static Cuda probe(CudaSearch search) {
        if (search.off()) {
            return new Unavailable("switched off by -Dmimic.cuda=off", false);
        }
        Optional<String> misnamed = search.misnamed();
        if (misnamed.isPresent()) {
            return new Unavailable(misnamed.get(), true);
        }
        String system = System.getProperty("os.name");
        if (!system.toLowerCase(Locale.ROOT).equals("linux")) {
            return new Unavailable("CUDA is looked for on Linux only, this is " + system, false);
        }
        boolean loaded = false;
        try {
            CudaLibraries libraries = CudaLibraries.load(search);
            loaded = true;
            return new CudaProbe(libraries).run();
        } catch (CudaUnavailableException e) {
            return new Unavailable(e.getMessage(), loaded || search.named());
        } catch (IllegalCallerException e) {
            return new Unavailable(
                    "the JVM does not let mimic call native code; start it with --enable-native-access=dev.mimic.kernels",
                    search.named());
        }
    }
}
