package dev.mimic.app.command;

import dev.mimic.adapt.AdaptiveEngine;
import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.adapt.svf.ExpertMixture;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Adapter;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "chat",
        description = "Talks with a model, turn by turn.",
        footer = {
            "",
            "  /expert F[@W] ...   use these experts from here on; alone: the base model",
            "  /mix M              delta, sum or sakana-raw",
            "  /reset              forget the conversation",
            "  /quit               leave (as does the end of input)",
            "",
            "Without a terminal it reads a message per line from stdin and prints a reply per line or more.",
            "",
            "  mimic chat bundled --expert math",
            "  mimic chat DIR --system \"Answer in one sentence.\" --temperature 0.7"
        })
final class ChatCommand implements Callable<Integer>, CheckedOptions {
    private static final String PROMPT = "> ";
    private static final int BATCH = 64;

    /** Where the next message comes from; null at the end. */
    private interface Lines extends AutoCloseable {
        String next();

        @Override
        void close();
    }

    @ParentCommand
    private MimicCommand mimic;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceFlags device;

    @Parameters(paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message to begin with.")
    private String system;

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Positions the cache may hold (default: all the model has).")
    private Integer context;

    @Mixin
    private SamplingFlags sampling;

    @Mixin
    private ExpertFlags experts;

    @Mixin
    private LoraFlags lora;

    @Mixin
    private QuantizeFlags quantize;

    @Mixin
    private AdaptFlags adapt;

    @Mixin
    private TaskFlags tasks;

    private final List<Map<String, Object>> messages = new ArrayList<>();
    private List<String> active = List.of();
    private ExpertMixture.Mode mix = ExpertMixture.Mode.DELTA;
    private Adapter adapter = Adapter.NONE;
    private Adaptation adaptation; // null from the first /expert on, and where the model does not adapt itself

    @Override
    public void check() {
        if (context != null) {
            EngineOptions.DEFAULTS.withContextLength(context);
        }
    }

    @Override
    public Integer call() {
        experts.maybeLater();
        try (Session session = Session.open(
                        mimic.console(),
                        spec,
                        common,
                        device,
                        model,
                        context,
                        experts,
                        lora,
                        adapt,
                        tasks,
                        quantize,
                        BATCH);
                Lines lines = lines(mimic.console())) {
            if (session.engine().chatTemplate().isEmpty()) {
                throw new IllegalArgumentException(model + " has no chat template; `mimic run` continues raw text");
            }
            session.noteUnsupported();
            active = experts.experts();
            mix = experts.mix();
            adapter = session.adapter();
            adaptation = adapt.active() ? session.adaptation(adapt, spec, tasks, sampling.seed()) : null;
            reset(session);
            for (String line = lines.next(); line != null && !line.strip().equals("/quit"); line = lines.next()) {
                if (line.startsWith("/")) {
                    command(session, line.strip());
                } else if (!line.isBlank()) {
                    reply(session, line);
                }
            }
        }
        return 0;
    }

    private void reset(Session session) {
        messages.clear();
        if (system != null) {
            messages.add(session.message("system", system));
        }
    }

    /** One of the commands; what is wrong with it is said, and the conversation goes on. */
    private void command(Session session, String line) {
        List<String> words = Arrays.asList(line.split("\\s+"));
        try {
            switch (words.getFirst()) {
                case "/reset" -> {
                    reset(session);
                    mimic.console().note("the conversation begins anew");
                }
                case "/expert" -> use(session, words.subList(1, words.size()), mix);
                case "/mix" -> use(session, active, ExpertMixture.Mode.of(words.size() > 1 ? words.get(1) : ""));
                default ->
                    mimic.console().note("no such command: " + words.getFirst() + "; /expert, /mix, /reset or /quit");
            }
        } catch (RuntimeException e) {
            mimic.console().note(String.valueOf(e.getMessage()));
        }
    }

    private void use(Session session, List<String> names, ExpertMixture.Mode how) {
        adapter = session.adapter(names, how);
        adaptation = null;
        active = List.copyOf(names);
        mix = how;
        mimic.console()
                .note(
                        names.isEmpty()
                                ? "the base model answers"
                                : String.join(" ", names) + " answer, mixed by " + how.text());
    }

    private void reply(Session session, String text) {
        Console console = mimic.console();
        messages.add(session.message("user", text));
        try {
            GenerationRequest request = sampling.apply(
                            GenerationRequest.ofChat(messages), session.engine().defaultSampling())
                    .withAdapter(adapter);
            if (adaptation != null) {
                Choice choice = new AdaptiveEngine(session.engine(), adaptation.dispatcher()).choose(request);
                console.note(adaptation.describe(choice));
                request = request.withAdapter(choice.adapter());
            }
            GenerationResult result = session.engine().generate(request, piece -> {
                console.out().print(piece);
                console.out().flush();
            });
            console.out().println();
            messages.add(session.message("assistant", result.text()));
        } catch (IllegalArgumentException e) {
            messages.removeLast();
            console.note(e.getMessage());
        }
    }

    private static Lines lines(Console console) {
        return console.live() ? terminalLines() : plainLines(console);
    }

    private static Lines terminalLines() {
        try {
            // stty does what is needed without a native library
            Terminal terminal = TerminalBuilder.builder()
                    .system(true)
                    .jni(false)
                    .ffm(false)
                    .encoding(StandardCharsets.UTF_8)
                    .build();
            LineReader reader = LineReaderBuilder.builder().terminal(terminal).build();
            return new TerminalLines(terminal, reader);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Lines plainLines(Console console) {
        return new PlainLines(new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8)));
    }

    private record TerminalLines(Terminal terminal, LineReader reader) implements Lines {
        @Override
        public String next() {
            try {
                return reader.readLine(PROMPT);
            } catch (UserInterruptException | EndOfFileException e) {
                return null;
            }
        }

        @Override
        public void close() {
            try {
                terminal.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private record PlainLines(BufferedReader reader) implements Lines {
        @Override
        public String next() {
            try {
                return reader.readLine();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() {
            // stdin stays open
        }
    }
}
