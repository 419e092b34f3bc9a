package dev.mimic.testkit;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;

/**
 * Feeds broken inputs to a reader. Every case must end well or in one of the exceptions allowed, with a message of one
 * line, within 2 seconds of processor time and 256 MB of allocation. Cases are seeded by the target's name and their
 * number: a failure repeats, and its input is kept in {@code target/fuzz-failures}. The count of cases is the system
 * property {@code mimic.fuzz}; half of them are edited by a mutator that knows the format, half by {@link ByteMutations}.
 */
public final class Fuzzer {
    private static final long MAX_NANOSECONDS = 2_000_000_000L;
    private static final long MAX_BYTES = 256L << 20;
    private static final long HANGS_AFTER_SECONDS = 60;

    private final String target;
    private final Check check;
    private final List<Class<? extends Exception>> allowed;
    private final FuzzOutcomes outcomes;
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final AtomicInteger currentCase = new AtomicInteger(-1);
    private final AtomicReference<byte[]> currentInput = new AtomicReference<>(new byte[0]);

    private Fuzzer(String target, Check check, List<Class<? extends Exception>> allowed) {
        this.target = target;
        this.check = check;
        this.allowed = allowed;
        this.outcomes = new FuzzOutcomes(target);
    }

    /** The reader under test. */
    @FunctionalInterface
    public interface Check {
        /** Reads an input; what it throws decides. May assert that what was accepted is sound. */
        void read(byte[] input) throws Exception;
    }

    /**
     * Runs a target: first the seeds themselves, which must be accepted, then {@code mimic.fuzz} edited ones.
     *
     * @param target a name for messages and for the seeds of the random numbers
     * @param seeds sound inputs
     * @param structured edits that know the format
     * @param allowed the exceptions that the reader documents
     * @return what was accepted and refused; also appended to {@code target/fuzz-outcomes.txt}
     * @throws AssertionError at the first case that ends otherwise
     */
    @SafeVarargs
    @SuppressWarnings("varargs")
    public static FuzzOutcomes run(
            String target, List<byte[]> seeds, Mutator structured, Check check, Class<? extends Exception>... allowed) {
        Fuzzer fuzzer = new Fuzzer(target, check, List.copyOf(Arrays.asList(allowed)));
        fuzzer.runAll(seeds, structured);
        fuzzer.note();
        return fuzzer.outcomes;
    }

    /** Number of edited inputs per target. */
    public static int cases() {
        return Integer.getInteger("mimic.fuzz", 2000);
    }

    private void runAll(List<byte[]> seeds, Mutator structured) {
        FutureTask<Void> task = new FutureTask<>(
                () -> {
                    for (int i = 0; i < seeds.size(); i++) {
                        seed(i, seeds.get(i));
                    }
                    Mutator bytes = ByteMutations.withSplices(seeds);
                    for (int i = 0; i < cases(); i++) {
                        RandomGenerator random = SeededCases.generator((long) target.hashCode() << 32 | i);
                        one(i, edited(seeds, i % 2 == 0 ? structured : bytes, random));
                    }
                },
                null);
        Thread worker = new Thread(task, "fuzz " + target);
        worker.setDaemon(true);
        worker.start();
        awaitProgress(task, worker);
    }

    /** Waits for the end, and fails if one case does not end. */
    private void awaitProgress(FutureTask<Void> task, Thread worker) {
        while (true) {
            int before = currentCase.get();
            try {
                task.get(HANGS_AFTER_SECONDS, TimeUnit.SECONDS);
                return;
            } catch (TimeoutException e) {
                if (currentCase.get() == before) {
                    StackTraceElement[] where = worker.getStackTrace();
                    AssertionError hang = failure("case " + before, currentInput.get(), "did not end", null);
                    hang.setStackTrace(where);
                    throw hang;
                }
            } catch (ExecutionException e) {
                if (e.getCause() instanceof AssertionError error) {
                    throw error;
                }
                throw new AssertionError(target + ": " + e.getCause(), e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(target + ": interrupted", e);
            }
        }
    }

    private static byte[] edited(List<byte[]> seeds, Mutator mutator, RandomGenerator random) {
        byte[] input = seeds.get(random.nextInt(seeds.size()));
        int edits = 1 + Integer.numberOfTrailingZeros(random.nextInt() | 8); // 1 to 4, mostly 1
        for (int i = 0; i < edits; i++) {
            input = mutator.mutate(input, random);
        }
        return input;
    }

    private void seed(int index, byte[] input) {
        try {
            check.read(input);
        } catch (Throwable e) {
            throw failure("seed " + index, input, "is not accepted", e);
        }
    }

    private Throwable thrownBy(byte[] input) {
        try {
            check.read(input);
            return null;
        } catch (Throwable e) {
            return e;
        }
    }

    private void one(int index, byte[] input) {
        String name = "case " + index;
        currentCase.set(index);
        currentInput.set(input);
        long bytes = threads.getCurrentThreadAllocatedBytes();
        long time = threads.getCurrentThreadCpuTime();
        Throwable thrown = thrownBy(input);
        long spent = threads.getCurrentThreadCpuTime() - time;
        long allocated = threads.getCurrentThreadAllocatedBytes() - bytes;
        if (thrown != null && allowed.stream().noneMatch(one -> one.isInstance(thrown))) {
            throw failure(name, input, "ended in " + thrown.getClass().getName(), thrown);
        }
        if (spent > MAX_NANOSECONDS) {
            throw failure(name, input, "took " + spent / 1_000_000 + " ms", thrown);
        }
        if (allocated > MAX_BYTES) {
            throw failure(name, input, "allocated " + allocated + " bytes", thrown);
        }
        if (thrown == null) {
            outcomes.accept();
            return;
        }
        String message = thrown.getMessage();
        if (message == null || message.isBlank() || message.lines().count() != 1) {
            throw failure(name, input, "has no message of one line", thrown);
        }
        outcomes.refuse(message);
    }

    private AssertionError failure(String name, byte[] input, String what, Throwable cause) {
        Path file = Path.of("target", "fuzz-failures", target.replaceAll("\\W+", "-") + "-" + name.replace(' ', '-'));
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, input);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new AssertionError(
                target + ": " + name + " " + what + (cause == null ? "" : ": " + cause.getMessage()) + " (" + file
                        + ")",
                cause);
    }

    private void note() {
        synchronized (Fuzzer.class) {
            try {
                Path file = Path.of("target", "fuzz-outcomes.txt");
                Files.createDirectories(file.getParent());
                byte[] text = outcomes.toString().getBytes(StandardCharsets.UTF_8); // halves of surrogates become ?
                Files.write(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
