package dev.mimic.adapt.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.adapt.sandbox.PythonOutcome.Ending;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS) // each mechanism is tried once
final class PythonSandboxTest {
    private static final SandboxLimits LIMITS = SandboxLimits.DEFAULT.withWall(Duration.ofSeconds(60));

    @TempDir
    Path folder;

    private final Map<Mechanism, PythonSandbox> sandboxes = new EnumMap<>(Mechanism.class);
    private final Map<Mechanism, String> reasons = new EnumMap<>(Mechanism.class);

    private PythonSandbox open(Mechanism mechanism) {
        if (!sandboxes.containsKey(mechanism) && !reasons.containsKey(mechanism)) {
            try {
                sandboxes.put(mechanism, PythonSandbox.open(mechanism, LIMITS));
            } catch (IllegalStateException e) {
                reasons.put(mechanism, e.getMessage());
            }
        }
        if (reasons.containsKey(mechanism)) {
            throw TestFolders.skip("Python sandbox by " + mechanism.label(), reasons.get(mechanism));
        }
        return sandboxes.get(mechanism);
    }

    private static void assertEnds(Ending ending, PythonOutcome outcome) {
        assertEquals(ending, outcome.ending(), outcome.output());
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void rightAnswersPassAndWrongOnesFail(Mechanism mechanism) {
        PythonSandbox sandbox = open(mechanism);
        assertEnds(Ending.PASSED, sandbox.run("def f(x):\n    return x + 1", "assert f(1) == 2\nprint('ö')"));
        PythonOutcome wrong = sandbox.run("def f(x):\n    return x", "assert f(1) == 2");
        assertEnds(Ending.FAILED, wrong);
        assertTrue(wrong.output().contains("AssertionError"), wrong.output());
        assertEnds(Ending.FAILED, sandbox.run("def f(x) return x", "assert True"));
        assertEnds(Ending.PASSED, sandbox.run("""
                from dataclasses import dataclass
                import collections, heapq, math, re, typing, random, datetime, itertools, functools, decimal, fractions

                @dataclass
                class Point:
                    x: int
                """, "assert Point(1) == Point(1)"));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void leavingEarlyIsNoPass(Mechanism mechanism) {
        PythonSandbox sandbox = open(mechanism);
        for (String exit : new String[] {
            "import sys\nsys.exit(0)",
            "import os\nos._exit(0)",
            "raise SystemExit",
            "import os\nos.execv('/bin/true', ['true'])"
        }) {
            assertEnds(Ending.FAILED, sandbox.run(exit, "assert True"));
            assertEnds(Ending.FAILED, sandbox.run("def f():\n    " + exit.replace("\n", "\n    "), "f()"));
        }
        assertEnds(Ending.FAILED, sandbox.run("import sys\nprint(sys.stdin.read())\nraise ValueError", ""));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void theNetworkIsOutOfReach(Mechanism mechanism) throws IOException {
        PythonSandbox sandbox = open(mechanism);
        try (ServerSocket port = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String connect = "import socket\nsocket.create_connection(('%s', %d), 3)\n";
            assertEnds(Ending.FAILED, sandbox.run(connect.formatted("127.0.0.1", port.getLocalPort()), ""));
            // the same program without the sandbox gets through, so the port is not what stops it
            PythonSandbox open = PythonSandbox.open(Mechanism.NONE, LIMITS);
            assertEnds(Ending.PASSED, open.run(connect.formatted("127.0.0.1", port.getLocalPort()), ""));
        }
        assertEnds(Ending.PASSED, sandbox.run("""
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                try:
                    s.sendto(b'x', ('192.0.2.1', 9))
                    raise AssertionError('sent')
                except OSError:
                    pass
                """, ""));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void filesOutsideCanBeNeitherReadNorWritten(Mechanism mechanism) throws IOException {
        PythonSandbox sandbox = open(mechanism);
        Path secret = Files.writeString(folder.resolve("secret"), "s");
        Path project = TestFolders.root().resolve("pom.xml");
        for (Path file : new Path[] {secret, project, Path.of("/etc/passwd"), Path.of("/proc/1/environ")}) {
            PythonOutcome read = sandbox.run("open('" + file + "').read()", "");
            assertEnds(Ending.FAILED, read);
            assertTrue(read.output().contains("FileNotFoundError"), read.output());
        }
        assertEnds(Ending.PASSED, sandbox.run("""
                import errno, os
                places = ('/', '/usr', '/usr/bin', '/dev', '/dev/shm', '/etc', '/home', '/root', '/var', '%s', '%s')
                for place in places:
                    try:
                        open(os.path.join(place, 'mimic-was-here'), 'w')
                        raise AssertionError('wrote to ' + place)
                    except OSError as e: # not there or read-only, whoever asks; not merely someone else's
                        assert e.errno in (errno.ENOENT, errno.EROFS), (place, e)
                try:
                    os.utime('/usr/bin/env')
                    raise AssertionError('touched a program')
                except OSError as e:
                    assert e.errno == errno.EROFS, e
                """.formatted(folder, TestFolders.root()), ""));
        assertFalse(Files.exists(folder.resolve("mimic-was-here")));
        assertFalse(Files.exists(Path.of("/usr/bin/mimic-was-here")));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void theTemporaryFolderIsSmallAndEmptyEachTime(Mechanism mechanism) {
        PythonSandbox sandbox = open(mechanism);
        String keep = "import os\nassert os.listdir('.') == [], os.listdir('.')\nopen('kept', 'w').write('x')\n";
        assertEnds(Ending.PASSED, sandbox.run(keep, "assert open('kept').read() == 'x'"));
        assertEnds(Ending.PASSED, sandbox.run(keep, ""));
        PythonOutcome fill = sandbox.run("""
                for i in range(100):
                    with open(str(i), 'wb') as f:
                        f.write(bytes(1 << 20))
                """, "");
        assertEnds(Ending.FAILED, fill);
        assertTrue(fill.output().contains("No space left"), fill.output());
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void forksBeyondTheLimitFail(Mechanism mechanism) {
        PythonSandbox sandbox = open(mechanism);
        PythonOutcome bomb = sandbox.run("""
                import os, time
                children = 0
                try:
                    for i in range(1000):
                        if os.fork() == 0:
                            time.sleep(100)
                            os._exit(0)
                        children += 1
                except OSError as e:
                    assert 0 < children < %d, children
                else:
                    raise AssertionError('no limit')
                """.formatted(LIMITS.processes()), "");
        assertEnds(Ending.PASSED, bomb); // and the children that sleep do not keep it
        assertEnds(Ending.PASSED, sandbox.run("x = 1", "assert x"));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void nothingIsLeftRunning(Mechanism mechanism) throws InterruptedException {
        PythonSandbox sandbox = open(mechanism);
        // its name marks it, and it would run for an hour
        String mark = "3600.0" + System.nanoTime();
        sandbox.run("import subprocess\nsubprocess.Popen(['/bin/sleep', '" + mark + "'])", "");
        PythonSandbox hurried = PythonSandbox.open(mechanism, LIMITS.withWall(Duration.ofSeconds(4)));
        assertEnds(Ending.DEADLINE, hurried.run("import os\nos.execv('/bin/sleep', ['sleep', '" + mark + "'])", ""));
        for (int i = 0; i < 100 && isRunning(mark); i++) {
            TimeUnit.MILLISECONDS.sleep(50); // the kernel takes a moment to end a namespace
        }
        assertFalse(isRunning(mark));
    }

    private static boolean isRunning(String argument) {
        return ProcessHandle.allProcesses()
                .anyMatch(process -> process.info().arguments().stream()
                        .anyMatch(arguments -> List.of(arguments).contains(argument)));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void endlessOutputIsStopped(Mechanism mechanism) {
        PythonOutcome outcome = open(mechanism).run("while True:\n    print('x' * 1000)", "");
        assertEnds(Ending.OUTPUT, outcome);
        assertEquals(LIMITS.outputBytes(), outcome.output().length());
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void endlessLoopsAreStoppedByProcessorTimeAndByTheDeadline(Mechanism mechanism) {
        open(mechanism);
        PythonSandbox one = PythonSandbox.open(mechanism, LIMITS.withCpuSeconds(1));
        assertEnds(Ending.FAILED, one.run("while True:\n    pass", ""));
        String stubborn = """
                import signal
                for number in range(1, 65):
                    try:
                        signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError):
                        pass
                while True:
                    try:
                        while True:
                            pass
                    except BaseException:
                        pass
                """;
        assertEnds(Ending.FAILED, one.run(stubborn, ""));
        PythonSandbox hurried = PythonSandbox.open(mechanism, LIMITS.withWall(Duration.ofSeconds(4)));
        assertEnds(Ending.DEADLINE, hurried.run("import time\ntime.sleep(1000)", ""));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void memoryHasALimit(Mechanism mechanism) {
        PythonOutcome outcome = open(mechanism).run("b = bytearray(1 << 30)", "");
        assertEnds(Ending.FAILED, outcome);
        assertTrue(outcome.output().contains("MemoryError"), outcome.output());
        assertEnds(Ending.PASSED, open(mechanism).run("b = bytearray(1 << 26)", ""));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mechanism.class,
            names = {"BUBBLEWRAP", "UNSHARE"})
    void rightsCannotBeHadBack(Mechanism mechanism) {
        assertEnds(Ending.PASSED, open(mechanism).run("""
                import ctypes, os, resource
                libc = ctypes.CDLL(None, use_errno=True)
                for flag in (0x10000000, 0x00020000, 0x40000000):
                    assert libc.unshare(flag) != 0, 'a new namespace'
                assert libc.mount(b'x', b'/tmp', b'tmpfs', 0, None) != 0, 'mounted'
                for change in (lambda: os.chroot('/tmp'), lambda: os.setuid(12345),
                               lambda: resource.setrlimit(resource.RLIMIT_NPROC, (10000, 10000))):
                    try:
                        change()
                        raise AssertionError('still has rights')
                    except (OSError, ValueError):
                        pass
                """, ""));
    }

    @Test
    void withoutASandboxNothingRunsUnlessAllowed() {
        PythonSandbox unsandboxed = PythonSandbox.open(Mechanism.NONE, LIMITS);
        assertEquals("none", unsandboxed.mechanism());
        assertEnds(Ending.PASSED, unsandboxed.run("x = 1", "assert x == 1"));
        assertEnds(Ending.FAILED, unsandboxed.run("import os\nos._exit(0)", ""));
        assertEnds(
                Ending.FAILED,
                PythonSandbox.open(Mechanism.NONE, LIMITS.withCpuSeconds(1)).run("while True:\n    pass", ""));
    }
}
