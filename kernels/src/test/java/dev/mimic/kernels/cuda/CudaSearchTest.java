package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CudaSearchTest {
    @TempDir
    private Path root;

    @Test
    void thePropertyGoesBeforeAllAndAlone() {
        CudaSearch search = search("given", Map.of("MIMIC_CUDA_LIB", "other", "CUDA_HOME", "home"));
        assertEquals(List.of(Path.of("given")), search.folders());
        assertTrue(search.named());
        assertFalse(search.off());
    }

    @Test
    void theEnvironmentOfMimicGoesBeforeThatOfCuda() {
        CudaSearch search = search(null, Map.of("MIMIC_CUDA_LIB", "other", "CUDA_HOME", "home"));
        assertEquals(List.of(Path.of("other")), search.folders());
        assertTrue(search.named());
    }

    @Test
    void homesGoBeforeTheUsualFoldersAndNewerToolkitsBeforeOlder() throws IOException {
        for (String name : List.of("cuda-12.4", "cuda-13.0", "cuda-9.2", "cuda-12.10", "cuda-old")) {
            Files.createDirectories(root.resolve("usr/local").resolve(name));
        }
        CudaSearch search = search(null, Map.of("CUDA_PATH", "/b", "CUDA_HOME", "/a"));
        assertFalse(search.named());
        Path local = root.resolve("usr/local");
        assertEquals(
                List.of(
                        Path.of("/a/lib64"),
                        Path.of("/a/lib"),
                        Path.of("/a/targets/x86_64-linux/lib"),
                        Path.of("/b/lib64"),
                        Path.of("/b/lib"),
                        Path.of("/b/targets/x86_64-linux/lib"),
                        local.resolve("cuda/lib64"),
                        local.resolve("cuda-13.0/lib64"),
                        local.resolve("cuda-12.10/lib64"),
                        local.resolve("cuda-12.4/lib64"),
                        local.resolve("cuda-9.2/lib64"),
                        local.resolve("cuda-old/lib64"),
                        root.resolve("usr/lib/x86_64-linux-gnu"),
                        root.resolve("usr/lib64")),
                search.folders());
    }

    @Test
    void everyMajorHasItsNames() {
        assertEquals("libcusolver.so.11", CudaLibrary.CUSOLVER.soname(12));
        assertEquals("libcusolver.so.12", CudaLibrary.CUSOLVER.soname(13));
        assertThrows(IllegalArgumentException.class, () -> CudaLibrary.CUDART.soname(11));
    }

    @Test
    void offIsSaid() {
        assertEquals(
                new Cuda.Unavailable("switched off by -Dmimic.cuda=off", false), Cuda.probe(search("off", Map.of())));
    }

    @Test
    void nothingFoundNamesTheFolders() {
        String reason = ((Cuda.Unavailable) Cuda.probe(search(root.toString(), Map.of()))).reason();
        assertEquals("no CUDA 12 or 13 libraries (libcudart, libcublas) in " + root, reason);
    }

    @Test
    void aNameThatIsNoFolderIsSaidByItsSource() throws IOException {
        Path file = Files.createFile(root.resolve("libcudart.so.12"));
        String expected = "-Dmimic.cuda: expected a folder with CUDA's libraries or off, found ";
        assertMisnamed(expected + "an empty value", search("", Map.of()));
        assertMisnamed(expected + "'no/such/folder', which is no folder", search("no/such/folder", Map.of()));
        assertMisnamed(expected + "'" + file + "', which is no folder", search(file.toString(), Map.of()));
        assertMisnamed(expected + "'a\0b', which is no folder", search("a\0b", Map.of()));
        assertMisnamed(
                "environment variable MIMIC_CUDA_LIB: expected a folder with CUDA's libraries, found an empty value",
                search(null, Map.of("MIMIC_CUDA_LIB", "")));
    }

    private static void assertMisnamed(String expected, CudaSearch search) {
        assertEquals(new Cuda.Unavailable(expected, true), Cuda.probe(search));
    }

    private CudaSearch search(String property, Map<String, String> environment) {
        return new CudaSearch(property, environment, root, "amd64");
    }

    @Test
    void theLoaderIsAskedOnlyForWhatItMayFind() throws IOException {
        String soname = "libcudart.so.12";
        assertFalse(search(null, Map.of()).loader().mayFind(soname));
        Path folder = Files.createDirectories(root.resolve("some/where"));
        CudaSearch named = search(null, Map.of("LD_LIBRARY_PATH", "/no/such:" + folder));
        assertFalse(named.loader().mayFind(soname));
        Files.createFile(folder.resolve(soname));
        assertTrue(named.loader().mayFind(soname));
        assertFalse(named.loader().mayFind("libcudart.so.13"));
        assertTrue(
                search(null, Map.of("LD_LIBRARY_PATH", "$ORIGIN/lib")).loader().mayFind(soname), "the loader's to say");

        Path cache = Files.createDirectories(root.resolve("etc")).resolve("ld.so.cache");
        Files.write(cache, new byte[] {'g', 'l', 'i', 'b', 'c', (byte) 0xFF, 0, 1, 2});
        assertFalse(search(null, Map.of()).loader().mayFind(soname));
        Files.writeString(cache, "glibc-ld.so.cache1.1\0libcudart.so.12\0/opt/cuda/libcudart.so.12\0");
        assertTrue(search(null, Map.of()).loader().mayFind(soname));
        assertFalse(search(null, Map.of()).loader().mayFind("libcudart.so.13"));

        Files.delete(cache);
        Files.createFile(Files.createDirectories(root.resolve("usr/lib")).resolve(soname));
        assertTrue(search(null, Map.of()).loader().mayFind(soname));
    }
}
