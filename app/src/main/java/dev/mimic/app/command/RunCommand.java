package dev.mimic.app.command;

import dev.mimic.adapt.AdaptiveEngine;
import dev.mimic.adapt.dispatch.Choice;
import dev.mimic.app.terminal.Console;
import dev.mimic.engine.Engine;
import dev.mimic.engine.EngineOptions;
import dev.mimic.engine.GenerationRequest;
import dev.mimic.engine.GenerationResult;
import dev.mimic.engine.PendingGeneration;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "run",
        description = "Continues a prompt, or answers it with --chat.",
        footer = {
            "",
            "stdout carries the new text and one newline, or with --json one object with text, ids, prompt_ids,",
            "finish_reason, seconds and tokens_per_second. A PROMPT that begins with - follows --.",
            "",
            "  mimic run bundled --chat --expert math \\",
            "    \"There are 7 cups here. Cara adds 4. How many cups are there?\"",
            "  mimic run bundled --chat --adapt classifier \\",
            "    \"What does the cat eat? Choose: bread(A), mice(B)\"",
            "  mimic run DIR \"Once upon a time\" --temperature 0.8 --top-p 0.95 --seed 7",
            "  mimic run DIR \"1 + 1 =\" --factors FACTORS \\",
            "    --expert math.safetensors@0.5 --expert code.safetensors@0.5",
            "  mimic run DIR \"1 + 1 =\" --lora ADAPTER"
        })
final class RunCommand implements Callable<Integer>, CheckedOptions {
    private static final int BATCH = 64;

    @ParentCommand
    private MimicCommand mimic;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceFlags device;

    @Parameters(index = "0", paramLabel = "MODEL", description = "Model folder, or `bundled`.")
    private String model;

    @Parameters(index = "1", arity = "0..1", paramLabel = "PROMPT", description = "The prompt; - reads it from stdin.")
    private String prompt;

    @Option(
            names = "--prompt-ids",
            paramLabel = "ID",
            split = ",",
            description = "The prompt as token ids instead of text, separated by commas.")
    private List<Integer> promptIds;

    @Option(names = "--chat", description = "Take the prompt as a user's message, through the model's chat template.")
    private boolean chat;

    @Option(names = "--no-bos", description = "Do not add what the tokenizer's post-processor adds.")
    private boolean noBos;

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Positions the cache may hold (default: all the model has).")
    private Integer context;

    @Option(names = "--n", paramLabel = "N", description = "Replies to give (default: ${DEFAULT-VALUE}).")
    private int n = 1;

    @Option(
            names = "--logprobs",
            paramLabel = "N",
            description = "With --json: report log-probabilities, and of the N most probable tokens at each place.")
    private int logprobs = SamplingOptions.NO_LOGPROBS;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

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

    private Adaptation adaptation;
    private Choice choice;

    @Override
    public void check() {
        if (context != null) {
            EngineOptions.DEFAULTS.withContextLength(context);
        }
        GenerationRequest.of("").withN(n);
        SamplingOptions.GREEDY.withLogprobs(logprobs);
    }

    @Override
    public Integer call() {
        if ((prompt == null) == (promptIds == null)) {
            throw new ParameterException(spec.commandLine(), "expected a PROMPT or --prompt-ids, one of the two");
        }
        if (chat && promptIds != null) {
            throw new ParameterException(spec.commandLine(), "--chat takes a PROMPT, not --prompt-ids");
        }
        try (Session session = Session.open(
                mimic.console(), spec, common, device, model, context, experts, lora, adapt, tasks, quantize, BATCH)) {
            session.noteUnsupported();
            if (!session.engine().hasTokenizer()) {
                mimic.console().note(model + " has no tokenizer.json, so replies have no text; --json gives their ids");
            }
            GenerationRequest request = adapted(
                            session,
                            sampling.apply(
                                            request(session),
                                            session.engine().defaultSampling().withLogprobs(logprobs))
                                    .withNoBos(noBos))
                    .withN(n);
            if (json) {
                List<GenerationResult> results = new ArrayList<>();
                for (PendingGeneration pending : session.engine().submitAll(request)) {
                    results.add(pending.await());
                }
                mimic.console().out().println(Json.write(report(session, results)));
            } else {
                print(session.engine(), request);
            }
        }
        return 0;
    }

    /** The request with what answers it: the experts named, or what the first pass chooses. */
    private GenerationRequest adapted(Session session, GenerationRequest request) {
        if (!adapt.active()) {
            return request.withAdapter(session.adapter());
        }
        adaptation = session.adaptation(adapt, spec, tasks, sampling.seed());
        choice = new AdaptiveEngine(session.engine(), adaptation.dispatcher()).choose(request);
        if (!json) {
            mimic.console().note(adaptation.describe(choice));
        }
        return request.withAdapter(choice.adapter());
    }

    private GenerationRequest request(Session session) {
        if (promptIds != null) {
            return GenerationRequest.ofIds(
                    promptIds.stream().mapToInt(Integer::intValue).toArray());
        }
        String text = prompt.equals("-") ? readAll(mimic.console()) : prompt;
        return chat ? GenerationRequest.ofChat(List.of(session.message("user", text))) : GenerationRequest.of(text);
    }

    static String readAll(Console console) {
        try {
            return new String(console.in().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Text as it grows; several replies one after the other, each with its newline. */
    private void print(Engine engine, GenerationRequest request) {
        Console console = mimic.console();
        if (n == 1) {
            GenerationResult result = engine.generate(request, piece -> {
                console.out().print(piece);
                console.out().flush();
            });
            console.out().println();
            speak(engine, result);
            return;
        }
        for (PendingGeneration pending : engine.submitAll(request)) {
            console.out().println(pending.await().text());
        }
    }

    /** What a person at a terminal wants to know; scripts take --json. */
    private void speak(Engine engine, GenerationResult result) {
        if (mimic.console().live()) {
            mimic.console()
                    .note(String.format(
                            Locale.ROOT,
                            "loaded in %.2f s; %d prompt tokens at %.0f a second, %d new tokens at %.1f a second;"
                                    + " ended by %s",
                            engine.loadSeconds(),
                            result.promptIds().length,
                            result.prefillTokensPerSecond(),
                            result.ids().length,
                            result.decodeTokensPerSecond(),
                            reason(result)));
        }
    }

    private static String reason(GenerationResult result) {
        return result.finishReason().name().toLowerCase(Locale.ROOT);
    }

    private Map<String, Object> report(Session session, List<GenerationResult> results) {
        Map<String, Object> first = report(session, results.getFirst());
        if (results.size() > 1) {
            first.put("replies", results.stream().map(r -> report(session, r)).toList());
        }
        return first;
    }

    private Map<String, Object> report(Session session, GenerationResult result) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("text", result.text());
        report.put("ids", result.ids());
        report.put("prompt_ids", result.promptIds());
        report.put("finish_reason", reason(result));
        Map<String, Object> seconds = new LinkedHashMap<>();
        seconds.put("load", session.loadSeconds());
        seconds.put("first_token", result.timings().firstToken());
        seconds.put("prefill", result.timings().prefill());
        seconds.put("decode", result.timings().decode());
        report.put("seconds", seconds);
        Map<String, Object> speed = new LinkedHashMap<>();
        speed.put("prefill", result.prefillTokensPerSecond());
        speed.put("decode", result.decodeTokensPerSecond());
        report.put("tokens_per_second", speed);
        double second = result.timings().firstToken() + result.timings().decode();
        report.put("adaptation", adapt.active() ? adaptation.report(choice, second) : session.adaptation());
        if (!result.logprobs().isEmpty()) {
            report.put(
                    "logprobs",
                    result.logprobs().stream().map(RunCommand::logprob).toList());
        }
        return report;
    }

    private static Map<String, Object> logprob(GenerationResult.TokenLogprob token) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", token.id());
        map.put("logprob", token.logprob());
        map.put(
                "top",
                token.top().stream()
                        .map(c -> Map.<String, Object>of("id", c.id(), "logprob", c.logprob()))
                        .toList());
        return map;
    }
}
