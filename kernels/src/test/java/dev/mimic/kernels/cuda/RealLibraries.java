package dev.mimic.kernels.cuda;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Checks the binding against NVIDIA's own libraries on a machine that need not have a GPU: {@code tools/cuda-real.sh} fetches
 * them and runs this. cuBLAS and cuSOLVER log each argument by name before they look at the handle, so a call with the
 * handle 0 shows what arrived.
 */
final class RealLibraries {
    private static final int NOT_INITIALIZED = 1;
    private static final String SWAPPED = "swapped";
    private static final Pattern PARENTHESIS = Pattern.compile(".*\\((?:IN HEX:)?(.*?)\\)+$");

    private final Path folder;
    private final CudaLibraries libraries;
    private final CudaRuntime runtime;
    private final Cublas blas;
    private final Cusolver solver;
    private int passed;
    private int failed;
    private int skipped;

    private RealLibraries(Path folder) throws CudaUnavailableException {
        Map<String, CudaSignature> signatures = CudaSignatures.all();
        this.folder = folder;
        libraries = CudaLibraries.load(search());
        runtime = new CudaRuntime(libraries.loaded().get(CudaLibrary.CUDART), signatures);
        blas = new Cublas(libraries.loaded().get(CudaLibrary.CUBLAS), signatures);
        solver = new Cusolver(libraries.loaded().get(CudaLibrary.CUSOLVER), signatures);
    }

    /**
     * Prints a line for each check and exits with 1 if one failed.
     *
     * @param arguments the folder of the libraries, and in a child the function that it calls
     */
    public static void main(String[] arguments) throws Exception {
        RealLibraries real = new RealLibraries(Path.of(arguments[0]));
        if (arguments.length > 1) {
            real.call(arguments[1]);
            return;
        }
        real.symbols();
        real.errors();
        for (String function : new RealCalls(real.blas, real.solver).all().keySet()) {
            real.echo(function);
        }
        real.swapped();
        real.skip("libcudart's 18 functions", "it logs nothing; their declarations are compared in every build");
        System.out.println(real.passed + " passed, " + real.failed + " failed, " + real.skipped + " skipped");
        System.exit(real.failed == 0 ? 0 : 1);
    }

    private CudaSearch search() {
        return new CudaSearch(folder.toString(), Map.of(), folder.resolve("nowhere"), System.getProperty("os.arch"));
    }

    private void symbols() {
        List<String> missing = new ArrayList<>();
        for (CudaSignature signature : CudaSignatures.all().values()) {
            if (libraries
                    .loaded()
                    .get(signature.library())
                    .symbols()
                    .find(signature.name())
                    .isEmpty()) {
                missing.add(signature.name());
            }
        }
        int count = CudaSignatures.all().size();
        check(
                "symbols",
                missing.isEmpty(),
                count - missing.size() + " of " + count + " found" + (missing.isEmpty() ? "" : ", not " + missing));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            int status = runtime.runtimeGetVersion(out);
            int version = out.get(ValueLayout.JAVA_INT, 0);
            check("cudaRuntimeGetVersion", status == 0 && version / 1000 == libraries.major(), "says " + version);
            List<Integer> parts = new ArrayList<>();
            for (int property = 0; property < 3; property++) {
                status |= blas.getProperty(property, out);
                parts.add(out.get(ValueLayout.JAVA_INT, 0));
            }
            check("cublasGetProperty", status == 0 && parts.getFirst() == libraries.major(), "says " + parts);
        }
    }

    private void errors() {
        String name = NativeLibrary.text(runtime.getErrorName(CudaConstants.cudaErrorInsufficientDriver));
        check("cudaGetErrorName(35)", name.equals("cudaErrorInsufficientDriver"), name);
        name = NativeLibrary.text(blas.getStatusName(CudaConstants.CUBLAS_STATUS_EXECUTION_FAILED));
        check("cublasGetStatusName(13)", name.equals("CUBLAS_STATUS_EXECUTION_FAILED"), name);
        String text = NativeLibrary.text(blas.getStatusString(CudaConstants.CUBLAS_STATUS_EXECUTION_FAILED));
        check("cublasGetStatusString(13)", text.contains("fail"), text);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            runtime.driverGetVersion(out);
            int driver = out.get(ValueLayout.JAVA_INT, 0);
            if (driver != 0) {
                skip("no driver", "this machine has one, for CUDA " + driver);
                return;
            }
            String said =
                    Cuda.probe(search()) instanceof Cuda.Unavailable(String reason, boolean _) ? reason : "available";
            check(
                    "Cuda.probe without a driver",
                    said.contains("no NVIDIA driver") && said.contains("status 35"),
                    said.replace(folder.toString(), "DIR"));
            withoutDriver("cudaMalloc", runtime.malloc(out, 64));
            withoutDriver("cudaMallocHost", runtime.mallocHost(out, 64));
            withoutDriver(
                    "cudaStreamCreateWithFlags",
                    runtime.streamCreateWithFlags(out, CudaConstants.cudaStreamNonBlocking));
            int created = blas.create(out);
            check("cublasCreate_v2 without a driver", created == NOT_INITIALIZED, "status " + created);
        }
    }

    private void withoutDriver(String function, int status) {
        check(function + " without a driver", status == CudaConstants.cudaErrorInsufficientDriver, "status " + status);
    }

    /** In a child: makes one call, which prints what it means; with the handle 0 it may crash after it has logged. */
    private void call(String function) {
        RealCalls calls = new RealCalls(blas, solver);
        int status = function.equals(SWAPPED)
                ? calls.swappedSdgmm()
                : calls.all().get(function).applyAsInt(calls);
        System.out.println("\nSTATUS " + status);
    }

    private void echo(String function) throws IOException, InterruptedException {
        String said = child(function);
        Map<String, String> meant = meant(said);
        Map<String, String> logged = logged(function, said);
        String status = status(said);
        if (logged.isEmpty() && function.equals("cusolverDnSgeqrf") && status.equals("status 1")) {
            skip(function, "logs nothing");
            return;
        }
        String expected = switch (function) {
            case "cusolverDnSgesvd_bufferSize" -> "status 0";
            case "cusolverDnDestroy", "cusolverDnSetStream" -> "a crash for want of a handle";
            default -> "status 1";
        };
        // in the same order, too
        boolean same = !meant.isEmpty()
                && List.copyOf(meant.entrySet()).equals(List.copyOf(logged.entrySet()))
                && status.equals(expected);
        String count = meant.size() + (meant.size() == 1 ? " argument" : " arguments");
        String detail = same ? count + " as meant" : "meant " + meant + ", logged " + logged;
        check(function, same, detail + ", then " + status);
    }

    private void swapped() throws IOException, InterruptedException {
        String said = child(SWAPPED);
        Map<String, String> meant = meant(said);
        Map<String, String> logged = logged("cublasSdgmm_64", said);
        boolean seen = meant.get("m").equals(logged.get("n")) && meant.get("n").equals(logged.get("m"));
        check("planted: m and n swapped", seen, seen ? "seen" : "meant " + meant + ", logged " + logged);
    }

    /** What a child and the libraries in it print. */
    private String child(String function) throws IOException, InterruptedException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                RealLibraries.class.getName(),
                folder.toString(),
                function);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(Map.of("CUBLAS_LOGINFO_DBG", "1", "CUBLAS_LOGDEST_DBG", "stdout"));
        builder.environment().put("CUSOLVERDN_LOG_LEVEL", "5");
        Process child = builder.start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        child.waitFor();
        return said;
    }

    private static Map<String, String> meant(String said) {
        Map<String, String> meant = new LinkedHashMap<>();
        said.lines().filter(line -> line.startsWith("MEANT ")).forEach(line -> put(meant, line.substring(6)));
        return meant;
    }

    private static String status(String said) {
        return said.lines()
                .filter(line -> line.startsWith("STATUS "))
                .map(line -> "status " + line.substring(7))
                .findFirst()
                .orElse("a crash for want of a handle");
    }

    /** Name and value of the arguments in the log, in its order. */
    private static Map<String, String> logged(String function, String log) {
        Map<String, String> arguments = new LinkedHashMap<>();
        boolean within = false;
        for (String line : log.lines().toList()) {
            if (line.contains("][" + function + "] ")) {
                for (String argument : line.substring(line.indexOf("][" + function + "] ") + function.length() + 4)
                        .split(",? +", -1)) {
                    put(arguments, argument);
                }
            } else if (line.contains(" cuBLAS ")) {
                within = line.contains(" " + function + "(");
            } else if (within && line.startsWith("i!  ")) {
                put(arguments, line.substring(4).replaceFirst(": type=.*; val=", "="));
            }
        }
        return arguments;
    }

    private static void put(Map<String, String> arguments, String argument) {
        int equals = argument.indexOf('=');
        if (equals > 0) {
            arguments.put(argument.substring(0, equals), number(argument.substring(equals + 1)));
        }
    }

    /** {@code CUDA_R_16BF(14)} is 14, a pointer its address in decimal. */
    private static String number(String value) {
        if (value.contains("nil")) {
            return "0";
        }
        Matcher parenthesis = PARENTHESIS.matcher(value);
        String number = parenthesis.matches() ? parenthesis.group(1) : value;
        if (number.startsWith("0x")) {
            return Long.toString(Long.parseLong(number.substring(number.lastIndexOf('x') + 1), 16));
        }
        return number;
    }

    private void check(String name, boolean good, String detail) {
        passed += good ? 1 : 0;
        failed += good ? 0 : 1;
        System.out.println((good ? "ok   " : "FAIL ") + name + ": " + detail);
    }

    private void skip(String name, String reason) {
        skipped++;
        System.out.println("SKIP " + name + ": " + reason);
    }
}
