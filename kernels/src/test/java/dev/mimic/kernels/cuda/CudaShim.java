package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.mimic.testkit.ShimLibraries;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** The shim as the binding sees it. */
record CudaShim(ShimLibraries libraries) {
    /** The shim of CUDA 12 as at its start. Skips the test where there is no C compiler. */
    static CudaShim fresh() {
        return new CudaShim(ShimLibraries.fresh());
    }

    /** The shim of a major version as at its start. Skips the test where there is no C compiler. */
    static CudaShim fresh(int major) {
        return new CudaShim(ShimLibraries.fresh(major));
    }

    /** Compiles a library. */
    static Path compile(Path folder, String soname, int major, String source, String... links) throws IOException {
        return ShimLibraries.compile(folder.resolve(soname), major, source, links);
    }

    /** The folder with the three libraries. */
    Path folder() {
        return libraries.folder();
    }

    /** The path of a library. */
    Path file(CudaLibrary library) {
        return libraries.file(library.name().toLowerCase(Locale.ROOT));
    }

    /** What a process finds that is told of a folder. */
    static Cuda probe(Path folder) {
        return Cuda.probe(new CudaSearch(folder.toString(), Map.of(), folder.resolve("nowhere"), "amd64"));
    }

    /** The shim's functions. */
    Cuda.Available available() {
        return assertInstanceOf(Cuda.Available.class, probe(folder()));
    }

    /** Why it cannot be used. */
    String unavailable() {
        return assertInstanceOf(Cuda.Unavailable.class, probe(folder())).reason();
    }

    /** Lets a function fail from now on; {@code *} is all of libcudart that needs a driver. */
    void fail(String function, int status) {
        libraries.fail(function, status);
    }

    /** Another driver and another number of GPUs. */
    void machine(int driver, int gpus) {
        libraries.machine(driver, gpus);
    }

    /** What {@code devInfo} says after the next decompositions. */
    void leaveInfo(int info) {
        libraries.leaveInfo(info);
    }

    /** What the caller did wrong so far. */
    int violations() {
        return libraries.violations();
    }

    /** The last of it. */
    String lastViolation() {
        return libraries.lastViolation();
    }

    /** Bytes of device and pinned memory that are not freed. */
    long liveBytes() {
        return libraries.liveBytes();
    }

    /** Streams and handles that are not given back. */
    int liveHandles() {
        return libraries.liveHandles();
    }

    /** Products and scalings that were asked for since the start. */
    long products() {
        return libraries.products();
    }

    /** Asserts that the caller did nothing wrong and left nothing behind. */
    void assertClean() {
        libraries.assertClean();
    }
}
