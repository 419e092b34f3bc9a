package dev.mimic.app.command;

import dev.mimic.kernels.backend.Device;
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
    private String device = "cpu";

    @Override
    public void check() {
        device();
    }

    /** The device. */
    Device device() {
        try {
            return Device.parse(device);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }
}
