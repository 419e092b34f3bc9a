package dev.mimic.app.command;

import dev.mimic.kernels.backend.Device;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where a command takes weights apart. Not {@link DeviceFlags}: nobody gets single precision who did not ask for it. */
final class SvdDeviceFlags implements CheckedOptions {
    @Option(
            names = "--device",
            paramLabel = "D",
            description = {
                "Where weights are taken apart: cpu (default), in double precision; cuda or cuda:N, in single precision by",
                "cuSOLVER on an NVIDIA GPU; auto, there if it can be used and a weight fits. Never tried on a real GPU."
            })
    private String device;

    @Override
    public void check() {
        device();
    }

    /**
     * Refuses a device where factors are given.
     *
     * @throws IllegalArgumentException if both are there
     */
    void refuseWith(Path factors) {
        if (device != null && factors != null) {
            throw new IllegalArgumentException(
                    "--device says where weights are taken apart, expected none beside --factors: they are used as they are");
        }
    }

    /** The device. */
    Device device() {
        if (device == null) {
            return Device.CPU;
        }
        try {
            return Device.parse(device);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }
}
