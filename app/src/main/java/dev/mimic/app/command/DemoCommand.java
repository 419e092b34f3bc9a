package dev.mimic.app.command;

import dev.mimic.adapt.bundled.BundledModel;
import dev.mimic.app.terminal.Console;
import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "demo",
        description = "Shows on the bundled model what scaling singular values does, in half a minute.",
        footer = {
            "",
            "Loads the model, asks it held-out questions, takes its weights apart, asks again with each expert, lets an",
            "expert choose the expert, and mixes three experts for questions that need two skills. --json prints one",
            "object: skills, dispatch, mixture, few_shot (null yet), seconds."
        })
final class DemoCommand implements Callable<Integer>, CheckedOptions {
    private static final int ALL = 300;

    @ParentCommand
    private MimicCommand mimic;

    @Mixin
    private CommonOptions common;

    @Option(
            names = "--examples",
            paramLabel = "N",
            description = "Held-out questions of each skill, at most 300 (default: ${DEFAULT-VALUE}).")
    private int examples = ALL;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(names = "--out", paramLabel = "DIR", description = "Write demo.txt and demo.json into this folder too.")
    private Path out;

    @Override
    public void check() {
        if (examples < 1 || examples > ALL) {
            throw new IllegalArgumentException("--examples: expected 1 to " + ALL + ", got " + examples);
        }
    }

    @Override
    public Integer call() throws IOException {
        Console console = mimic.console();
        try (ModelSource source = ModelSource.of(BundledModel.NAME);
                Demonstration demonstration = new Demonstration(console, source, common.threads(), examples)) {
            DemoReport report = demonstration.run();
            if (json) {
                console.out().println(Json.write(report.asMap()));
            } else {
                report.print(console.out());
            }
            if (out != null) {
                write(report);
            }
        }
        return 0;
    }

    private void write(DemoReport report) throws IOException {
        Files.createDirectories(out);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        report.print(new PrintStream(text, true, StandardCharsets.UTF_8));
        AtomicFile.writeText(out.resolve("demo.txt"), text.toString(StandardCharsets.UTF_8));
        AtomicFile.writeText(out.resolve("demo.json"), Json.writeIndented(report.asMap()) + "\n");
        mimic.console().note("wrote demo.txt and demo.json to " + out);
    }
}
