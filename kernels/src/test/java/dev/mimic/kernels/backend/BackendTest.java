package dev.mimic.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.kernels.KernelChoice;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BackendTest {
    @Test
    void thePropertyDecidesWhichImplementationRuns() {
        try (WorkerPool pool = WorkerPool.of(1)) {
            Backend best = Backend.best(pool);
            switch (System.getProperty(KernelChoice.PROPERTY, "best")) {
                case "scalar" -> {
                    assertEquals("scalar", best.name());
                    assertFamilies("Scalar", best);
                }
                case "best" -> {
                    assertEquals("vector-" + VectorWidth.bits(), best.name());
                    assertFamilies("Vector", best);
                }
                case String bits -> {
                    assertEquals("vector-" + bits, best.name());
                    assertFamilies("Vector", best);
                    assertEquals(Integer.parseInt(bits), VectorWidth.SPECIES.vectorBitSize());
                }
            }
            assertEquals("scalar", Backend.scalar(pool).name());
            assertEquals("vector-" + VectorWidth.bits(), Backend.vector(pool).name());
        }
    }

    @Test
    void overAnotherPoolTheSameRuns() {
        try (WorkerPool pool = WorkerPool.of(2);
                WorkerPool other = WorkerPool.of(1)) {
            for (Backend backend : List.of(Backend.scalar(pool), Backend.vector(pool))) {
                Backend over = backend.over(other).orElseThrow();
                assertEquals(backend.name(), over.name());
                assertEquals(other, over.pool());
                assertFamilies(backend.name().equals("scalar") ? "Scalar" : "Vector", over);
            }
        }
    }

    @Test
    void theProcessorIsOpenedWithoutALookAtGpus() {
        Properties before = System.getProperties();
        WatchedProperties watched = new WatchedProperties(before);
        System.setProperties(watched);
        try (WorkerPool pool = WorkerPool.of(1);
                Property _ = new Property("off")) {
            watched.read.clear();
            try (Backend backend = Backend.open(Device.CPU, pool, Assertions::fail)) {
                assertEquals(Backend.best(pool).name(), backend.name());
                assertTrue(backend.onProcessor());
            }
            // every look begins with the property that names a folder or forbids it
            assertFalse(watched.read.contains(Property.NAME), watched.read::toString);
            Backend.open(Device.AUTO, pool, _ -> {}).close();
            assertTrue(watched.read.contains(Property.NAME), watched.read::toString);
        } finally {
            System.setProperties(before);
        }
    }

    /** System properties that know which of them were asked for. */
    private static final class WatchedProperties extends Properties {
        private static final long serialVersionUID = 1L;

        private final transient Set<String> read = ConcurrentHashMap.newKeySet();

        WatchedProperties(Properties values) {
            putAll(values);
        }

        @Override
        public String getProperty(String key) {
            read.add(key);
            return super.getProperty(key);
        }
    }

    @Test
    void whatCanBeMadeAgainSaysSo() {
        try (WorkerPool pool = WorkerPool.of(1)) {
            assertTrue(Backend.scalar(pool).repeatable());
            Backend vector = Backend.vector(pool);
            assertTrue(vector.repeatable());
            Backend named = new Backend(
                    "cuda:0",
                    pool,
                    vector.matrix(),
                    vector.row(),
                    vector.attention(),
                    vector.svf(),
                    vector.lowRank(),
                    vector.gradient(),
                    vector.doubles(),
                    vector.svd(),
                    vector.memory());
            assertFalse(named.repeatable());
            assertTrue(named.over(pool).isEmpty());
        }
    }

    @Test
    void whereThereIsNothingWhoeverDidNotAskHearsNothingAndCudaIsRefused() {
        try (WorkerPool pool = WorkerPool.of(1);
                Property _ = new Property("off")) {
            assertTrue(Backend.open(Device.UNASKED, pool, Assertions::fail).onProcessor());
            List<String> notes = new ArrayList<>();
            assertTrue(Backend.open(Device.AUTO, pool, notes::add).onProcessor());
            assertEquals(List.of("computing on the processor: switched off by -Dmimic.cuda=off"), notes);
            assertEquals(
                    "cuda:0 cannot be used: switched off by -Dmimic.cuda=off",
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> Backend.open(Device.cuda(0), pool, Assertions::fail))
                            .getMessage());
        }
    }

    @Test
    void whereAnInstallationIsNamedEveryoneHearsWhyItIsNotUsed(@TempDir Path folder) {
        try (WorkerPool pool = WorkerPool.of(1);
                Property _ = new Property(folder.toString())) {
            List<String> notes = new ArrayList<>();
            assertTrue(Backend.open(Device.UNASKED, pool, notes::add).onProcessor());
            assertEquals(
                    List.of("computing on the processor: no CUDA 12 or 13 libraries (libcudart, libcublas) in "
                            + folder),
                    notes);
        }
    }

    /** Where CUDA is looked for, until it is closed. */
    private static final class Property implements AutoCloseable {
        private static final String NAME = "mimic.cuda";

        private final String before = System.getProperty(NAME);

        Property(String value) {
            System.setProperty(NAME, value);
        }

        @Override
        public void close() {
            if (before == null) {
                System.clearProperty(NAME);
            } else {
                System.setProperty(NAME, before);
            }
        }
    }

    private static void assertFamilies(String kind, Backend backend) {
        assertEquals(kind + "MatrixKernels", backend.matrix().getClass().getSimpleName());
        assertEquals(kind + "RowKernels", backend.row().getClass().getSimpleName());
        assertEquals(kind + "AttentionKernels", backend.attention().getClass().getSimpleName());
        assertEquals(kind + "GradientKernels", backend.gradient().getClass().getSimpleName());
        assertEquals(kind + "DoubleKernels", backend.doubles().getClass().getSimpleName());
    }
}
