package dev.mimic.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The stand-in for CUDA's libraries that lies in {@code kernels/src/test/c/cuda}: built by the system's C compiler into a
 * folder of its own, under the real file names, and told by functions of its own what to do. One for a process and a major
 * version: whoever begins says so by {@link #fresh}. The folder goes with the process.
 */
public final class ShimLibraries {
    /** The property that names the folder in which mimic looks for CUDA. */
    public static final String PROPERTY = "mimic.cuda";

    private static final Map<Integer, ShimLibraries> BUILT = new HashMap<>();

    private final int major;
    private final Path folder;

    private ShimLibraries(int major, Path folder) {
        this.major = major;
        this.folder = folder;
    }

    /** The shim of CUDA 12 as at its start. Skips the test where there is no C compiler. */
    public static ShimLibraries fresh() {
        return fresh(12);
    }

    /** The shim of a major version as at its start. Skips the test where there is no C compiler. */
    public static synchronized ShimLibraries fresh(int major) {
        ShimLibraries shim = BUILT.computeIfAbsent(major, ShimLibraries::build);
        shim.call("shim_reset");
        shim.leaveInfo(0);
        return shim;
    }

    private static ShimLibraries build(int major) {
        try {
            Path folder = Files.createTempDirectory("cuda-shim-" + major + "-");
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> delete(folder))); // tests look it up by path until then
            ShimLibraries shim = new ShimLibraries(major, folder);
            Path cudart = compile(shim.file("cudart"), major, "cudart.c");
            for (String library : List.of("cublas", "cusolver")) {
                compile(shim.file(library), major, library + ".c", cudart.toString());
            }
            return shim;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Compiles a library.
     *
     * @param source a file of {@code kernels/src/test/c/cuda}, and after it what is linked
     */
    public static Path compile(Path library, int major, String source, String... links) throws IOException {
        String soname = library.getFileName().toString();
        List<String> command =
                new ArrayList<>(List.of("cc", "-std=gnu11", "-O3", "-Wall", "-Wextra", "-fPIC", "-shared"));
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
    public Path folder() {
        return folder;
    }

    /** The path of a library: {@code cudart}, {@code cublas} or {@code cusolver}. */
    public Path file(String library) {
        int version = library.equals("cusolver") ? major - 1 : major; // it counts its own versions
        return folder.resolve("lib" + library + ".so." + version);
    }

    /** Lets mimic find it in this process and nothing else; closing looks for nothing at all. */
    public InUse use() {
        System.setProperty(PROPERTY, folder.toString());
        return () -> System.setProperty(PROPERTY, "off");
    }

    /** Until it is closed the shim is found. */
    @FunctionalInterface
    public interface InUse extends AutoCloseable {
        @Override
        void close();
    }

    /** Lets a function fail from now on; {@code *} is all of libcudart that needs a driver. */
    public void fail(String function, int status) {
        try (Arena arena = Arena.ofConfined()) {
            control("cudart", "shim_fail", null, ValueLayout.ADDRESS, ValueLayout.JAVA_INT)
                    .invokeWithArguments(arena.allocateFrom(function), status);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Lets the device err in one way, as {@code kernels/src/test/c/cuda} names it; empty for none. */
    public void spoil(String fault) {
        try (Arena arena = Arena.ofConfined()) {
            control("cudart", "shim_spoil", null, ValueLayout.ADDRESS).invokeWithArguments(arena.allocateFrom(fault));
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Lets all functions work again. A device that an error ended stays so. */
    public void heal() {
        call("shim_heal");
    }

    /** Another driver and another number of GPUs. */
    public void machine(int driver, int gpus) {
        call("shim_machine", driver, gpus);
    }

    /** Leaves so many bytes of the device's memory free. */
    public void memory(int free) {
        call("shim_free_memory", free);
    }

    /** What {@code devInfo} says after the next decompositions. */
    public void leaveInfo(int info) {
        try {
            control("cusolver", "shim_leave_info", null, ValueLayout.JAVA_INT).invokeWithArguments(info);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** What the caller did wrong so far. */
    public int violations() {
        return (int) result("shim_violations", ValueLayout.JAVA_INT);
    }

    /** The last of it. */
    @SuppressWarnings("restricted") // the pointer comes without a size
    public String lastViolation() {
        MemorySegment text = (MemorySegment) result("shim_last_violation", ValueLayout.ADDRESS);
        return text.reinterpret(4096).getString(0);
    }

    /** Bytes of device and pinned memory that are not freed. */
    public long liveBytes() {
        return (long) result("shim_live_bytes", ValueLayout.JAVA_LONG);
    }

    /** Streams and handles that are not given back. */
    public int liveHandles() {
        return (int) result("shim_live_handles", ValueLayout.JAVA_INT);
    }

    /** Products and scalings that were asked for since the start. */
    public long products() {
        return (long) result("shim_products", ValueLayout.JAVA_LONG);
    }

    /** Bytes that were copied between host and device since the start, to the device and back. */
    public long copiedBytes() {
        return (long) result("shim_copied_bytes", ValueLayout.JAVA_LONG);
    }

    /** Asserts that the caller did nothing wrong and left nothing behind. */
    public void assertClean() {
        assertEquals(0, violations(), this::lastViolation);
        assertEquals(0, liveBytes(), "bytes left");
        assertEquals(0, liveHandles(), "handles left");
    }

    private void call(String name, Object... ints) {
        ValueLayout[] layouts = new ValueLayout[ints.length];
        Arrays.fill(layouts, ValueLayout.JAVA_INT);
        try {
            control("cudart", name, null, layouts).invokeWithArguments(ints);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private Object result(String name, ValueLayout layout) {
        try {
            return control("cudart", name, layout).invokeWithArguments();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @SuppressWarnings("restricted") // the shim is native
    private MethodHandle control(String library, String name, ValueLayout result, ValueLayout... parameters) {
        MemorySegment symbol =
                SymbolLookup.libraryLookup(file(library), Arena.global()).findOrThrow(name);
        FunctionDescriptor descriptor =
                result == null ? FunctionDescriptor.ofVoid(parameters) : FunctionDescriptor.of(result, parameters);
        return Linker.nativeLinker().downcallHandle(symbol, descriptor);
    }
}
