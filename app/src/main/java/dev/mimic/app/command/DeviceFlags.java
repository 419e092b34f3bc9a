package dev.mimic.app.command;

import dev.mimic.app.terminal.Console;
import dev.mimic.app.terminal.ProgressBar;
import dev.mimic.engine.DeviceListener;
import dev.mimic.engine.EngineOptions;
import dev.mimic.kernels.backend.Device;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** Where a command computes. */
final class DeviceFlags implements CheckedOptions {
    /** Units of the progress bar. */
    private static final long BYTES = 1 << 20;

    @Option(
            names = "--device",
            paramLabel = "D",
            description = {
                "Where weights are multiplied: cpu; cuda or cuda:N, an NVIDIA GPU with CUDA 12 or 13; auto (default): a",
                "GPU if it can be used and holds the model, else the processor. All else, and quantized weights, are the",
                "processor's. Never tried on a real GPU: docs/gpu.md says how to check one."
            })
    private String device;

    private final Set<String> said = new HashSet<>();

    @Override
    public void check() {
        device();
    }

    /** Whether it was given. */
    boolean given() {
        return device != null;
    }

    /** The device. */
    Device device() {
        if (device == null) {
            return Device.UNASKED;
        }
        try {
            return Device.parse(device);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }

    /** Prints what there is to say about the device, each thing once however many models are opened. */
    Consumer<String> notes(Console console) {
        return text -> {
            if (said.add(text)) {
                console.note(text);
            }
        };
    }

    /** Options that compute there, with a progress bar for the upload. */
    EngineOptions on(Console console, EngineOptions options) {
        return options.withDevice(device(), new Upload(console, notes(console)));
    }

    /** Shows an upload. */
    private static final class Upload implements DeviceListener {
        private final Console console;
        private final Consumer<String> notes;
        private ProgressBar bar;

        Upload(Console console, Consumer<String> notes) {
            this.console = console;
            this.notes = notes;
        }

        @Override
        public void uploaded(long bytes, long total) {
            if (bar == null) {
                bar = console.progress("upload", total / BYTES);
            }
            bar.at(bytes / BYTES, total / BYTES + " MiB");
            if (bytes == total) {
                end();
            }
        }

        @Override
        public void note(String text) {
            end();
            notes.accept(text);
        }

        private void end() {
            if (bar != null) {
                bar.close();
                bar = null;
            }
        }
    }
}
