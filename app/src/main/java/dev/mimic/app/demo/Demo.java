package dev.mimic.app.demo;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.EngineOptions;
import dev.mimic.loader.NewFolder;
import dev.mimic.loader.json.Json;

/**
 * The demo: work, report, files.
 *
 * @param bundled borrowed
 * @param options threads and device
 */
public record Demo(Console console, BundledModel bundled, EngineOptions options, DemoSettings settings) {
    /**
     * Runs it; the report is printed as it comes.
     *
     * @param json whether one JSON object is printed instead
     */
    public void run(DemoFolder folder, boolean json) {
        StringBuilder text = new StringBuilder();
        try (NewFolder _ = folder.make();
                Demonstration demonstration = new Demonstration(console, bundled, options, settings, paragraph -> {
                    text.append(paragraph);
                    if (!json) {
                        console.out().print(paragraph);
                        console.out().flush();
                    }
                })) {
            Findings findings = demonstration.run();
            folder.write(findings, text.toString());
            if (json) {
                console.out().println(Json.write(DemoJson.of(findings)));
                console.note("pictures, report and experts are in " + folder.path());
            } else {
                console.out().print(DemoText.files(folder.path()));
            }
        }
    }
}
