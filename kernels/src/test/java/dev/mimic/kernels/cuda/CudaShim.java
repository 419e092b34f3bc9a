package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The stand-in for CUDA's libraries that lies in {@code src/test/c/cuda}: built by the system's C compiler into a folder of
 * its own, under the real file names, and told by functions of its own what to do.
 */
final class CudaShim {
    private static final Map<Integer, CudaShim> BUILT = new HashMap<>();

    private final int major;
    private final Path folder;

    private CudaShim(int major, Path folder) {
        this.major = major;
        this.folder = folder;
    }

    /** The shim of CUDA 12 as at its start. Skips the test where there is no C compiler. */
    static CudaShim fresh() {
        return fresh(12);
    }

    /** The shim of a major version as at its start. Skips the test where there is no C compiler. */
    static synchronized CudaShim fresh(int major) {
        CudaShim shim = BUILT.computeIfAbsent(major, CudaShim::build);
        shim.call("shim_reset");
        shim.leaveInfo(0);
        return shim;
    }

    private static CudaShim build(int major) {
        try {
            Path folder = Files.createTempDirectory("cuda-shim-" + major + "-");
            Path cudart = compile(folder, CudaLibrary.CUDART.soname(major), major, "cudart.c");
            for (CudaLibrary library : List.of(CudaLibrary.CUBLAS, CudaLibrary.CUSOLVER)) {
                String source = library.name().toLowerCase(Locale.ROOT) + ".c";
                compile(folder, library.soname(major), major, source, cudart.toString());
            }
            return new CudaShim(major, folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Compiles a library.
     *
     * @param source a file of {@code src/test/c/cuda}, and after it what is linked
     */
    static Path compile(Path folder, String soname, int major, String source, String... links) throws IOException {
        Path library = folder.resolve(soname);
        List<String> command =
                new ArrayList<>(List.of("cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-fPIC", "-shared"));
        command.addAll(List.of("-DSHIM_MAJOR=" + major, "-Wl,-soname," + soname, "-Wl,-rpath,$ORIGIN", "-o"));
        command.add(library.toString());
        command.add(TestFolders.root()
                .resolve("kernels/src/test/c/cuda")
                .resolve(source)
                .toString());
        command.addAll(List.of(links));
        command.add("-lm");
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw TestFolders.skip("CUDA on a shim", "no C compiler named cc");
        }
        try {
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), said);
            assertEquals("", said, "the compiler's warnings");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return library;
    }

    /** The folder with the three libraries. */
    Path folder() {
        return folder;
    }

    /** The path of a library. */
    Path file(CudaLibrary library) {
        return folder.resolve(library.soname(major));
    }

    /** What a process finds that is told of a folder. */
    static Cuda probe(Path folder) {
        return Cuda.probe(new CudaSearch(folder.toString(), Map.of(), folder.resolve("nowhere"), "amd64"));
    }

    /** The shim's functions. */
    Cuda.Available available() {
        return assertInstanceOf(Cuda.Available.class, probe(folder));
    }

    /** Why it cannot be used. */
    String unavailable() {
        return assertInstanceOf(Cuda.Unavailable.class, probe(folder)).reason();
    }

    /** Lets a function fail from now on; {@code *} is all of libcudart that needs a driver. */
    void fail(String function, int status) {
        try (Arena arena = Arena.ofConfined()) {
            control(CudaLibrary.CUDART, "shim_fail", null, ValueLayout.ADDRESS, ValueLayout.JAVA_INT)
                    .invokeWithArguments(arena.allocateFrom(function), status);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Another driver and another number of GPUs. */
    void machine(int driver, int gpus) {
        call("shim_machine", driver, gpus);
    }

    /** What {@code devInfo} says after the next decompositions. */
    void leaveInfo(int info) {
        try {
            control(CudaLibrary.CUSOLVER, "shim_leave_info", null, ValueLayout.JAVA_INT)
                    .invokeWithArguments(info);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** What the caller did wrong so far. */
    int violations() {
        return (int) result("shim_violations", ValueLayout.JAVA_INT);
    }

    /** The last of it. */
    String lastViolation() {
        return NativeLibrary.text((MemorySegment) result("shim_last_violation", ValueLayout.ADDRESS));
    }

    /** Bytes of device and pinned memory that are not freed. */
    long liveBytes() {
        return (long) result("shim_live_bytes", ValueLayout.JAVA_LONG);
    }

    /** Streams and handles that are not given back. */
    int liveHandles() {
        return (int) result("shim_live_handles", ValueLayout.JAVA_INT);
    }

    /** Asserts that the caller did nothing wrong and left nothing behind. */
    void assertClean() {
        assertEquals(0, violations(), this::lastViolation);
        assertEquals(0, liveBytes(), "bytes left");
        assertEquals(0, liveHandles(), "handles left");
    }

    private void call(String name, Object... ints) {
        ValueLayout[] layouts = new ValueLayout[ints.length];
        Arrays.fill(layouts, ValueLayout.JAVA_INT);
        try {
            control(CudaLibrary.CUDART, name, null, layouts).invokeWithArguments(ints);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private Object result(String name, ValueLayout layout) {
        try {
            return control(CudaLibrary.CUDART, name, layout).invokeWithArguments();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @SuppressWarnings("restricted") // the shim is native
    private MethodHandle control(CudaLibrary library, String name, ValueLayout result, ValueLayout... parameters) {
        MemorySegment symbol =
                SymbolLookup.libraryLookup(file(library), Arena.global()).findOrThrow(name);
        FunctionDescriptor descriptor =
                result == null ? FunctionDescriptor.ofVoid(parameters) : FunctionDescriptor.of(result, parameters);
        return Linker.nativeLinker().downcallHandle(symbol, descriptor);
    }
}
