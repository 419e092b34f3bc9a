package dev.mimic.kernels.cuda;

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
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A loaded library. It stays loaded until the process ends, as CUDA wants it.
 *
 * @param file the path or the bare soname that it was loaded by
 */
record NativeLibrary(String file, SymbolLookup symbols) {
    private static final int RTLD_NOW = 2;
    private static final int LONGEST_TEXT = 4096;

    /**
     * Loads a library.
     *
     * @param file a path, or a bare name that the system's loader looks for
     * @throws CudaUnavailableException with the loader's reason
     * @throws IllegalCallerException if the JVM does not let this module call native code
     */
    @SuppressWarnings("restricted") // this package is where native code is called
    static NativeLibrary load(String file) throws CudaUnavailableException {
        // SymbolLookup alone would say that a library cannot be opened, and not why
        Linker linker = Linker.nativeLinker();
        SymbolLookup system = linker.defaultLookup();
        FunctionDescriptor open = FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
        MethodHandle dlopen = linker.downcallHandle(system.findOrThrow("dlopen"), open);
        MethodHandle dlerror =
                linker.downcallHandle(system.findOrThrow("dlerror"), FunctionDescriptor.of(ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = (MemorySegment) dlopen.invokeExact(arena.allocateFrom(file), RTLD_NOW);
            if (handle.address() == 0) {
                MemorySegment reason = (MemorySegment) dlerror.invokeExact();
                throw new CudaUnavailableException(reason.address() == 0 ? file + ": cannot be loaded" : text(reason));
            }
            return new NativeLibrary(file, SymbolLookup.libraryLookup(file, Arena.global()));
        } catch (CudaUnavailableException e) {
            throw e;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /**
     * A function of the library.
     *
     * @param signatures {@link CudaSignatures#all()}
     * @return its handle, or null if the library lacks it and may
     * @throws CudaUnavailableException if the library lacks it and must not
     */
    @SuppressWarnings("restricted") // this package is where native code is called
    MethodHandle bind(Map<String, CudaSignature> signatures, String name) throws CudaUnavailableException {
        CudaSignature signature = signatures.get(name);
        Optional<MemorySegment> symbol = symbols.find(name);
        if (symbol.isEmpty()) {
            if (signature.optional()) {
                return null;
            }
            throw new CudaUnavailableException(file + " has no function " + name);
        }
        // never Linker.Option.critical: these calls block, and would hold off the garbage collector
        return Linker.nativeLinker().downcallHandle(symbol.get(), signature.descriptor());
    }

    /** The file that was loaded, whose name ends in the library's own version where links lead to it. */
    String place() {
        try {
            if (file.contains("/")) {
                return Path.of(file).toRealPath().toString();
            }
            try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"), StandardCharsets.UTF_8)) {
                String stem = "/" + file.substring(0, file.indexOf(".so") + ".so".length());
                return maps.filter(line -> line.contains(stem))
                        .map(line -> line.substring(line.indexOf('/')))
                        .findFirst()
                        .orElse(file);
            }
        } catch (IOException | UncheckedIOException e) {
            return file;
        }
    }

    /** The text at a pointer that a library returned, on one line; empty for a null pointer. */
    @SuppressWarnings("restricted") // the pointer comes without a size
    static String text(MemorySegment pointer) {
        return pointer.address() == 0
                ? ""
                : pointer.reinterpret(LONGEST_TEXT).getString(0).strip().replaceAll("\\s+", " ");
    }

    /** What a downcall threw, which is a mistake of this package's: unchecked, or an error. */
    static RuntimeException rethrow(Throwable thrown) {
        switch (thrown) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError("a downcall throws no checked exception", thrown);
        }
    }
}
