package dev.mimic.engine;

/** Hears of a device that an engine computes on. */
public interface DeviceListener {
    /** Hears nothing. */
    DeviceListener SILENT = new DeviceListener() {
        @Override
        public void uploaded(long bytes, long total) {}

        @Override
        public void note(String text) {}
    };

    /**
     * Told while the engine is opened, after each piece of the weights that was copied to the device.
     *
     * @param bytes copied so far
     * @param total to be copied
     */
    void uploaded(long bytes, long total);

    /**
     * Told why the processor computes where a GPU might have been expected, and which GPU was chosen. After an error that ends
     * a GPU it is told by the engine's own thread, and must not wait for the engine.
     *
     * @param text one line
     */
    void note(String text);
}
