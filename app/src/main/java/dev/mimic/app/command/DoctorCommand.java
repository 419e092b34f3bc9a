package dev.mimic.app.command;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import dev.mimic.adapt.sandbox.PythonSandbox;
import dev.mimic.adapt.sandbox.SandboxLimits;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.loader.json.Json;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "doctor",
        description = "Says what this machine and this JVM offer, and what would be slow and why.",
        footer = {
            "",
            "Looks for CUDA too (MIMIC_CUDA_LIB, CUDA_HOME, the usual folders), see --device.",
            "",
            "  mimic doctor",
            "  mimic doctor --json"
        })
final class DoctorCommand implements Callable<Integer> {
    private static final String NATIVE_ACCESS = "native_access";
    private static final String ENABLED = "enabled";

    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        Map<String, Object> findings = findings();
        List<String> warnings = warnings(findings);
        if (json) {
            findings.put("warnings", warnings);
            mimic.console().out().println(Json.write(findings));
            return 0;
        }
        findings.forEach((name, value) ->
                mimic.console().out().printf(Locale.ROOT, "%-18s %s%n", name.replace('_', ' '), value));
        mimic.console().out().println();
        if (warnings.isEmpty()) {
            mimic.console().out().println("Nothing here makes mimic slower than it has to be.");
        }
        warnings.forEach(warning -> mimic.console().out().println("slow: " + warning));
        return 0;
    }

    private Map<String, Object> findings() {
        // before the look for a GPU: a JVM enables native access with the warning at its first use
        boolean nativeAccess = Backend.class.getModule().isNativeAccessEnabled();
        Map<String, Object> findings = new LinkedHashMap<>();
        findings.put("mimic", MimicCommand.VERSION);
        findings.put("java", System.getProperty("java.vm.version") + ", " + System.getProperty("java.vm.vendor"));
        findings.put("java_home", System.getProperty("java.home"));
        findings.put("vm", System.getProperty("java.vm.name") + ", " + System.getProperty("java.vm.info"));
        findings.put("system", System.getProperty("os.name") + ", " + System.getProperty("os.arch"));
        findings.put("processor", processor());
        findings.put("cores", Runtime.getRuntime().availableProcessors());
        try (WorkerPool pool = WorkerPool.of(common.threads())) {
            findings.put("threads", pool.threads());
            Backend backend = Backend.best(pool);
            findings.put("kernels", backend.name());
            findings.put("gemv_form", backend.matrix().forms());
        }
        findings.put(
                "widest_vector",
                flag("MaxVectorSize")
                        .map(bytes -> Long.parseLong(bytes) * 8 + " bits")
                        .orElse("unknown"));
        findings.put("vector_checks", vectorChecks() ? "every load and store" : "once a kernel");
        findings.put(NATIVE_ACCESS, nativeAccess ? ENABLED : "not enabled");
        findings.put("memory", InspectCommand.bytes(physicalMemory()));
        findings.put("heap_limit", InspectCommand.bytes(Runtime.getRuntime().maxMemory()));
        findings.put("sandbox", sandbox());
        findings.put("launcher", launcher());
        findings.put("jvm_options", jvmOptions());
        findings.put("gpu", Backend.gpu());
        return findings;
    }

    /** Whether the Vector API checks the range of each load and store of a vector, as it does unless told. */
    static boolean vectorChecks() {
        return Integer.getInteger("jdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK", 2) != 0;
    }

    /** What shuts in the programs of mbpp and humaneval. */
    private static String sandbox() {
        try {
            return PythonSandbox.open(SandboxLimits.DEFAULT, false).mechanism()
                    + ", for the programs of mbpp and humaneval";
        } catch (IllegalStateException e) {
            return "none: " + e.getMessage();
        }
    }

    /** What the launcher was told. */
    private static String launcher() {
        return Stream.of("MIMIC_JAVA_HOME", "MIMIC_JAVA_OPTS")
                .map(name -> name + (System.getenv(name) == null ? " not set" : "=" + System.getenv(name)))
                .collect(Collectors.joining(", "));
    }

    /** The JVM's options, less what makes its text UTF-8. */
    private static String jvmOptions() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.startsWith("-Dstd") && !option.startsWith("-Dmimic.live"))
                .collect(Collectors.joining(" "));
    }

    private static List<String> warnings(Map<String, Object> findings) {
        List<String> warnings = new ArrayList<>();
        String vm = String.valueOf(findings.get("vm"));
        if (!vm.contains("Server VM")) {
            warnings.add(
                    "the JVM is not HotSpot's server VM, whose C2 compiler the kernels are made for; take a HotSpot"
                            + " JDK 25");
        }
        if (vm.contains("interpreted mode")) {
            warnings.add("the JVM only interprets; take -Xint out of MIMIC_JAVA_OPTS");
        }
        if (flag("TieredStopAtLevel").filter(level -> !level.equals("4")).isPresent()) {
            warnings.add("C2 is switched off; take -XX:TieredStopAtLevel out of MIMIC_JAVA_OPTS");
        }
        String kernels = String.valueOf(findings.get("kernels"));
        if (kernels.startsWith("scalar")) {
            warnings.add("the plain Java kernels are in use; take -Dmimic.vector=scalar out of MIMIC_JAVA_OPTS");
        }
        if (vectorChecks()) {
            warnings.add(
                    "each vector that is loaded has its range checked again, which costs up to a quarter; the launcher"
                            + " sets -Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0");
        }
        if (!findings.get(NATIVE_ACCESS).equals(ENABLED)) {
            warnings.add(
                    "weights mapped from files lie in another class of segment than caches, which each load asks for and"
                            + " costs F32 models a tenth to a fifth; the launcher sets"
                            + " --enable-native-access=dev.mimic.kernels");
        }
        long widest = flag("MaxVectorSize").map(Long::parseLong).orElse(0L) * 8;
        if (widest > 0 && widest < 256) {
            warnings.add("the processor has vectors of " + widest + " bits; 256 or 512 are two to four times as fast");
        }
        if (kernels.startsWith("vector-") && widest > Long.parseLong(kernels.replaceAll("\\D", ""))) {
            warnings.add("the processor has vectors of " + widest + " bits, " + kernels
                    + " is in use; take -Dmimic.vector out");
        }
        return warnings;
    }

    private static Optional<String> flag(String name) {
        try {
            return Optional.of(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                    .getVMOption(name)
                    .getValue());
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Bytes of memory that the machine, or the container, has. */
    static long physicalMemory() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }

    static String processor() {
        Path file = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(file)) {
            return "unknown";
        }
        try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }
}
