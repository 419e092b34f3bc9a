package dev.mimic.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
    @ParameterizedTest
    @ValueSource(strings = {"cpu", "auto", "cuda:0", "cuda:7", "cuda:12"})
    void namesAreReadAndWritten(String name) {
        assertEquals(name, Device.parse(name).toString());
    }

    @Test
    void cudaAloneIsTheFirst() {
        assertEquals(Device.cuda(0), Device.parse("cuda"));
    }

    @Test
    void aNumberThatMeansNothingIsRefused() {
        assertEquals(
                "device: ordinal of CUDA is -1, expected 0 or more",
                assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1))
                        .getMessage());
        assertEquals(
                "device: ordinal of AUTO is 1, expected 0",
                assertThrows(IllegalArgumentException.class, () -> new Device(Device.Kind.AUTO, 1))
                        .getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:x", "cuda: 1", "cuda:99999", "cpu:0"})
    void anythingElseIsRefused(String name) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Device.parse(name));
        assertEquals("device: expected cpu, cuda, cuda:N (N from 0) or auto, got '" + name + "'", e.getMessage());
    }
}
